"""Gather: events of a flow come together in a window; when it closes, one run has them all.

Each event is a run of its own that puts it into the open window and is done: so an event is in one
window, once, whatever crashes. A window closes when it is full, in the same commit, or when its
time is up, by whichever worker sees it first.
"""

from datetime import timedelta

from tillbridge.canonical.codec import decode_event, encode_event
from tillbridge.canonical.events import Collected, Event, EventData, Kind, Trigger
from tillbridge.database.database import Tx
from tillbridge.flows.flow import Flow
from tillbridge.flows.trigger import OnWindow
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.runs.journal import Journal
from tillbridge.triggers.windows import Window, close_window, collect, due_windows

GATHERED = "<gathered>"


def gathers(flow: Flow, event: Event) -> bool:
    """Whether the event only joins the flow's window."""
    return isinstance(flow.trigger, OnWindow) and event.kind is not Kind.WINDOW_CLOSED


async def gather(house: House, journal: Journal, flow: Flow, event: Event) -> str:
    """Puts an event into its window; answers for people where it went.

    Raises:
        Rejected: the window's key cannot be worked out.
    """
    trigger = flow.trigger
    assert isinstance(trigger, OnWindow), "only a window gathers"
    key = trigger.window_of(event)
    now = house.clock()
    closes_at = now + timedelta(seconds=trigger.length_s / house.factor)

    async def put(tx: Tx) -> bytes:
        number, count = await collect(tx, flow.name, key, encode_event(event), closes_at)
        if count >= trigger.events_max:
            await _close(house, tx, number)
        return str(number).encode()

    number = await journal.local(GATHERED, put)
    return f"gathered in window {number.decode()}"


async def close_windows(house: House) -> None:
    """Closes every window whose time is up; each starts its run in the commit that closes it."""
    for number in await due_windows(house.database, house.clock()):
        async with house.database.transaction() as tx:
            await _close(house, tx, number)


async def _close(house: House, tx: Tx, number: int) -> None:
    window = await close_window(tx, number, house.clock())
    if window is not None:
        await take_events(house, tx, [_closed(house, window)])


def _closed(house: House, window: Window) -> Event:
    subject = " ".join(filter(None, (window.flow, window.key, f"window {window.id}")))
    events = tuple(_collected(decode_event(envelope)) for envelope in window.envelopes)
    return Event(
        id=f"{Kind.WINDOW_CLOSED}:{window.id}",
        source="tillbridge",
        kind=Kind.WINDOW_CLOSED,
        subject=subject,
        occurred_at=house.clock(),
        data=EventData(trigger=Trigger(window.flow, window.key, events=events)),
    )


def _collected(event: Event) -> Collected:
    about = event.data
    return Collected(
        event.kind,
        event.subject,
        event.occurred_at,
        about.order,
        about.payment,
        about.fulfilment,
        about.written,
        about.refund,
        about.invoice,
        about.link,
        about.subscription,
        about.news,
    )
