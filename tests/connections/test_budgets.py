"""Budgets: what a connection may be asked, shared out to processes by a real database."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tillbridge.canonical.errors import Misconfigured, Place, Transient
from tillbridge.connections import budget
from tillbridge.connections.budget import PURPOSE, Budget, Purpose
from tillbridge.connections.budgets import Budgets
from tillbridge.connections.configuration import Configured, read_configuration
from tillbridge.connections.gates import Breaker, GateClosed, Gates
from tillbridge.connector.connector import Connector
from tillbridge.connector.limits import Limits, Span
from tillbridge.connector.permits import OVER_LIMITS, Permits
from tillbridge.database.database import Database

NOBODY = Connector("nobody", "Nobody", object, lambda *_: None)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a permit gives up sooner: long enough for slices to go back and forth."""
    monkeypatch.setattr(budget, "PATIENCE_S", 2.5)


class Process:
    """One process's gates over the shared database."""

    def __init__(self, database: Database, holder: str, limits: Limits, checkout: int = 0) -> None:
        self.budgets = Budgets(database, holder)
        place = Place()
        configured = Configured("books", NOBODY, {}, "", 1.0, place, "", limits, checkout)
        self.permits: Permits = self.budgets.open(configured, 1.0)
        self.gates = Gates(database, Breaker(), self.budgets)

    @property
    def budget(self) -> Budget:
        found = self.budgets.of("books")
        assert found is not None
        return found

    async def spend(self, purpose: Purpose = "work", seconds: float = 0.0) -> bool:
        """One call, if it is let through."""
        PURPOSE.set(purpose)
        try:
            await self.permits.take()
        except Transient as error:
            assert (error.reason, error.sent) == (OVER_LIMITS, "no")
            return False
        await asyncio.sleep(seconds)
        self.permits.ended(seconds)
        return True


@pytest.fixture
async def make(database: Database) -> "Callable[..., Awaitable[list[Process]]]":
    async def made(count: int, limits: Limits, checkout: int = 0) -> list[Process]:
        found = [Process(database, f"worker {n}", limits, checkout) for n in range(count)]
        await found[0].gates.ensure(["books"])
        return found

    return made


async def spend_all(processes: list[Process], each: int, purpose: Purpose = "work") -> list[int]:
    """How many of so many calls each process gets through."""
    done = await asyncio.gather(
        *(asyncio.gather(*(one.spend(purpose) for _ in range(each))) for one in processes)
    )
    return [sum(got) for got in done]


