"""Slots by target, in one process."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from tillbridge.runs.lanes import Turn
from tillbridge.runs.lease import Lease
from tillbridge.runtime.turns import Turns


class Doors:
    """Turns that end when they are let go."""

    def __init__(self, slots: int) -> None:
        self.open = asyncio.Event()
        self.begun: list[str] = []
        self.freed = 0
        self.turns = Turns(self.take, slots, self.free)

    def begin(self, target: str, subjects: Sequence[str]) -> None:
        """Begins a turn of each subject, claimed for the slots that are free."""
        free = self.turns.free([target])
        turns = [Turn(Lease(name, target, 1, 1, 0.0), 1, []) for name in subjects]
        self.turns.begin(turns, free)

    async def take(self, turn: Turn) -> None:
        self.begun.append(turn.lease.target)
        await self.open.wait()

    def free(self) -> None:
        self.freed += 1

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_turns_under_way_take_the_slots_of_their_own_target() -> None:
    doors = Doors(3)
    doors.begin("sage", "ab")
    doors.begin("dynamics", "a")
    await doors.settle()

    assert Counter(doors.begun) == {"sage": 2, "dynamics": 1}
    assert doors.turns.free(["sage", "dynamics", "shop"]) == {"sage": 1, "dynamics": 2, "shop": 3}


async def test_a_target_without_a_slot_is_not_asked_for() -> None:
    doors = Doors(2)
    doors.begin("sage", "ab")

    assert doors.turns.free(["sage", "dynamics"]) == {"dynamics": 2}


async def test_slots_are_free_again_when_their_turns_have_ended() -> None:
    doors = Doors(2)
    doors.begin("sage", "ab")
    doors.open.set()
    await doors.settle()

    assert doors.turns.free(["sage"]) == {"sage": 2}


async def test_a_slot_that_is_free_again_is_told_once_where_every_one_was_taken() -> None:
    """Only there may something have been left waiting."""
    doors = Doors(2)
    doors.begin("sage", "ab")
    doors.begin("dynamics", "a")
    doors.open.set()
    await doors.settle()

    assert doors.freed == 1


async def test_a_turn_that_ends_during_a_claim_leaves_nothing_waiting_unheard() -> None:
    """The slots that a claim offers are all taken, though one more was freed meanwhile."""
    doors = Doors(2)
    doors.begin("sage", "a")
    free = doors.turns.free(["sage"])
    doors.open.set()
    await doors.settle()
    doors.turns.begin([Turn(Lease("b", "sage", 1, 1, 0.0), 1, [])], free)
    await doors.settle()

    assert doors.freed == 1


async def test_finishing_waits_for_what_is_under_way() -> None:
    doors = Doors(1)
    doors.begin("sage", "a")
    await doors.settle()
    finishing = asyncio.create_task(doors.turns.finish())
    await doors.settle()
    assert not finishing.done()

    doors.open.set()
    await finishing


async def test_a_target_gets_no_more_turns_than_it_bears_and_the_next_when_one_ends() -> None:
    doors = Doors(5)
    doors.begin("sage", "abc")
    borne = {"sage": 2}.get

    assert doors.turns.free(["sage", "dynamics"], borne) == {"dynamics": 5}
    doors.open.set()
    await doors.settle()

    assert doors.freed == 1
    assert doors.turns.free(["sage"], borne) == {"sage": 2}
