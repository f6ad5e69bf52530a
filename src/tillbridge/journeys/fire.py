"""Fire: flows start at their planned times, each time once.

    what was planned since we last looked -> what is still wanted -> a run for each, one commit

Any worker may do it: a planned time is taken by the unique key (flow, time), in the commit that
starts its run. After a downtime the flow says what it wants of the times it missed.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from tillbridge.canonical.events import Kind, Trigger
from tillbridge.flows.flow import Flow
from tillbridge.flows.trigger import OnSchedule
from tillbridge.journeys.house import House
from tillbridge.journeys.start import start
from tillbridge.triggers.planned_times import considered_until, fire

LATE_S = 60.0
"""A time is missed when nobody came by within so many seconds: a restart is no downtime."""
TIMES_MAX = 1_000
"""Times considered in one commit; the rest is for the next look."""


async def fire_schedules(house: House) -> None:
    """Starts what is due of every flow with a schedule."""
    for flow in house.catalogue.active:
        if isinstance(flow.trigger, OnSchedule):
            await _fire(house, flow, flow.trigger)


async def _fire(house: House, flow: Flow, trigger: OnSchedule) -> None:
    now = house.clock()
    async with house.database.transaction() as tx:
        since = await considered_until(tx, flow.name, now)
        if since is None or since >= now:
            return
        every = trigger.schedule.planned_between(since, now)
        if trigger.schedule.missed == "all":
            planned = list(islice(every, TIMES_MAX))
        else:  # of a long time only the newest count
            planned = list(deque(every, TIMES_MAX))
        behind = trigger.schedule.missed == "all" and len(planned) == TIMES_MAX
        until = planned[-1] if behind else now
        wanted = _wanted(trigger, planned, now)
        passed_over = [at for at in planned if at not in wanted]
        for at in await fire(tx, flow.name, wanted, passed_over, until):
            text = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
            await start(
                house,
                tx,
                flow,
                kind=Kind.SCHEDULE_DUE,
                number=text,
                trigger=Trigger(flow.name, planned_at=at),
                subject=f"{flow.name} {text}",
                occurred_at=now,
            )


def _wanted(trigger: OnSchedule, planned: Sequence[datetime], now: datetime) -> list[datetime]:
    """The planned times that start a run: all that are on time, and of the missed ones what the
    schedule wants ("once": the newest stands for all)."""
    late = timedelta(seconds=LATE_S)
    match trigger.schedule.missed:
        case "all":
            return list(planned)
        case "once":
            return list(planned[-1:])
        case _:
            return [at for at in planned if now - at <= late]
