"""Gates: when work may go through, decided once for all workers in a real database."""

import asyncio
from datetime import UTC, datetime

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.connections.gates import Breaker, Gate, GateClosed, Gates
from tillbridge.database.database import Database

QUICK = Breaker(failures_max=3, closed_s=0.1, closed_max_s=0.4, seen_s=0.0)
BROKEN = Transient("refused connection", gate=True)


async def gates_of(database: Database, breaker: Breaker = QUICK) -> Gates:
    gates = Gates(database, breaker)
    await gates.ensure(["cybersource", "dynamics"])
    return gates


async def gate(gates: Gates, name: str = "cybersource") -> Gate:
    return next(one for one in await gates.all() if one.connection == name)


async def fail(gates: Gates, times: int, error: TillbridgeError = BROKEN) -> None:
    for _ in range(times):
        await gates.failed("cybersource", error)


async def is_open(gates: Gates, name: str = "cybersource") -> bool:
    try:
        await gates.enter(name)
    except GateClosed:
        return False
    return True


async def test_a_gate_trips_after_failures_in_a_row_and_not_before(database: Database) -> None:
    gates = await gates_of(database)

    await fail(gates, 2)
    assert await is_open(gates)
    await fail(gates, 1)

    assert not await is_open(gates)
    assert await is_open(gates, "dynamics")


async def test_a_success_forgets_the_failures_before_it(database: Database) -> None:
    gates = await gates_of(database)
    await fail(gates, 2)

    await gates.succeeded("cybersource")
    await fail(gates, 2)

    assert await is_open(gates)


async def test_a_gate_that_is_asked_to_wait_closes_at_once_and_for_that_long(
    database: Database,
) -> None:
    gates = await gates_of(database)

    await fail(gates, 1, Transient("slow down", wait_s=7.0, gate=True))

    with pytest.raises(GateClosed) as closed:
        await gates.enter("cybersource")
    assert closed.value.wait_s == pytest.approx(7.0, abs=0.5)
    assert "slow down" in closed.value.reason


@pytest.mark.parametrize(
    "error",
    [
        Transient("a row is locked"),
        Rejected("no such account"),
        Misconfigured("no such field", reason="bad_setting"),
    ],
)
async def test_what_concerns_one_document_only_is_not_the_gates_business(
    database: Database, error: TillbridgeError
) -> None:
    gates = await gates_of(database)

    await fail(gates, 5, error)

    assert (await gate(gates)).failures == 0


async def test_refused_credentials_close_the_gate_at_once(database: Database) -> None:
    gates = await gates_of(database)

    await fail(gates, 1, Misconfigured("401", reason="credentials"))

    assert not await is_open(gates)


async def test_a_gate_that_trips_again_stays_closed_longer_up_to_a_limit(
    database: Database,
) -> None:
    gates = await gates_of(database)
    await fail(gates, 3)
    waits = [(await gate(gates)).closed_for_s]

    for _ in range(4):
        await gates.probe_failed("cybersource", 0, Transient("still down"))
        waits.append((await gate(gates)).closed_for_s)

    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.4, 0.4], abs=0.08)


async def test_one_worker_alone_may_probe_and_only_when_the_time_has_come(
    database: Database,
) -> None:
    workers = [await gates_of(database) for _ in range(4)]
    await fail(workers[0], 3)
    assert not await workers[0].take_probe("cybersource", 5.0)
    await asyncio.sleep(0.12)

    taken = await asyncio.gather(
        *(one.take_probe("cybersource", 5.0) for one in workers for _ in range(3))
    )

    assert [number for number in taken if number is not None] == [1]


async def test_the_right_to_probe_expires_with_a_worker_that_died(database: Database) -> None:
    gates = await gates_of(database)
    await fail(gates, 3)
    await asyncio.sleep(0.12)
    assert await gates.take_probe("cybersource", 0.05)
    await asyncio.sleep(0.06)

    assert await gates.take_probe("cybersource", 0.05)


async def test_a_tripped_gate_opens_by_its_probe_and_not_by_time(database: Database) -> None:
    gates = await gates_of(database)
    await fail(gates, 3)
    await asyncio.sleep(0.12)
    assert not await is_open(gates)

    probe = await gates.take_probe("cybersource", 5.0)
    assert probe is not None
    assert await gates.probe_passed("cybersource", probe)

    assert await is_open(gates)
    assert (await gate(gates)).changed_by == "probe"


async def test_every_worker_sees_a_gate_that_one_of_them_closed(database: Database) -> None:
    one, another = await gates_of(database), await gates_of(database)

    await fail(one, 3)

    assert not await is_open(another)


async def test_the_kill_switch_closes_until_a_person_opens(database: Database) -> None:
    gates = await gates_of(database)

    assert await gates.pause("cybersource", "month-end", "ada")
    await fail(gates, 5)
    assert not await gates.probe_passed("cybersource", 0)
    with pytest.raises(GateClosed, match="paused: month-end"):
        await gates.enter("cybersource")
    assert not await gates.take_probe("cybersource", 1.0)

    assert await gates.resume("cybersource", "ada")
    assert await is_open(gates)


async def test_behind_a_gate_that_has_just_opened_later_work_waits_for_what_waited_longer(
    database: Database,
) -> None:
    gates = await gates_of(database)
    started_at = datetime.now(UTC)
    await gates.pause("cybersource", "month-end", "ada")
    await gates.resume("cybersource", "ada")

    with pytest.raises(GateClosed, match="waited longer"):
        await gates.enter("cybersource", since=started_at)
    async with database.transaction() as tx:
        await gates.let_in(tx, "cybersource", None)
    await gates.enter("cybersource", since=started_at)


async def test_a_gate_that_does_not_exist_cannot_be_steered(database: Database) -> None:
    gates = await gates_of(database)

    assert not await gates.pause("nobody", "why", "ada")
    assert not await gates.resume("nobody", "ada")


async def test_making_gates_again_leaves_those_that_are_there_alone(database: Database) -> None:
    gates = await gates_of(database)
    await gates.pause("cybersource", "month-end", "ada")

    await gates.ensure(["cybersource", "sage"])

    assert [(one.connection, one.state) for one in await gates.all()] == [
        ("cybersource", "paused"),
        ("dynamics", "open"),
        ("sage", "open"),
    ]


async def test_an_open_gate_costs_no_statement_while_it_was_just_seen(database: Database) -> None:
    gates = await gates_of(database, Breaker(seen_s=60.0))
    await gates.enter("cybersource")
    await database.execute("UPDATE gates SET state = 'paused'")

    await gates.enter("cybersource")

    await database.execute("UPDATE gates SET state = 'open'")
