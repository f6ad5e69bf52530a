"""What was observed of an order's payments, as people read it afterwards."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.money import Money
from tillbridge.database.database import Database
from tillbridge.payments.attempts import SQL


@dataclass(frozen=True, slots=True)
class Observed:
    """One kept observation.

    Attributes:
        request_id: the payment system's id of the operation.
        amount: None when it was not said.
        meaning: what it did: "moved", "confirmed", "stray", "early", "conflict", "unmatched".
        occurred_at: the payment system's time of it; `observed_at`: when we kept it.
    """

    connection: str
    request_id: str
    operation: str
    verdict: str
    source: str
    amount: Money | None
    reason: str
    meaning: str
    occurred_at: datetime
    observed_at: datetime


async def observations_of(database: Database, order_number: str) -> list[Observed]:
    """Every observation of an order, in the order it was kept."""
    rows = await database.fetch(SQL["observations_of_order"], order_number)
    return [
        Observed(
            connection=row["connection"],
            request_id=row["request_id"],
            operation=row["operation"],
            verdict=row["verdict"],
            source=row["source"],
            amount=None if row["amount"] is None else Money(row["amount"], row["currency"]),
            reason=row["reason"],
            meaning=row["meaning"],
            occurred_at=row["occurred_at"],
            observed_at=row["observed_at"],
        )
        for row in rows
    ]


async def told_capture(database: Database, connection: str, key: str) -> str:
    """The payment system's id of a capture with this key that it told us of and that still counts;
    "" when it told us of none."""
    found = await database.fetch_value(SQL["told_capture"], connection, key)
    return str(found or "")
