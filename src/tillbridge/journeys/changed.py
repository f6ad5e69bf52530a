"""Changed: records that another system reports as changed since the last poll, each change once.

cursor -> the connection's poll -> a run for each record, and the new cursor, in one commit
"""

import logging

from tillbridge.canonical.card_data import mask_body
from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.events import Kind, Trigger
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, PollsChanges
from tillbridge.flows.flow import Flow
from tillbridge.flows.trigger import OnChange
from tillbridge.inbox.sightings import note_sighting
from tillbridge.journeys.house import House
from tillbridge.journeys.start import start
from tillbridge.runs.lanes import take_chore
from tillbridge.triggers.cursors import cursor_of, move_cursor

PAGES_MAX = 20
"""Pages of one poll; the next poll goes on behind them."""
_LOG = logging.getLogger(__name__)


async def poll_changes(house: House) -> None:
    """Polls for every flow that starts on changes and whose time has come; one worker a flow."""
    for flow in house.catalogue.active:
        if not isinstance(flow.trigger, OnChange):
            continue
        every_s = flow.trigger.every_s / house.factor
        if await take_chore(house.database, f"changes of {flow.name}", every_s):
            await _poll(house, flow, flow.trigger)


async def _poll(house: House, flow: Flow, trigger: OnChange) -> None:
    at = house.connections[trigger.connection]
    try:
        for _ in range(PAGES_MAX):
            await house.gates.enter(at.name)
            before = await cursor_of(house.database, flow.name)
            changes = await _ask(house, at, trigger, before)
            await house.gates.succeeded(at.name)
            if not await _take_in(house, flow, at, before, changes) or not changes.more:
                return
    except GateClosed:
        return
    except TillbridgeError as error:
        await house.gates.failed(at.name, error)
        _LOG.warning("the changes for %s: %s", flow.name, error)


async def _ask(house: House, at: Connection, trigger: OnChange, cursor: str) -> Changes:
    session = at.session
    assert isinstance(session, PollsChanges), "checked when the flow was read"
    call = Call("", house.clock(), at.timeout_s, f"changes of {trigger.ask}", lambda: None)
    return await session.polls[trigger.ask].call(call, trigger.asked(), cursor)


async def _take_in(house: House, flow: Flow, at: Connection, before: str, changes: Changes) -> bool:
    """Starts the runs and moves the cursor; False when another worker has moved it meanwhile."""
    if not changes.records and changes.cursor == before:
        return True
    now = house.clock()
    async with house.database.transaction() as tx:
        if not await move_cursor(tx, flow.name, before, changes.cursor, now):
            return False
        for changed in changes.records:
            record = await _without_card_data(house, changed, at)
            await start(
                house,
                tx,
                flow,
                kind=Kind.RECORD_CHANGED,
                number=f"{record.id}:{record.version}",
                trigger=Trigger(flow.name, record.id, fields=dict(record.fields)),
                subject=f"{flow.name} {record.id} {record.version}",
                occurred_at=now,
            )
    return True


async def _without_card_data(house: House, record: ChangedRecord, at: Connection) -> ChangedRecord:
    """What a system sends is masked, and kept."""
    id_fields = at.configured.connector.id_fields
    body, masked = mask_body(encode(record.fields), id_fields)
    if not masked:
        return record
    await note_sighting(house.database, f"changes at {at.name}", masked[0], "masked")
    return ChangedRecord(record.id, record.version, read_json(body))
