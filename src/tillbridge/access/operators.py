"""Operators: the people and programs that may look and steer.

A token is 256 random bits. Only its SHA-256 is kept: a token cannot be read back, only replaced,
and with that many random bits a slow hash would add nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.access", "access.sql")

TOKEN_PREFIX = "tillbridge_"  # noqa: S105 - marks a token for scanners of leaked secrets; not one
TOKEN_BYTES = 32
FIRST_OPERATOR = "owner"


class Role(StrEnum):
    """What an operator may do. VIEWER: look. OPERATOR: look and steer."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts; `name` is what the audit shows."""

    name: str
    role: Role
    added_at: datetime
    closed_at: datetime | None = None

    @property
    def may_steer(self) -> bool:
        return self.role is Role.OPERATOR


async def add_operator(tx: Tx, name: str, role: Role) -> Secret:
    """A new operator's token: the only time it is seen.

    Raises:
        Rejected: the name is empty, too long, or taken (also by a closed operator: the audit's
            names stay unambiguous).
    """
    if not name or len(name) > 100 or name != name.strip():
        raise Rejected(
            f"{name!r} is not a name of 1 to 100 characters.",
            reason="bad_name",
            next_step="Give the operator a name without spaces around it.",
        )
    token = _new_token()
    try:
        async with tx.transaction():
            await tx.execute(SQL["add_operator"], name, role.value, _hash(token))
    except asyncpg.UniqueViolationError as error:
        raise Rejected(
            f"There is an operator {name!r} already.",
            reason="name_taken",
            next_step="Choose another name, or renew that operator's token.",
        ) from error
    return token


async def add_first_operator(tx: Tx) -> Secret | None:
    """The token of `owner` when there was no operator yet; None on every later start."""
    await tx.execute(SQL["lock_operators"])
    if await tx.fetchval(SQL["operators_exist"]):
        return None
    return await add_operator(tx, FIRST_OPERATOR, Role.OPERATOR)


async def authenticate(tx: Tx, token: str) -> Operator | None:
    """The operator whose token this is; None when it is nobody's, or they were closed."""
    row = await tx.fetchrow(SQL["operator_by_token"], _hash(Secret(token)))
    return None if row is None else _operator(row)


async def renew_token(tx: Tx, name: str) -> Secret:
    """A new token; the old one is worth nothing from the commit on. Raises Rejected."""
    token = _new_token()
    _expect_one(await tx.execute(SQL["renew_token"], name, _hash(token)), name)
    return token


async def close_operator(tx: Tx, name: str) -> None:
    """The operator may do nothing any more; the name stays in the audit. Raises Rejected."""
    _expect_one(await tx.execute(SQL["close_operator"], name), name)


async def operators(tx: Tx) -> tuple[Operator, ...]:
    """Every operator, closed ones too, by name."""
    return tuple(_operator(row) for row in await tx.fetch(SQL["operators"]))


def _new_token() -> Secret:
    return Secret(TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES))


def _hash(token: Secret) -> bytes:
    return hashlib.sha256(token.value.encode()).digest()


def _operator(row: asyncpg.Record) -> Operator:
    return Operator(row["name"], Role(row["role"]), row["added_at"], row["closed_at"])


def _expect_one(status: str, name: str) -> None:
    if status != "UPDATE 1":
        raise Rejected(
            f"There is no open operator {name!r}.",
            reason="unknown_operator",
            next_step="List the operators to see their names.",
        )
