"""A flow as people see it: what starts it, whether it is paused, when it starts next."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.flows.flow import Flow
from tillbridge.flows.pauses import paused_flows
from tillbridge.flows.trigger import OnSchedule
from tillbridge.journeys.house import House
from tillbridge.journeys.watch_flows import watched_flows
from tillbridge.runs.watchdogs import Watchdog
from tillbridge.triggers.planned_times import Firing, firings

STARTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FlowView:
    """One active flow.

    Attributes:
        starts_on: the kinds of events that start it.
        concurrency: how many of its runs at once; None: no limit.
        paused: why, and by whom; "" while it runs.
        next_starts: its next planned times, UTC; empty without a schedule.
        heard_at: when a watchdog came through it last; None: never, or it is not watched.
        silent_s: seconds since the oldest was sent that has not come through; 0 when all have.
        trouble: why one that a worker took did not come through.
    """

    name: str
    title: str
    lane: str
    version: str
    starts_on: tuple[str, ...]
    concurrency: int | None
    paused: str
    next_starts: tuple[datetime, ...]
    heard_at: datetime | None = None
    silent_s: float = 0.0
    trouble: str = ""


async def flow_views(house: House) -> list[FlowView]:
    """Every active flow, by name."""
    paused = {
        each.flow: f"{each.why} ({each.paused_by})" for each in await paused_flows(house.database)
    }
    flows = sorted(house.catalogue.active, key=lambda flow: flow.name)
    dogs = {dog.flow: dog for dog in await watched_flows(house)}
    now = house.clock()
    return [_view(flow, paused.get(flow.name, ""), now, dogs.get(flow.name)) for flow in flows]


async def flow_view(house: House, name: str) -> tuple[FlowView, list[Firing]]:
    """One flow, with the newest planned times that were considered. Raises Rejected."""
    flow = house.catalogue.flow(name)
    views = await flow_views(house)
    view = next(view for view in views if view.name == flow.name)
    return view, await firings(house.database, name, STARTS_SHOWN)


def _view(flow: Flow, paused: str, now: datetime, dog: Watchdog | None) -> FlowView:
    trigger = flow.trigger
    starts = (
        trigger.schedule.next_starts(now, STARTS_SHOWN) if isinstance(trigger, OnSchedule) else ()
    )
    return FlowView(
        name=flow.name,
        title=flow.title,
        lane=flow.lane,
        version=flow.version,
        starts_on=tuple(str(kind) for kind in flow.starts_on),
        concurrency=flow.concurrency,
        paused=paused or ("by its text" if flow.paused else ""),
        next_starts=starts,
        heard_at=dog.heard_at if dog is not None else None,
        silent_s=dog.silent_s if dog is not None else 0.0,
        trouble=dog.trouble if dog is not None else "",
    )
