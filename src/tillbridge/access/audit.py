"""The audit: who did what to which thing, why, and what it was before and after.

It only grows: the database itself refuses to change, remove or empty it. An entry is written in
the transaction of what it records, so that neither is there without the other. Should card data
come so far, it is masked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tillbridge.canonical.card_data import mask, mask_body
from tillbridge.canonical.codec import encode, read_json
from tillbridge.database.database import Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.access", "access.sql")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing somebody did.

    Attributes:
        number: grows; newer entries have higher numbers.
        who: the operator's name, or "tillbridge" for what the program did by itself.
        action: a verb and its object, such as "replay run".
        subject: what it was done to: an order number, a connection's name, a run.
        why: in the person's own words; "" when none were asked for.
        before, after: what changed, as plain data; None when nothing was there. No secret.
    """

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    why: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


async def record(
    tx: Tx,
    who: str,
    action: str,
    subject: str,
    *,
    why: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Adds an entry within the transaction that does the thing."""
    assert who and action, "an audit entry says who did what"
    await tx.execute(
        SQL["record"], who, action, subject, mask(why), _as_json(before), _as_json(after)
    )


async def entries(
    tx: Tx, *, subject: str | None = None, before_number: int | None = None, limit: int = 100
) -> tuple[AuditEntry, ...]:
    """The newest entries first; of one subject, or of all.

    `before_number` turns the page: the number of the last entry seen.
    """
    rows = await tx.fetch(SQL["entries"], subject, before_number, limit)
    return tuple(_entry(row) for row in rows)


def _entry(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(
        number=row["number"],
        at=row["at"],
        who=row["who"],
        action=row["action"],
        subject=row["subject"],
        why=row["why"],
        before=_from_json(row["before"]),
        after=_from_json(row["after"]),
    )


def _as_json(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else mask_body(encode(value))[0].decode()


def _from_json(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else read_json(text)
