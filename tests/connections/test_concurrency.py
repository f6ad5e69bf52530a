"""What another system bears at once, learned from its answers and failures."""

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connections.concurrency import Concurrency
from tillbridge.connections.gates import Breaker, Gates
from tillbridge.database.database import Database


def after(failures_in_a_hundred: int) -> int:
    """Turns at once after a thousand calls that fail so often, evenly."""
    learned = Concurrency(100)
    for number in range(1000):
        if number * failures_in_a_hundred % 100 < failures_in_a_hundred:
            learned.failed()
        else:
            learned.answered()
    return learned.borne or 100


def test_a_few_failures_leave_all_the_room_and_many_leave_little() -> None:
    assert after(0) == after(1) == 100
    assert 30 <= after(5) <= 60
    assert 6 <= after(20) <= 15
    assert after(90) == 2


def test_what_answers_again_gets_all_the_room_again() -> None:
    learned = Concurrency(100)
    for _ in range(200):
        learned.failed()

    rounds = []
    while (borne := learned.borne) is not None:
        rounds.append(borne)
        for _ in range(borne):
            learned.answered()

    assert rounds[0] == 2
    assert len(rounds) <= 12


async def test_a_gate_learns_from_failures_of_the_connection_only(database: Database) -> None:
    gates = Gates(database, Breaker(failures_max=1000))
    await gates.ensure(["dynamics", "sage"])

    for _ in range(20):
        await gates.failed("dynamics", Transient("no answer in time", gate=True))
        await gates.failed("sage", Rejected("no such product"))

    assert gates.borne("dynamics") == 2
    assert gates.borne("sage") is None
    for _ in range(400):
        await gates.succeeded("dynamics")
    assert gates.borne("dynamics") is None
