"""What people and clocks do in a test: flows begin by themselves, dead letters are steered."""

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.events import TRIGGERS, Kind
from tillbridge.desk.approvals import open_approvals
from tillbridge.journeys.approval import answer_approval
from tillbridge.journeys.house import House
from tillbridge.journeys.start import start
from tillbridge.journeys.steer import cancel, replay
from tillbridge.rehearsal.story import Beginning, DeskAct
from tillbridge.runs.dead_letters import dead_letters

WHY = "a test says so"


async def begin(act: Beginning, house: House) -> str:
    """Begins a flow as its trigger would; answers what is wrong, or ""."""
    flow = next(flow for flow in house.catalogue.active if flow.name == act.flow)
    kinds = [kind for kind in flow.starts_on if kind in TRIGGERS]
    if not kinds:
        return f"{flow.name} begins with events: send one."
    kind = Kind.RUN_REQUESTED if Kind.RUN_REQUESTED in kinds else kinds[0]
    async with house.database.transaction() as tx:
        await start(
            house,
            tx,
            flow,
            kind=kind,
            number=f"test {act.place.line}",
            trigger=act.trigger,
            subject=act.subject or act.trigger.name or flow.name,
            occurred_at=house.clock(),
        )
    return ""


async def steer(act: DeskAct, house: House) -> str:
    """Does what a person does at the desk; answers what is wrong, or ""."""
    try:
        if act.verb in ("approve", "refuse"):
            return await _answer(act, house)
        letters = [one for one in await dead_letters(house.database) if one.flow == act.flow]
        if not letters:
            return f"There is no open dead letter of {act.flow}."
        do = replay if act.verb == "replay" else cancel
        await do(house, letters[0].run_id, act.who, WHY)
    except TillbridgeError as error:
        return str(error)
    return ""


async def _answer(act: DeskAct, house: House) -> str:
    asked = [one for one in await open_approvals(house.database) if one.flow == act.flow]
    if not asked:
        return f"{act.flow} asks nobody."
    await answer_approval(house, asked[0].id, act.who, WHY, approved=act.verb == "approve")
    return ""
