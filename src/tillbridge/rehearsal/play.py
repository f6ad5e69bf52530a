"""Plays one test: act after act, each when nothing moves any more."""

import asyncio
import time
from dataclasses import dataclass

from tillbridge.canonical.errors import Place
from tillbridge.database.database import Database, Tx
from tillbridge.journeys.lapse import lapse_parts
from tillbridge.journeys.poll import poll_reviews
from tillbridge.journeys.receive import take_events
from tillbridge.rehearsal.people import begin, steer
from tillbridge.rehearsal.record import SQL, Record, read_record
from tillbridge.rehearsal.story import (
    Act,
    Beginning,
    Checkout,
    Decision,
    DeskAct,
    Elsewhere,
    Fault,
    Happening,
    Passage,
    Story,
    Telling,
    Weather,
)
from tillbridge.rehearsal.town import Scene

LOOK_S = 0.01
REST_MAX_S = 20.0
"""Real seconds after which a test that still moves is given up."""
AHEAD_MAX_S = 1800.0
"""Of the world's own time: what waits for longer (a person, a wait of days) is at rest."""
LEAPS_MAX = 30
"""How often what waits is brought to its time after one act: a system that stays down is asked
again and again."""
LAST_LOOKS = 5
"""How often a test is looked at in the end, until what is seen does not move."""
RESTLESS = f"Things still move {REST_MAX_S:g} s after this step."
_PASSING = (
    "pass_runs", "pass_lanes", "pass_windows", "pass_effects", "pass_gates", "pass_chores",
    "pass_parts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the test itself that did not go as it says."""

    place: Place
    sentence: str


@dataclass(frozen=True, slots=True)
class Played:
    """A test that was played.

    Attributes:
        took_s: seconds.
    """

    record: Record
    troubles: tuple[Trouble, ...]
    took_s: float


async def play(story: Story, scene: Scene) -> Played:
    """Plays a test to its end."""
    began = time.monotonic()
    troubles: list[Trouble] = []
    for act in story.acts:
        if trouble := await _play(act, scene):
            troubles.append(Trouble(act.place, trouble))
            if trouble == RESTLESS:
                break
    looks = 1 if troubles else LAST_LOOKS
    return Played(await _last(scene, looks), tuple(troubles), time.monotonic() - began)


async def _last(scene: Scene, looks: int) -> Record:
    """What there is in the end. A poll may have brought something since all was at rest: it is
    given its time too."""
    while True:
        record = await read_record(scene.house.database, await scene.world.effects())
        moving, next_s, _ = await _movement(scene)
        looks -= 1
        at_rest = not moving and (next_s is None or next_s * scene.factor > AHEAD_MAX_S)
        if at_rest or looks <= 0:
            return record
        await _rest(scene, asyncio.create_task(_nothing()))


async def _play(act: Act, scene: Scene) -> str:
    """Does one act and waits for rest; answers what is wrong, or ""."""
    if isinstance(act, Passage):
        return await _let_pass(act.seconds / scene.factor, scene)
    acting = asyncio.create_task(_act(act, scene))
    return acting.result() if await _rest(scene, acting) else RESTLESS


async def _let_pass(left_s: float, scene: Scene) -> str:
    """Lets so much of our time pass, from one thing that was waited for to the next."""
    while left_s > 0:
        _, _, any_s = await _movement(scene)
        step_s = min(left_s, max(any_s, 0.0)) if any_s is not None else left_s
        left_s -= step_s
        await _pass(scene.house.database, step_s)
        await lapse_parts(scene.house)
        if not await _rest(scene, asyncio.create_task(_nothing())):
            return RESTLESS
        if any_s is not None and any_s <= 0 and not step_s:
            left_s -= LOOK_S
    return ""


async def _nothing() -> str:
    return ""


async def _act(act: Act, scene: Scene) -> str:
    """Does one act; answers what is wrong with it, or ""."""
    match act:
        case Checkout():
            found = await scene.world.checkout(act.document, act.card, act.key, act.owed)
            if act.answer and found["status"] != act.answer:
                reason = f" ({found['reason']})" if found["reason"] else ""
                return f"The shop was told {found['status']}{reason}, expected was {act.answer}."
        case Telling():
            if not await scene.world.tell(act.operation, act.delivery):
                return "The door refused it, or it was lost."
        case Decision():
            if not await scene.world.decide(act.order_number, accept=act.accept):
                return f"No payment of order {act.order_number} waits for a decision."
            await _hear_of_it(scene)
        case Elsewhere():
            return await scene.world.happen(act.name, act.given)
        case Happening():
            await scene.house.database.commit(lambda tx: take_events(scene.house, tx, [act.event]))
        case Beginning():
            return await begin(act, scene.house)
        case DeskAct():
            return await steer(act, scene.house)
        case Weather():
            await _plan(act, scene)
        case Passage():
            raise AssertionError("time is let pass elsewhere")
    return ""


async def _hear_of_it(scene: Scene) -> None:
    """We ask about decisions every few minutes: those have passed."""
    database = scene.house.database
    async with database.transaction() as tx:
        await tx.execute(SQL["pass_chores"], scene.house.pace.review_poll_s)
    await poll_reviews(scene.house)


async def _plan(weather: Weather, scene: Scene) -> None:
    for connection, faults in weather.faults.items():
        rules = [_rule(fault) for fault in faults]
        down = connection in weather.down
        await scene.world.plan(scene.systems[connection], rules, down=down)


def _rule(fault: Fault) -> dict[str, object]:
    wanted = {"kind": fault.kind, "seconds": fault.seconds, "status": fault.status}
    return {"operation": fault.operation, "fault": wanted, "times": fault.times}


async def _rest(scene: Scene, acting: "asyncio.Task[str]") -> bool:
    """Waits until the act is done and nothing moves, here and outside; what waits for a short time
    is not waited for but brought to it. False when it moves for too long."""
    until = time.monotonic() + REST_MAX_S
    leaps = 0
    while time.monotonic() < until:
        done = acting.done()  # before we look: what it has started is seen then
        await scene.world.settle()
        if await _moves(scene) or await _moves(scene):  # what was on its way may have arrived
            await asyncio.sleep(LOOK_S)
            continue
        _, next_s, _ = await _movement(scene)
        if next_s is not None and next_s * scene.factor <= AHEAD_MAX_S and leaps < LEAPS_MAX:
            leaps += 1
            await _pass(scene.house.database, next_s)
        elif done:
            return True
        else:
            await asyncio.sleep(LOOK_S)
    acting.cancel()
    return False


async def _moves(scene: Scene) -> bool:
    moving, _, _ = await _movement(scene)
    if moving or scene.house.calls:
        return True
    await scene.world.settle()
    return False


async def _movement(scene: Scene) -> tuple[int, float | None, float | None]:
    row = await scene.house.database.fetch_row(SQL["movement"])
    assert row is not None, "a count answers one row"
    return row["moving"], row["next_s"], row["any_s"]


async def _pass(database: Database, seconds: float) -> None:
    """So many seconds of ours pass at once for everything that is written down."""

    async def let_pass(tx: Tx) -> None:
        for name in _PASSING:
            await tx.execute(SQL[name], seconds)

    await database.commit(let_pass)  # workers may be at the same rows
