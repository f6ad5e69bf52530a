"""Settlement lines, each kept once by report and line; what changes is kept as a new version."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import asyncpg

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.money import Money
from tillbridge.canonical.settlements import SettlementKind, SettlementLine, Stage
from tillbridge.database.database import Database
from tillbridge.settlements.reports import SQL

_TEXTS: Final = (
    *("request_id", "order_number", "reference", "batch_id", "funding_id", "merchant_id"),
    *("method", "last4", "service", "fee_type", "reason"),
)
_DAYS: Final = ("settled_on", "funded_on", "due_on")


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line as it was read last. `known_at`: when this version of it was learned."""

    connection: str
    line: SettlementLine
    version: int
    known_at: datetime


@dataclass(frozen=True, slots=True)
class LineSum:
    """What a report's lines of one kind come to. `owed`: how that changes what is owed."""

    stage: str
    kind: str
    currency: str
    count: int
    amount: Decimal
    owed: Decimal


async def keep_lines(database: Database, connection: str, lines: Sequence[SettlementLine]) -> None:
    """Keeps lines once; reading them again adds nothing unless they say something else."""
    others = [encode(dict(one.other)).decode() if one.other else "" for one in lines]
    await database.execute(
        SQL["keep_lines"],
        connection,
        [one.report for one in lines],
        [one.line for one in lines],
        [_digest(one, other) for one, other in zip(lines, others, strict=True)],
        [one.stage.value for one in lines],
        [one.kind.value for one in lines],
        [one.amount.amount for one in lines],
        [one.amount.currency for one in lines],
        [one.owed.amount for one in lines],
        *([getattr(one, name) for one in lines] for name in _TEXTS[:6]),
        [one.occurred_at for one in lines],
        *([getattr(one, name) for one in lines] for name in _DAYS),
        *([getattr(one, name) for one in lines] for name in _TEXTS[6:]),
        others,
    )


async def lines_of_report(
    database: Database, connection: str, report: str, limit: int = 1_000
) -> list[KeptLine]:
    """The lines of one report as they were read last."""
    rows = await database.fetch(SQL["lines_of_report"], connection, report, limit)
    return [_kept(row) for row in rows]


async def lines_of_order(database: Database, order_number: str, limit: int = 500) -> list[KeptLine]:
    """What all reports say of one order, in the order it happened."""
    rows = await database.fetch(SQL["lines_of_order"], order_number, limit)
    return [_kept(row) for row in rows]


async def sums_of_report(database: Database, connection: str, report: str) -> list[LineSum]:
    """What a report's lines come to, by kind and currency."""
    rows = await database.fetch(SQL["sums_of_report"], connection, report)
    return [LineSum(**dict(row)) for row in rows]


def _digest(one: SettlementLine, other: str) -> bytes:
    """Equal for lines that say the same."""
    said = (
        *(one.stage, one.kind, one.amount.text, one.amount.currency),
        *(getattr(one, name) for name in _TEXTS),
        str(one.occurred_at),
        *(str(getattr(one, name)) for name in _DAYS),
        other,
    )
    return hashlib.blake2b("\0".join(said).encode(), digest_size=16).digest()


def _kept(row: asyncpg.Record) -> KeptLine:
    more: dict[str, Any] = {name: row[name] for name in (*_TEXTS, *_DAYS, "occurred_at")}
    line = SettlementLine(
        report=row["report"],
        line=row["line"],
        stage=Stage(row["stage"]),
        kind=SettlementKind(row["kind"]),
        amount=Money(row["amount"], row["currency"]),
        other=read_json(row["other"]) if row["other"] else {},
        **more,
    )
    return KeptLine(row["connection"], line, row["version"], row["known_at"])
