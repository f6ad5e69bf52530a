"""What the functions of the database do inside finds its rows by an index, however many there are.

A plan shows a function as one line. So a journey is gone over tables of many rows, in one
transaction, and PostgreSQL is asked which tables it has read from one end to the other.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.payments.book import order, seen

from tillbridge.canonical.codec import encode, encode_event
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.observe import fact_row, foresee, move_row

JOURNEYS = load_statements("tillbridge.journeys", "journeys.sql")
RUNS = load_statements("tillbridge.runs", "runs.sql")
PAYMENTS = load_statements("tillbridge.payments", "payments.sql")
MANY = 20_000
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TILL, BOOKS = "cybersource", "dynamics"
FILLED = (
    "INSERT INTO subjects SELECT 'o' || n, 1 FROM generate_series(1, $1::int) AS n",
    "INSERT INTO events (source, event_id, kind, subject, occurred_at, envelope)"
    " SELECT 'webshop', 'e' || n, 'order.fulfilled', 'o' || n, now(), ''"
    " FROM generate_series(1, $1::int) AS n",
    "INSERT INTO lanes (subject, target, wake_at) SELECT 'o' || n, 'dynamics',"
    " CASE WHEN n % 4 = 0 THEN now() + interval '1 hour' END"
    " FROM generate_series(1, $1::int) AS n",
    "INSERT INTO runs (subject, target, sequence, journey, input, state, wake_at, ended_at)"
    " SELECT 'o' || n, 'dynamics', 1, 'deliver', '', CASE n % 4 WHEN 0 THEN 'waiting'"
    " ELSE 'done' END, NULL, CASE WHEN n % 4 <> 0 THEN now() END"
    " FROM generate_series(1, $1::int) AS n",
    "INSERT INTO steps (run_id, name, kind, outcome)"
    " SELECT id, 'looked', 'read', '' FROM runs, generate_series(1, $1::int) AS one WHERE one = 1",
    "INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step, lease,"
    " request, intended_at, resolve_after) SELECT 'k' || n, 'dynamics', 'o' || n, 'sales_order',"
    " '1', 'done', n, 'step', 1, '', now(), now() FROM generate_series(1, $1::int) AS n",
    "INSERT INTO attempts (wire_key, connection, shop, attempt_key, order_number, request_sha256,"
    ' state, amount, currency, authorization_id, "order")'
    " SELECT 'w' || n, 'cybersource', 'webshop', 'a' || n, 'o' || n, '', 'captured', 1, 'USD',"
    " 'h' || n, '' FROM generate_series(1, $1::int) AS n",
    "INSERT INTO observations (connection, request_id, operation, verdict, source, order_number,"
    " wire_key, echo_key, parent_id, reason, occurred_at, meaning)"
    " SELECT 'cybersource', 'r' || n, CASE n % 2 WHEN 0 THEN 'void' ELSE 'capture' END,"
    " 'approved', 'reply', 'o' || n, 'w' || n, 'e' || n, 'h' || n, '', now(), 'moved'"
    " FROM generate_series(1, $1::int) AS n",
    "INSERT INTO deliveries (source, delivery_id, meaning_sha256, received_at)"
    " SELECT 'webshop', 'd' || n, '', now() FROM generate_series(1, $1::int) AS n",
    "INSERT INTO external_references (subject, system, kind, id)"
    " SELECT 'o' || n, 'cybersource', 'capture', 'c' || n FROM generate_series(1, $1::int) AS n",
)


@pytest.fixture
async def full(database: Database) -> Database:
    """A database in which much has happened."""
    for statement in FILLED:
        await database.execute(statement, MANY)
    return database


async def test_a_journey_reads_no_table_from_end_to_end(full: Database) -> None:
    assert await _scanned(full) == []


@pytest.mark.parametrize(
    ("index", "table"), [("lanes_due", "lanes"), ("effects_by_run", "effects")]
)
async def test_a_table_that_lost_its_index_is_found_out(
    full: Database, index: str, table: str
) -> None:
    await full.execute(f"DROP INDEX {index}")

    assert await _scanned(full) == [table]


async def _scanned(database: Database) -> list[str]:
    """The tables that a journey has read from end to end."""
    async with database.transaction() as tx:
        before = await _scans(tx)
        await _go(tx)
        return sorted((await _scans(tx) - before).keys())


async def _scans(tx: Tx) -> Counter[str]:
    """How often this connection has read each table so, as far as it was not reported before."""
    rows = await tx.fetch("SELECT relname, seq_scan FROM pg_stat_xact_user_tables")
    return Counter({row["relname"]: row["seq_scan"] for row in rows})


async def _go(tx: Tx) -> None:
    """From the checkout to the capture, by every function that the journeys call."""
    attempt, run = await _check_out(tx)
    held = seen(Operation.AUTHORIZATION, Verdict.APPROVED, "h-new", attempt_key=attempt.wire_key)
    shipped = _event(Kind.ORDER_FULFILLED, [TILL])
    ended = ("new", TILL, run["lease"], run["arrivals"], run["run_id"], "answered", *[[]] * 4)
    events = [_event(Kind.PAYMENT_AUTHORIZED, [TILL, BOOKS]), _event(Kind.PAYMENT_CAPTURED, [])]
    await _settle(tx, attempt, held, events=events, ended=ended)
    for number, facts in enumerate(([held], [])):
        rows = [fact_row(TILL, fact) for fact in facts]
        values = (TILL, f"d-{number}", b"", MOMENT, "", "{}", b"", False, rows, [shipped])
        assert await tx.fetchrow(JOURNEYS["receive_delivery"], *values)
    await tx.execute("UPDATE lanes SET wake_at = now() WHERE subject = 'o4'")  # it comes back
    await tx.execute("UPDATE runs SET wake_at = now() WHERE subject = 'o4' AND state = 'waiting'")
    await tx.execute(RUNS["due_targets"])
    claimed = await tx.fetch(
        RUNS["claim_lanes"], "a test", timedelta(seconds=30), [TILL, BOOKS, "sage"], [9, 9, 9]
    )
    turn = next(row for row in claimed if row["target"] == TILL)
    attempt = await _attempt(tx)
    wish = _intended(turn, "capture")
    assert await tx.fetchval(RUNS["intend_effect"], wish) == 0
    captured = seen(
        Operation.CAPTURE, Verdict.APPROVED, "c-new",
        amount="10.00", attempt_key=wish[3], parent_id="h-new",
    )  # fmt: skip
    following = _intended(turn, "payment_status")
    await _settle(tx, attempt, captured, key=wish[3], intended=following)
    await tx.execute(RUNS["release_lane"], "new", TILL, turn["lease"], 0, *[[]] * 9)


async def _check_out(tx: Tx) -> tuple[Attempt, Any]:
    row = await tx.fetchrow(
        JOURNEYS["begin_checkout"],
        *(TILL, "webshop", "a-new", "new", b"", order().total.amount, "USD", encode(order("new"))),
        *("w-new", "a test", timedelta(seconds=30), "checkout", b"", "authorization", "1", b""),
        timedelta(seconds=60),
    )
    assert row is not None
    return await _attempt(tx), row


async def _attempt(tx: Tx) -> Attempt:
    row = await tx.fetchrow(PAYMENTS["attempt_by_wire_key"], "w-new")
    assert row is not None
    return Attempt.of(row)


async def _settle(
    tx: Tx,
    attempt: Attempt,
    fact: Observation,
    *,
    key: str = "w-new",
    events: Sequence[Any] = (),
    ended: tuple[Any, ...] | None = None,
    intended: tuple[Any, ...] | None = None,
) -> None:
    foreseen = foresee(attempt, fact)
    assert foreseen is not None
    assert foreseen.attempt is not None
    names = [(TILL, fact.operation, fact.request_id)]
    values = (key, b"", "reply", fact_row(TILL, fact), move_row(foreseen.attempt), events)
    row = await tx.fetchrow(JOURNEYS["settle_answer"], *values, "new", TILL, names, ended, intended)
    assert row is not None
    assert (row["round"] is None) == (intended is None)


def _event(kind: Kind, targets: list[str]) -> tuple[Any, ...]:
    event = Event(f"e-{kind}", TILL, kind, "new", MOMENT, EventData())
    flows = [f"flow at {target}" for target in targets]
    content = encode_event(event)
    return (TILL, event.id, kind, "new", MOMENT, content, targets, flows, flows)


def _intended(turn: Any, effect: str) -> tuple[Any, ...]:
    return (
        *("new", TILL, turn["lease"], f"key of {effect}", TILL, effect, "1", turn["id"], effect),
        *(b"", timedelta(seconds=60), False, [f"before {effect}"], ["wait"], [b""]),
        [(f"notice of {effect}", "flow", "new", "note", "told", "")],
    )