@pytest.mark.complaint("I33")
async def test_all_processes_together_spend_no_more_than_the_limit(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    processes = await make(4, Limits(requests=100, window_s=60.0))

    spent = await spend_all(processes, 60)

    assert 85 <= sum(spent) <= 100, spent
    assert min(spent) > 0


async def test_an_ordinary_call_costs_no_statement(
    make: "Callable[..., Awaitable[list[Process]]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    [process] = await make(1, Limits(requests=100_000, window_s=60.0))
    statements: list[str] = []
    fetch = Database.fetch

    async def counted(self: Database, statement: str, *values: object) -> object:
        statements.append(statement)
        return await fetch(self, statement, *values)

    monkeypatch.setattr(Database, "fetch", counted)
    began = time.monotonic()
    for _ in range(200):
        await process.gates.enter("books")
        assert await process.spend(seconds=0.005)

    took_s = time.monotonic() - began
    assert len(statements) <= 6 + 5 * took_s, "slices are taken by time, not by call"


async def test_what_was_not_spent_goes_back(
    make: "Callable[..., Awaitable[list[Process]]]", database: Database
) -> None:
    idle, busy = await make(2, Limits(requests=40, window_s=20.0))
    assert await idle.spend()
    await asyncio.sleep(2.5)  # its slice ends, and its keeper hands the rest back

    assert await database.fetch_value("SELECT sum(work) FROM spends WHERE span_ms = 20000") == 1
    assert sum(await spend_all([busy], 45)) >= 35


async def test_a_window_opens_again_as_time_goes_by(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    [process] = await make(1, Limits(per_second=20))
    began, spent = time.monotonic(), 0
    while time.monotonic() - began < 3.0:
        spent += sum(await spend_all([process], 10))

    assert 30 <= spent <= 80


async def test_checkouts_have_a_share_that_work_never_touches(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    worker, api = await make(2, Limits(requests=100, window_s=60.0), 30)

    work = await spend_all([worker], 120)
    checkouts = await spend_all([api], 25, "checkout")

    assert work[0] <= 70
    assert checkouts == [25]


async def test_a_probe_is_never_held_up(
    make: "Callable[..., Awaitable[list[Process]]]", database: Database
) -> None:
    [process] = await make(1, Limits(requests=100, window_s=60.0, at_once=20))
    await spend_all([process], 120)

    assert await process.spend("probe")

    await process.budgets.take()
    assert await database.fetch_value("SELECT sum(work) FROM spends WHERE span_ms = 60000") <= 100


async def test_no_more_are_in_flight_than_the_other_side_takes(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    processes = await make(4, Limits(at_once=10))
    flying, most = 0, 0

    async def call(process: Process) -> None:
        nonlocal flying, most
        await process.permits.take()
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        process.permits.ended(0.01)

    await asyncio.gather(*(call(one) for one in processes for _ in range(40)))

    assert 5 <= most <= 10


@pytest.mark.complaint("I32")
async def test_the_share_of_a_process_that_died_comes_back(
    make: "Callable[..., Awaitable[list[Process]]]", database: Database
) -> None:
    dead, alive = await make(2, Limits(at_once=10))
    await dead.permits.take()
    await dead.budgets.take()
    keeper = dead.budgets._keeper
    assert keeper is not None
    keeper.cancel()  # it is heard of no more
    await database.execute("UPDATE slices SET until_ms = 0, at_once = 10 WHERE holder = 'worker 0'")

    assert await alive.spend()
    await alive.budgets.take()

    rows = await database.fetch("SELECT holder FROM slices")
    assert [row["holder"] for row in rows] == ["worker 1"]


async def test_a_process_that_goes_hands_everything_back(
    make: "Callable[..., Awaitable[list[Process]]]", database: Database
) -> None:
    [process] = await make(1, Limits(at_once=10))
    assert await process.spend()

    await process.gates.close()

    assert await database.fetch_value("SELECT count(*) FROM slices") == 0


@pytest.mark.complaint("I5")
async def test_work_over_the_limits_waits_at_the_gate_and_is_told_why(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    [process] = await make(1, Limits(requests=20, window_s=60.0))
    await spend_all([process], 30)

    with pytest.raises(GateClosed, match="over its limits: 20 requests in 60 s") as closed:
        await process.gates.enter("books")

    assert 10 < closed.value.wait_s <= 65
    assert process.gates.room("books") == 0


async def test_working_time_is_a_limit_like_any_other(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    [process] = await make(1, Limits(busy_s=10.0, window_s=60.0))
    spent = 0
    for _ in range(40):
        PURPOSE.set("work")
        try:
            await process.permits.take()
        except Transient:
            break
        process.permits.ended(0.5)
        spent += 1
        await process.budgets.take()

    assert 12 <= spent <= 28


async def test_what_the_other_side_says_is_left_counts_for_every_process(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    one, another = await make(2, Limits(requests=1000, window_s=60.0))
    assert await one.spend()
    one.permits.told(12, None)
    await one.budgets.take()

    spent = sum(await spend_all([another], 250))

    assert 12 <= spent <= 12 + 1000 / 20 + 1000 * 8 / 60  # it grows while they wait for more


async def test_a_slow_way_to_the_other_side_is_not_its_working_time(
    make: "Callable[..., Awaitable[list[Process]]]",
) -> None:
    [process] = await make(1, Limits(requests=1000, busy_s=10.0, window_s=60.0))
    spent = 0
    for _ in range(60):
        PURPOSE.set("work")
        try:
            await process.permits.take()
        except Transient:
            break
        spent += 1
        process.permits.told(1000 - spent, 10.0 - 0.01 * spent)
        process.permits.ended(0.5)
        await process.budgets.take()

    assert spent == 60


def test_spans_are_divided_and_never_too_short_to_be_counted() -> None:
    limits = Limits(requests=6000, busy_s=1200.0, per_second=10)
    assert limits.spans(3.0) == (
        Span(100.0, 6000, 400.0),
        Span(20.0, 0, 0.0),
        Span(1.0, 30, 0.0),
    )
    assert Limits(requests=50, per_minute=30, window_s=60.0).spans(1.0) == (Span(60.0, 30, 0.0),)


def test_a_span_that_is_too_short_after_division_holds_more_instead() -> None:
    assert Limits(requests=600, window_s=60.0).spans(600.0) == (Span(1.0, 6000, 0.0),)


def test_a_window_of_hours_is_refused() -> None:
    text = "connections: {books: {connector: nobody, limits: {requests: 9, window: 2h}}}"
    with pytest.raises(Misconfigured, match="too long to be counted"):
        read_configuration(text, "", {"nobody": NOBODY})
