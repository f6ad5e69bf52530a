"""Closed gates: what waits there costs nothing, and goes on in order when one opens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests.runtime.mill import Mill, open_mill

from tillbridge.canonical.errors import Transient
from tillbridge.connections.gates import Breaker, Gates
from tillbridge.connector.abilities import Call
from tillbridge.database.database import Database
from tillbridge.journeys.house import House
from tillbridge.journeys.let_in import keep_gates
from tillbridge.journeys.steer import pause, resume
from tillbridge.runs.run import Run

CHORES = {"gates": (0.05, keep_gates)}


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn) as mill:
        mill.house.gates = Gates(mill.house.database, Breaker(closed_s=0.1, seen_s=0.05))
        await mill.house.gates.ensure(["dynamics", "sage"])

        async def behind_the_gate(run: Run) -> None:
            await mill.house.gates.enter("dynamics", since=run.started_at)

        mill.work["order"] = behind_the_gate
        yield mill


async def parked(database: Database) -> int:
    return int(
        await database.fetch_value(
            "SELECT count(*) FROM runs WHERE state = 'waiting' AND gate = 'dynamics'"
        )
    )


async def all_parked(mill: Mill, count: int) -> None:
    async with asyncio.timeout(10):
        while await parked(mill.house.database) < count:  # noqa: ASYNC110 (nothing rings)
            await asyncio.sleep(0.02)


async def test_what_is_parked_is_not_looked_at_until_the_gate_opens(mill: Mill) -> None:
    await pause(mill.house.database, "dynamics", "ada", "month-end")
    for number in range(30):
        await mill.bring(f"o{number:02}", "order")
    async with mill.working(chores=CHORES):
        await all_parked(mill, 30)
        await asyncio.sleep(0.5)
        looked_at = Counter(subject for subject, _ in mill.advanced)
        assert set(looked_at.values()) == {1}

        await resume(mill.house.database, "dynamics", "ada", "done")
        await mill.all_done(30)

    assert await mill.house.database.fetch_value("SELECT max(tries) FROM runs") == 0


async def test_what_was_parked_goes_on_oldest_first(mill: Mill) -> None:
    await pause(mill.house.database, "dynamics", "ada", "month-end")
    async with mill.working(turns_by_target=1, chores=CHORES):
        for number in range(12):
            await mill.bring(f"o{number:02}", "order")
        await all_parked(mill, 12)
        mill.advanced.clear()

        await resume(mill.house.database, "dynamics", "ada", "done")
        await mill.all_done(12)

    assert [subject for subject, _ in mill.advanced] == [f"o{number:02}" for number in range(12)]


async def test_younger_work_waits_behind_what_is_let_in(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillbridge.journeys.let_in.AT_A_TIME", 2)
    await pause(mill.house.database, "dynamics", "ada", "month-end")
    async with mill.working(turns_by_target=1, chores=CHORES):
        for number in range(8):
            await mill.bring(f"o{number}", "order")
        await all_parked(mill, 8)
        mill.advanced.clear()

        await resume(mill.house.database, "dynamics", "ada", "done")
        await mill.bring("young", "order")
        await mill.all_done(9)

    last = {subject: at for at, (subject, _) in enumerate(mill.advanced)}
    assert max(last, key=last.__getitem__) == "young"


async def test_who_parks_while_the_gate_opens_is_let_in_too(mill: Mill) -> None:
    await mill.bring("late", "order")
    database = mill.house.database
    await database.execute(
        "UPDATE runs SET state = 'waiting', gate = 'dynamics', wake_at = now() + interval '1 hour'"
    )
    await database.execute("UPDATE lanes SET wake_at = now() + interval '1 hour'")

    async with mill.working(chores=CHORES):
        await mill.all_done(1, timeout_s=5)


async def test_a_gate_without_anybody_lets_younger_work_in_again(mill: Mill) -> None:
    await pause(mill.house.database, "dynamics", "ada", "month-end")
    await resume(mill.house.database, "dynamics", "ada", "done")
    await mill.bring("young", "order")

    async with mill.working(chores=CHORES):
        await mill.all_done(1, timeout_s=5)

    assert await mill.house.database.fetch_value(
        "SELECT let_in IS NULL FROM gates WHERE connection = 'dynamics'"
    )


class Slow:
    """A session whose probe takes its time; counts how many are under way."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.under_way = 0
        self.most = 0
        self.begun = 0

    async def probe(self, call: Call) -> None:
        call.guard()
        self.begun += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1


async def tripped(house: House, session: Slow) -> None:
    object.__setattr__(house.connections["dynamics"], "session", session)
    for _ in range(house.gates.breaker.failures_max):
        await house.gates.failed("dynamics", Transient("refused", gate=True))
    await asyncio.sleep(0.15)


async def test_a_tripped_gate_is_probed_by_one_worker_and_opens(mill: Mill) -> None:
    session = Slow(0.2)
    await tripped(mill.house, session)
    await mill.bring("o1", "order")

    await asyncio.gather(*(keep_gates(mill.house) for _ in range(6)))
    async with mill.working(chores=CHORES):
        await mill.all_done(1)

    assert (session.most, session.begun) == (1, 1)


async def test_a_probe_ends_before_another_may_begin(mill: Mill) -> None:
    """The connection's time-out is 1 s; its probe would take an hour."""
    session = Slow(3600.0)
    await tripped(mill.house, session)

    await asyncio.wait_for(keep_gates(mill.house), 3)

    assert session.under_way == 0
    row = await mill.house.database.fetch_row("SELECT * FROM gates WHERE connection = 'dynamics'")
    assert row is not None
    assert row["state"] == "tripped"
    assert "longer than 1 s" in row["reason"]
    assert row["probe_until"] is None


async def test_a_probe_whose_right_has_expired_opens_nothing(mill: Mill) -> None:
    gates = mill.house.gates
    await tripped(mill.house, Slow(0.0))
    first = await gates.take_probe("dynamics", 0.01)
    await asyncio.sleep(0.05)
    second = await gates.take_probe("dynamics", 5.0)
    assert first is not None
    assert second is not None

    assert not await gates.probe_passed("dynamics", first)
    assert await gates.probe_passed("dynamics", second)


async def test_failures_in_a_row_are_counted_over_all_processes(database: Database) -> None:
    one, another = (Gates(database, Breaker(failures_max=5, seen_s=0.0)) for _ in range(2))
    await one.ensure(["dynamics"])
    for _ in range(2):
        await one.failed("dynamics", Transient("refused", gate=True))
        await another.failed("dynamics", Transient("refused", gate=True))

    await another.enter("dynamics")
    await another.succeeded("dynamics")  # it has troubles of its own
    for _ in range(4):
        await one.failed("dynamics", Transient("refused", gate=True))
    third = Gates(database, Breaker(failures_max=5, seen_s=0.0))
    await third.enter("dynamics")
    await third.succeeded("dynamics")  # it has seen those of others
    await one.failed("dynamics", Transient("refused", gate=True))

    (gate,) = await one.all()
    assert (gate.state, gate.failures) == ("open", 1)
    for _ in range(4):
        await another.failed("dynamics", Transient("refused", gate=True))
    (gate,) = await one.all()
    assert gate.state == "tripped"
