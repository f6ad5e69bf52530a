"""An order's history, made by the rooms themselves: paid, sold, one call unanswered, one letter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.lanes import claim

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order, OrderLine
from tillbridge.canonical.parties import Address, Customer
from tillbridge.canonical.payments import Card, Observation, Operation, Source, Verdict
from tillbridge.canonical.references import ExternalReference
from tillbridge.database.database import Database, Tx
from tillbridge.payments.attempts import Opening, fingerprint, open_attempt
from tillbridge.payments.observe import observe
from tillbridge.references.references import record
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import SQL, Lane, Start, accept, release
from tillbridge.runs.run import Change, Letter

ORDER = "1042"
REQUEST_ID = "7300000000000000000042"
SALES_ORDER = "6f1b5a52-0f6c-ee11-9ae7-000d3a4f0001"
HELD_AT = datetime(2026, 1, 2, 10, tzinfo=UTC)
SOLD = Effect("books", ORDER, "sales_order")
OPEN = Effect("till", ORDER, "capture", "shipment 1")


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def an_order(number: str = ORDER) -> Order:
    line = OrderLine(
        number=1,
        product="TEA-EARL-100",
        description="Earl Grey",
        quantity=Decimal(2),
        unit_price=UnitAmount.of("12.50", "USD"),
        discount=usd("0"),
        tax=usd("0"),
        amount=usd("25.00"),
    )
    address = Address(first_name="Ada", last_name="Lovelace", country="GB", postal_code="SW1")
    return Order(
        number=number,
        currency="USD",
        lines=(line,),
        total=usd("25.00"),
        tax=usd("0"),
        freight=usd("0"),
        discount=usd("0"),
        rounding=usd("0"),
        placed_at=HELD_AT,
        customer=Customer(name="Ada"),
        billing=address,
        shipping=address,
    )


async def pay(database: Database, number: str = ORDER, request_id: str = REQUEST_ID) -> None:
    """An attempt, and the reply that proves its hold."""
    order = an_order(number)
    effect = Effect("till", number, "authorization", "webshop:a-1")
    opening = Opening(
        effect.key, "till", "webshop", f"a-{number}", order, fingerprint(order, "transient")
    )
    seen = Observation(
        operation=Operation.AUTHORIZATION,
        verdict=Verdict.APPROVED,
        source=Source.REPLY,
        order_number=number,
        request_id=request_id,
        occurred_at=HELD_AT,
        attempt_key=effect.key,
        amount=order.total,
        card=Card("visa", "1111"),
    )
    async with database.transaction() as tx:
        assert await open_attempt(tx, opening)
        await observe(tx, "till", seen)
        await record(tx, number, [ExternalReference("till", "authorization", request_id)])


async def bury(
    database: Database, number: str = ORDER, message: str = "The ERP knows no TEA."
) -> int:
    """A run that ended on the desk; answers its number."""
    event = Event(
        id=f"evt-{number}",
        source="webshop",
        kind=Kind.ORDER_CANCELLED,
        subject=number,
        occurred_at=HELD_AT,
        data=EventData(order=an_order(number)),
    )
    async with database.transaction() as tx:
        await accept(tx, event, [Start("reverse-cancelled", "0" * 64, "till")])
    turn = await claim(database, Lane(number, "till"), "a test", 30.0)
    assert turn is not None
    (run,) = turn.runs
    turn.change(Change(run.id, "dead", ending=message))
    turn.letters.append(Letter(run.id, "invalid_data", "unknown_product", message, "shop", "map"))
    await release(database, turn)
    return run.id


async def intend(database: Database, effect: Effect, run_id: int, *, done: bool = False) -> None:
    """An effect whose call has left; `done` when its answer came."""
    async with database.transaction() as tx:
        turn = await _held(tx, effect)
        await tx.fetchrow(
            SQL["intend_effect"],
            (
                *(effect.subject, effect.connection, turn, effect.key, effect.connection),
                *(effect.effect, effect.ordinal, run_id, "a_step", b"{}"),
                *(timedelta(seconds=60), False, [], [], [], []),
            ),
        )
        state = "done" if done else "unknown"
        reason = "" if done else "no answer within 60 s"
        await tx.fetchrow(
            SQL["settle_effect"],
            *(effect.key, state, b"{}" if done else None, reason, "reply" if done else ""),
            *(timedelta(seconds=60), None),
        )


async def whole_story(database: Database) -> int:
    """Everything at once; answers the dead letter's number."""
    await pay(database)
    run_id = await bury(database)
    await intend(database, SOLD, run_id, done=True)
    await intend(database, OPEN, run_id)
    async with database.transaction() as tx:
        await record(tx, ORDER, [ExternalReference("books", "sales_order", SALES_ORDER)])
    return run_id


async def _held(tx: Tx, effect: Effect) -> int:
    """A lane of the effect's connection that can be written under; answers its lease."""
    await tx.execute(SQL["arrive"], effect.subject)
    await tx.execute(
        "INSERT INTO lanes (subject, target, lease) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING",
        effect.subject,
        effect.connection,
    )
    lease = await tx.fetchval(
        "SELECT lease FROM lanes WHERE subject = $1 AND target = $2",
        effect.subject,
        effect.connection,
    )
    return int(lease)
