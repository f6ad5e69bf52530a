"""Attempts and observations by the dozen, for the tests of payments."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tillbridge.canonical.events import Event
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order, OrderLine
from tillbridge.canonical.parties import Address, Customer
from tillbridge.canonical.payments import (
    AttemptState,
    Card,
    Observation,
    Operation,
    Source,
    Verdict,
)
from tillbridge.database.database import Database
from tillbridge.payments.attempts import Attempt, Opening, by_wire_key, fingerprint, open_attempt
from tillbridge.payments.observe import observe

WHEN = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
CONNECTION = "cybersource"
WIRE = "WIREKEYWIREKEYWIREKEYWIRE1"
HELD_ID = "7049811234567890123456"


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def order(number: str = "1042", total: str = "100.00") -> Order:
    line = OrderLine(
        number=1,
        product="MUG",
        description="Mug",
        quantity=Decimal(1),
        unit_price=UnitAmount.of(total, "USD"),
        discount=usd("0"),
        tax=usd("0"),
        amount=usd(total),
    )
    zero = usd("0")
    return Order(
        number, "USD", (line,), usd(total), zero, zero, zero, zero, WHEN,
        Customer(id="C-1"), Address(country="US"), Address(country="US"),
    )  # fmt: skip


def attempt(state: AttemptState = AttemptState.STARTED, **changes: object) -> Attempt:
    """An attempt of 100.00 as it looks in that state."""
    held = state in {
        AttemptState.IN_REVIEW,
        AttemptState.AUTHORIZED,
        AttemptState.CAPTURED,
        AttemptState.REVERSING,
    }
    known = held or state is AttemptState.REVERSED
    plain = Attempt(
        wire_key=WIRE,
        connection=CONNECTION,
        shop="webshop",
        attempt_key="k1",
        order_number="1042",
        request_sha256=b"",
        state=state,
        amount=usd("100.00"),
        captured=usd("100.00" if state is AttemptState.CAPTURED else "0"),
        reversed=usd("100.00" if state is AttemptState.REVERSED else "0"),
        refunded=usd("0"),
        authorization_id=HELD_ID if known else "",
        approval_code="",
        reason="",
        review="decision_manager" if state is AttemptState.IN_REVIEW else "",
        token="",
        card=Card(),
        held=held,
        order=order(),
        authorized_at=WHEN if known else None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # a test names real fields


def seen(
    operation: Operation,
    verdict: Verdict,
    request_id: str = HELD_ID,
    *,
    amount: str | None = "100.00",
    attempt_key: str = WIRE,
    parent_id: str = "",
    source: Source = Source.REPLY,
    reason: str = "",
    order_number: str = "1042",
) -> Observation:
    """An observation about the attempt of `attempt`."""
    follows = operation not in (Operation.AUTHORIZATION, Operation.SALE, Operation.REVIEW)
    return Observation(
        operation=operation,
        verdict=verdict,
        source=source,
        order_number=order_number,
        request_id=request_id,
        occurred_at=WHEN,
        attempt_key="" if follows and attempt_key == WIRE else attempt_key,
        parent_id=parent_id or (HELD_ID if follows else ""),
        amount=usd(amount) if amount is not None else None,
        reason=reason,
    )


async def begin(
    database: Database, wire_key: str = WIRE, attempt_key: str = "k1", number: str = "1042"
) -> bool:
    """Opens an attempt of 100.00."""
    async with database.transaction() as tx:
        return await open_attempt(
            tx,
            Opening(
                wire_key=wire_key,
                connection=CONNECTION,
                shop="webshop",
                attempt_key=attempt_key,
                order=order(number),
                request_sha256=fingerprint(order(number), "transient"),
            ),
        )


async def tell(database: Database, *facts: Observation) -> list[Event]:
    """Observes facts one after the other, each in its own commit; answers what followed."""
    events: list[Event] = []
    for fact in facts:
        async with database.transaction() as tx:
            events += (await observe(tx, CONNECTION, fact)).events
    return events


async def now(database: Database, wire_key: str = WIRE) -> Attempt:
    """The attempt as it stands."""
    found = await by_wire_key(database, wire_key)
    assert found is not None
    return found
