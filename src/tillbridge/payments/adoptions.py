"""Adoptions: payments that were made elsewhere, and the orders they are to pay."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import asyncpg

from tillbridge.canonical.codec import decode, encode
from tillbridge.canonical.orders import Order
from tillbridge.connector.delivery import PaidElsewhere
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.payments", "adoptions.sql")
NUMBER_MAX = 2**63 - 1
AdoptionState: TypeAlias = Literal["waiting", "adopted", "refused"]


@dataclass(frozen=True, slots=True)
class Adoption:
    """One payment that is said to pay one order.

    Attributes:
        shop: the order's shop connection.
        asked_by: that connection, or a person.
        state: "waiting": it is not shown yet; "refused": a person's turn.
        why: why it waits or is refused.
        tries: how often the payment system was asked.
    """

    number: int
    connection: str
    payment_id: str
    order_number: str
    shop: str
    order: Order
    asked_by: str
    asked_at: datetime
    state: AdoptionState
    why: str
    tries: int
    ended_at: datetime | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Adoption":
        """An adoption from its row."""
        fields = dict(row)
        del fields["next_at"]
        return cls(**fields | {"order": decode(row["order"], Order)})


async def want_adoption(
    tx: Tx, connection: str, shop: str, paid: PaidElsewhere, asked_by: str
) -> None:
    """Keeps that a payment is said to pay an order; it is looked at soon."""
    order = paid.order
    values = (connection, paid.payment_id, order.number, shop, encode(order), asked_by)
    await tx.execute(SQL["want_adoption"], *values)


async def hasten_adoption(tx: Tx, connection: str, payment_id: str) -> None:
    """Somebody tells of a payment that fits nothing: whoever waits for it looks now."""
    await tx.execute(SQL["hasten_adoption"], connection, payment_id)


async def due_adoptions(database: Database, lease_s: float, limit: int) -> list[Adoption]:
    """Those whose time has come, for this worker alone for so long."""
    rows = await database.fetch(SQL["due_adoptions"], lease_s, limit)
    return [Adoption.of(row) for row in rows]


async def adoption_of(
    database: Database, connection: str, payment_id: str, order_number: str
) -> Adoption | None:
    """One of them."""
    row = await database.fetch_row(SQL["adoption"], connection, payment_id, order_number)
    return Adoption.of(row) if row is not None else None


async def adoptions_of(database: Database, order_number: str) -> list[Adoption]:
    """Those of an order, newest first."""
    rows = await database.fetch(SQL["adoptions_of_order"], order_number)
    return [Adoption.of(row) for row in rows]


async def adoptions(database: Database, *, before: int = 0, limit: int = 50) -> list[Adoption]:
    """All, newest first; `before` is the last number of the page before."""
    rows = await database.fetch(SQL["newest_adoptions"], before or NUMBER_MAX, limit)
    return [Adoption.of(row) for row in rows]


async def put_off(database: Database, adoption: Adoption, why: str, wait_s: float) -> None:
    """It is looked at again after so many seconds."""
    await database.execute(SQL["put_off_adoption"], adoption.number, why, wait_s)


async def lock_adoption(tx: Tx, adoption: Adoption) -> str:
    """Its state now, which nobody else changes before the transaction ends."""
    return str(await tx.fetchval(SQL["lock_adoption"], adoption.number))


async def end_adoption(tx: Tx, adoption: Adoption, state: AdoptionState, why: str) -> None:
    """It has come about, or a person decides."""
    await tx.execute(SQL["end_adoption"], adoption.number, state, why)


async def count_what_was_taken(tx: Tx, adoption: Adoption, wire_key: str) -> None:
    """What was captured elsewhere is not captured again; what a pull found of it has its place."""
    await tx.execute(SQL["count_what_was_taken"], wire_key)
    said = f"Adopted for order {adoption.order_number}."
    await tx.execute(SQL["place_find"], adoption.connection, adoption.payment_id, said)
