"""Receive: a delivery at a door is verified, kept once, understood, and starts what it starts.

    door -> verify -> inbox -> observations and events -> flows' runs in their lanes -> bell

All of it is one transaction; the sender is answered 2xx only after its commit. Refused with 4xx
is only a bad signature, an unknown door, unreadable JSON, or card data where people and shops
send; everything else is kept.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tillbridge.canonical.codec import encode, encode_event
from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.payments import Observation, Source
from tillbridge.canonical.references import ExternalReference
from tillbridge.connections.connections import Connection, Door
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.keyring import UnknownKeyError
from tillbridge.database.database import UNFIT, Tx, keepable, unfit
from tillbridge.database.statements import load_statements
from tillbridge.inbox.inbox import Keeping, delivery_row, keep, keeping_of
from tillbridge.inbox.sightings import note_sighting
from tillbridge.journeys.card_guard import screened
from tillbridge.journeys.following import follow_subject
from tillbridge.journeys.house import House
from tillbridge.journeys.webhooks import verify_anew
from tillbridge.payments.adoptions import want_adoption
from tillbridge.payments.observe import fact_row, observe
from tillbridge.references.references import record
from tillbridge.runs.dead_letters import bury_delivery
from tillbridge.runs.lanes import Arrival, Lane, Start, Turn, accept, is_outdated
from tillbridge.runs.run import Change, Run

SQL = load_statements("tillbridge.journeys", "journeys.sql")
UNUSABLE = "unusable-"
"""Begins the id we give to a delivery whose own id cannot be read."""
UNUSABLE_REASON = "unusable"
JOURNEY = "receive"
HEAD_START_S = 0.1
"""What a payment system tells a door of, it has mostly just answered to ourselves: the answer goes
first. A fact that is told a second time is confirmed in one statement; the other way round both the
delivery and the answer would be judged under locks."""
_STANDING = frozenset({Kind.TOKEN_UPDATED})
"""Kinds of events that say how a thing stands: webhooks come in any order, and what came late must
not be written over what came after it."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """How a delivery ended at the door; all of these are a 2xx."""

    verdict: Literal["accepted", "repeat", "altered", "kept_back"]
    delivery_id: str


async def receive(house: House, delivery: Delivery) -> Received:
    """Keeps a delivery and everything that follows from it, once.

    Raises:
        Rejected: reason "unknown_door", "bad_signature", "bad_json" or "card_data": nothing was
            kept, and the sender has to act.
    """
    connection, door = _door(house, delivery)
    try:
        door.verify(delivery)
    except UnknownKeyError:
        await verify_anew(house, connection, delivery)
    delivery, found = screened(connection, delivery)
    masked = bool(found)
    if masked:
        await note_sighting(house.database, f"POST /doors/{connection.name}", found[0], "masked")
    translation, unusable = _translate(connection, door, delivery)
    await follow_subject(house, _subject(translation))

    async def keep_all(tx: Tx) -> Keeping:
        keeping = await keep(
            tx,
            delivery,
            translation.delivery_id,
            meaning=_meaning(translation),
            kept_back=translation.kept_back,
            masked=masked,
        )
        if keeping.verdict == "new" and unusable:
            await _bury(tx, connection, delivery, translation)
        elif keeping.verdict == "new":
            await _take(house, tx, connection, translation)
        return keeping

    if translation.observations:
        await asyncio.sleep(HEAD_START_S / house.factor)
    try:
        is_standing = any(event.kind in _STANDING for event in translation.events)
        long_way = unusable or translation.paid or is_standing
        keeping = None if long_way else await _keep_at_once(house, delivery, translation, masked)
        if keeping is None:
            keeping = await house.database.commit(keep_all)
    except UNFIT as error:
        translation, unusable = _unusable(delivery, str(unfit(error))), True
        keeping = await house.database.commit(keep_all)
    if keeping.verdict == "new":
        verdict: Literal["accepted", "kept_back"] = (
            "kept_back" if translation.kept_back else "accepted"
        )
        return Received(verdict, translation.delivery_id)
    return Received(keeping.verdict, translation.delivery_id)


async def receive_again(house: House, turn: Turn, run: Run) -> None:
    """A kept delivery that could not be used is read once more: a key was set, a connector mended.

    Raises:
        Rejected: it cannot be used yet.
    """
    path = f"/doors/{run.target}"
    delivery = Delivery(run.target, "POST", path, {}, run.input, run.started_at or house.clock())
    connection, door = _door(house, delivery)
    translation, unusable = _translate(connection, door, delivery)
    if unusable:
        raise Rejected(
            translation.kept_back,
            reason=UNUSABLE_REASON,
            next_step="Mend the cause and replay it, or ask its sender to send it again.",
        )

    async def take(tx: Tx) -> None:
        keeping = await keep(
            tx,
            delivery,
            translation.delivery_id,
            meaning=_meaning(translation),
            kept_back=translation.kept_back,
        )
        if keeping.verdict == "new":
            await _take(house, tx, connection, translation)

    await house.database.commit(take)
    turn.change(Change(run.id, "done", ending=f"read as {translation.delivery_id}"))


async def _keep_at_once(
    house: House, delivery: Delivery, translation: Translation, masked: bool
) -> Keeping | None:
    """The short way, in one statement: events start their runs, and facts are known already (the
    reply has told them). None, and nothing kept, when a fact is new and has to be judged."""
    row = await house.database.at_once(
        SQL["receive_delivery"],
        *delivery_row(
            delivery,
            translation.delivery_id,
            meaning=_meaning(translation),
            kept_back=translation.kept_back,
            masked=masked,
        ),
        [fact_row(delivery.connection, seen) for seen in translation.observations],
        brought_rows(house, translation.events),
        by=_subject(translation),
    )
    return keeping_of(row) if row is not None else None


async def take_in(
    house: House,
    tx: Tx,
    connection: str,
    observations: Sequence[Observation],
    events: Sequence[Event],
) -> list[Arrival]:
    """Observations move payments; what follows from them, and the events, start and wake runs.

    Rows are locked in one order everywhere (observation, attempt, subject, lanes, references), so
    that a reply and the webhook of the same fact cannot block each other for ever. Answers what
    was brought.
    """
    following: list[Event] = []
    news: list[Observation] = []
    for seen in observations:
        observed = await observe(tx, connection, seen)
        following += observed.events
        if observed.new and seen.order_number and seen.source is not Source.REPLY:
            news.append(seen)
    arrivals = await take_events(house, tx, [*following, *events])
    for seen in news:
        reference = ExternalReference(connection, seen.operation, seen.request_id)
        await record(tx, seen.order_number, [reference])
    return arrivals


async def _take(house: House, tx: Tx, connection: Connection, told: Translation) -> None:
    """What a delivery means, in the commit that keeps it; what was paid elsewhere is looked up
    soon (journeys/adopt.py)."""
    await take_in(house, tx, connection.name, told.observations, told.events)
    for paid in told.paid:
        through = connection.configured.pays_through
        await want_adoption(tx, through, connection.name, paid, connection.name)


async def take_events(house: House, tx: Tx, events: Sequence[Event]) -> list[Arrival]:
    """Keeps events once, starts the flows that start on them, wakes the runs that wait for them."""
    return [await accept(tx, event, await _starts(house, tx, event)) for event in events]


async def _starts(house: House, tx: Tx, event: Event) -> Sequence[Start]:
    """What an event starts: nothing, where it says how a thing stood before what we know."""
    if event.kind in _STANDING and await is_outdated(tx, event):
        _LOG.warning(
            "%s of %s is older than what is known: it starts nothing", event.kind, event.subject
        )
        return ()
    return house.catalogue.starts(event)


def brought_rows(house: House, events: Sequence[Event]) -> list[tuple[object, ...]]:
    """Events with the runs they start, as the composite type `brought`."""
    return [
        (
            event.source,
            event.id,
            event.kind,
            event.subject,
            event.occurred_at,
            encode_event(event),
            [start.target for start in starts],
            [start.flow for start in starts],
            [start.version for start in starts],
        )
        for event in events
        for starts in (house.catalogue.starts(event),)
    ]


def is_door(house: House, name: str) -> bool:
    """Whether a connection takes deliveries."""
    return name in house.connections and house.connections[name].door is not None


def _door(house: House, delivery: Delivery) -> tuple[Connection, Door]:
    if delivery.connection in house.connections:
        connection = house.connections[delivery.connection]
        if connection.door is not None:
            return connection, connection.door
    raise Rejected(
        f"There is no door {delivery.connection!r}.",
        reason="unknown_door",
        next_step="Correct the address; doors are the connections that take deliveries.",
    )


def _translate(connection: Connection, door: Door, delivery: Delivery) -> tuple[Translation, bool]:
    """What a delivery means, and whether it is unusable: kept all the same, for a person."""
    try:
        found = door.translate(delivery)
    except TillbridgeError as error:
        if error.reason == "bad_json":
            raise
        why = str(error)
    except Exception as bug:
        _LOG.exception("a delivery at the door %s could not be understood", connection.name)
        why = f"A bug in Tillbridge: {type(bug).__name__}."
    else:
        if connection.configured.pays_through or not found.paid:
            return found, False
        why = f"{connection.name!r} pays through no connection: nothing can be adopted there."
    return _unusable(delivery, why), True


def _unusable(delivery: Delivery, why: str) -> Translation:
    digest = hashlib.sha256(delivery.body).hexdigest()[:32]
    return Translation(delivery_id=f"{UNUSABLE}{digest}", kept_back=keepable(why))


def _subject(translation: Translation) -> str:
    for event in translation.events:
        return event.subject
    for paid in translation.paid:
        return paid.order.number
    return next((seen.order_number for seen in translation.observations), "")


def _meaning(translation: Translation) -> bytes | None:
    """What the same delivery sent again has in common with the first, whatever else differs in it
    (a sender may number its attempts); None when nothing was understood."""
    if translation.paid:
        return encode([translation.events, translation.observations, translation.paid])
    if not (translation.events or translation.observations):
        return None
    return encode([translation.events, translation.observations])


async def _bury(
    tx: Tx, connection: Connection, delivery: Delivery, translation: Translation
) -> None:
    await bury_delivery(
        tx,
        Lane(translation.delivery_id, connection.name),
        delivery.body,
        reason=UNUSABLE_REASON,
        message=translation.kept_back,
        whose_turn="sender",
    )
