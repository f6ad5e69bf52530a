"""Slots by target, in one process."""

import asyncio
from collections import Counter

from tillbridge.runs.lanes import Lane
from tillbridge.runtime.turns import PENDING_MAX, Turns


class Doors:
    """Turns that end when they are let go."""

    def __init__(self, slots: int) -> None:
        self.open = asyncio.Event()
        self.begun: list[Lane] = []
        self.turns = Turns(self.take, slots)

    async def take(self, lane: Lane) -> None:
        self.begun.append(lane)
        await self.open.wait()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_so_many_at_a_time_for_each_target() -> None:
    doors = Doors(2)
    for number in range(5):
        doors.turns.begin(Lane(str(number), "sage"))
        doors.turns.begin(Lane(str(number), "dynamics"))
    await doors.settle()

    assert Counter(lane.target for lane in doors.begun) == {"sage": 2, "dynamics": 2}
    doors.open.set()
    await doors.settle()
    assert Counter(lane.target for lane in doors.begun) == {"sage": 5, "dynamics": 5}


async def test_a_lane_waits_for_a_slot_once_however_often_it_is_rung_for() -> None:
    doors = Doors(1)
    doors.turns.begin(Lane("1", "sage"))
    for _ in range(5):
        doors.turns.begin(Lane("2", "sage"))
    await doors.settle()

    doors.open.set()
    await doors.settle()

    assert [lane.subject for lane in doors.begun] == ["1", "2"]


async def test_only_so_many_are_remembered_the_rest_is_left_to_the_sweeper() -> None:
    doors = Doors(1)
    for number in range(PENDING_MAX + 10):
        doors.turns.begin(Lane(str(number), "sage"))
    doors.open.set()
    await doors.turns.finish()

    assert len(doors.begun) <= PENDING_MAX + 1


async def test_finishing_begins_nothing_more_and_waits_for_what_is_under_way() -> None:
    doors = Doors(1)
    doors.turns.begin(Lane("1", "sage"))
    doors.turns.begin(Lane("2", "sage"))
    await doors.settle()
    finishing = asyncio.create_task(doors.turns.finish())
    await doors.settle()
    assert not finishing.done()

    doors.open.set()
    await finishing

    assert [lane.subject for lane in doors.begun] == ["1"]
