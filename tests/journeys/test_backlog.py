"""The backlog: how much waits, the one thing each run waits for, and how long it will take."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tillbridge.connections.budgets import Budgets
from tillbridge.connections.configuration import read_configuration
from tillbridge.connections.headroom import headrooms
from tillbridge.connector.connector import Connector
from tillbridge.connector.limits import Limits
from tillbridge.database.database import Database
from tillbridge.journeys.backlog import Backlog, backlogs

RUN = """
WITH lane AS (
    INSERT INTO lanes (subject, target, wake_at, lease_until)
    VALUES ($1, 'books', now() + $6::interval, now() + $7::interval)
)
INSERT INTO runs (subject, target, sequence, journey, input, state, waiting_for, waits, gate,
                  wake_at, started_at)
VALUES ($1, 'books', 1, 'deliver', '', $2, $3, $4, $5, now() + $6::interval,
        now() - interval '1 hour')
"""
BOOKS = Connector("books", "Books", object, lambda *_: None, limits=Limits(requests=100))
HOUR = timedelta(hours=1)
NOW = timedelta(0)


class House:
    """A database with one gate, and runs that wait."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.budgets = Budgets(database, "a test")
        text = "connections: {books: {connector: books}}"
        self.budgets.open(read_configuration(text, "", {"books": BOOKS})["books"], 1.0)
        self._count = 0

    async def run(
        self,
        state: str,
        waiting_for: str = "",
        *,
        waits: Sequence[str] = (),
        gate: str = "",
        wake: timedelta = NOW,
        lease: timedelta | None = None,
    ) -> None:
        self._count += 1
        values = (f"o{self._count}", state, waiting_for, list(waits), gate, wake, lease)
        await self.database.execute(RUN, *values)

    async def backlog(self) -> Backlog:
        rooms = await headrooms(self.database, self.budgets)
        (found,) = await backlogs(self.database, rooms)
        return found

    async def whys(self) -> dict[str, int]:
        return {reason.why: reason.count for reason in (await self.backlog()).reasons}


@pytest.fixture
async def house(database: Database) -> House:
    await database.execute("INSERT INTO gates (connection) VALUES ('books')")
    return House(database)


async def test_every_open_run_waits_for_one_thing(house: House) -> None:
    await house.run("ready")
    await house.run("ready", lease=HOUR)
    await house.run("waiting", "closed: down", gate="books", wake=HOUR)
    await house.run("waiting", "shipped: order.fulfilled", waits=["order.fulfilled"], wake=HOUR)
    await house.run("waiting", "the answer", waits=["approval.answered"], wake=HOUR)
    await house.run("waiting", "unknown: in flight", wake=HOUR)
    await house.run("waiting", "unknown, and nothing can prove it: a person decides", wake=HOUR)
    await house.run("waiting", "2 runs of a are under way, which is its limit", wake=HOUR)
    await house.run("waiting", "the flow is paused: by ada", wake=HOUR)
    await house.run("waiting", "held by a dead letter", wake=HOUR)
    await house.run("waiting", "try 2 of 3 failed", wake=HOUR)
    await house.database.execute("UPDATE gates SET state = 'tripped'")

    assert await house.whys() == {
        **{"turn": 1, "lane": 1, "tripped": 1, "event": 1, "person": 3, "unknown": 1},
        **{"slot": 1, "paused_flow": 1, "timer": 1},
    }


async def test_a_paused_gate_and_an_opened_one_are_told_apart(house: House) -> None:
    await house.run("waiting", "its turn", gate="books", wake=HOUR)
    assert await house.whys() == {"order": 1}

    await house.database.execute("UPDATE gates SET state = 'paused'")

    assert await house.whys() == {"paused": 1}
    assert (await house.backlog()).depth == 0


async def test_work_waits_for_the_budget_where_that_is_spent(house: House) -> None:
    await house.run("ready")
    assert await house.whys() == {"turn": 1}

    await house.database.execute(
        "INSERT INTO spends (connection, span_ms, piece, work)"
        " VALUES ('books', 300000, (extract(epoch FROM now()))::bigint, 100)"
    )

    assert await house.whys() == {"budget": 1}
    (reason,) = (await house.backlog()).reasons
    assert reason.at == "books"


async def test_the_time_to_drain_is_the_depth_at_the_last_pace(house: House) -> None:
    for _ in range(40):
        await house.run("ready")
    unknown = await house.backlog()
    assert (unknown.depth, unknown.drain_s) == (40, None)

    await house.database.execute("UPDATE gates SET pace = 4")
    assert (await house.backlog()).drain_s == pytest.approx(10)

    await house.run("waiting", "closed: down", gate="books", wake=HOUR)
    await house.database.execute(
        "UPDATE gates SET state = 'tripped', closed_until = now() + interval '30 seconds'"
    )
    assert (await house.backlog()).drain_s == pytest.approx(40, abs=1)


async def test_headroom_says_what_is_left_of_each_window(house: House) -> None:
    await house.database.execute(
        "INSERT INTO spends (connection, span_ms, piece, work, checkout, busy_ms)"
        " VALUES ('books', 300000, (extract(epoch FROM now()))::bigint, 30, 5, 2500)"
    )
    await house.database.execute(
        "INSERT INTO slices (connection, holder, until_ms, at_once, wanted, in_flight)"
        " VALUES ('books', 'w1', extract(epoch FROM now())::bigint * 1000 + 9000, 5, 5, 3),"
        " ('books', 'w2', 0, 5, 5, 4)"
    )

    (room,) = await headrooms(house.database, house.budgets)

    whole = room.windows[0]
    assert (whole.seconds, whole.requests, whole.checkouts, whole.requests_max) == (300, 35, 5, 100)
    assert whole.busy_s == pytest.approx(2.5)
    assert (room.in_flight, room.processes, room.limits) == (3, 1, "100 requests in 300 s")
    assert not room.is_spent
