"""Alert: what people have to know of is found, and told once through each channel.

    every half a minute, one worker: how does the house stand -> conditions -> alerts -> channels

A channel that is down is tried again; the key of a telling is the alert's, so that a second
telling is known as the same.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

import asyncpg

from tillbridge.access.audit import record
from tillbridge.alerts.alerts import (
    Alert,
    Condition,
    acknowledge,
    keep_alerts,
    mark_told,
    untold,
)
from tillbridge.archive.months import Month, months
from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.money import Money
from tillbridge.connections.alerting import NOTIFICATION, Alerting
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import Gate, GateClosed
from tillbridge.connections.webhooks import all_webhooks
from tillbridge.connector.abilities import Call
from tillbridge.journeys.following import SQL
from tillbridge.journeys.house import House
from tillbridge.journeys.key_ends import key_conditions
from tillbridge.journeys.silence import silences
from tillbridge.journeys.standing import Pending, Waiting, letters, unanswered, waiting_runs
from tillbridge.journeys.steer import reason_of
from tillbridge.journeys.webhooks import webhook_conditions
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import take_chore

_LOG = logging.getLogger(__name__)
HOUR_S = 3_600.0
LATE_DAYS = 2
"""A month's turn to be archived comes within minutes; the disk may be full for a day."""


async def look_for_alerts(house: House) -> None:
    """Finds what holds now, ends what is over, and tells what was not told. One worker at a time
    does it."""
    alerting = house.alerting
    if not await take_chore(house.database, "alerts", alerting.every_s):
        return
    now = house.clock()
    found = await conditions(house)
    await keep_alerts(house.database, found, now, now - timedelta(seconds=alerting.quiet_s))
    for name in alerting.tell:
        await _tell(house, house.connections[name])


async def conditions(house: House) -> list[Condition]:
    """What holds now, by the thresholds of the user's tillbridge.yaml."""
    alerting, database = house.alerting, house.database
    late_s = alerting.hold_life_s - alerting.hold_expiry_s
    holds = await database.fetch(SQL["holds_near_expiry"], late_s)
    return [
        *_old(await waiting_runs(database), alerting),
        *_dead(await letters(database), house),
        *_unknown(await unanswered(database), alerting),
        *_expiring(holds, alerting),
        *_closed(house, await house.gates.all()),
        *_altered(await database.fetch(SQL["altered_deliveries"])),
        *await silences(house),
        *_late(await months(database), house),
        *webhook_conditions(await all_webhooks(database), house),
        *key_conditions(house),
    ]


async def acknowledge_alert(house: House, alert_id: int, operator: str, why: str) -> Alert:
    """Takes an alert up: nobody is told of it any more.

    Raises:
        Rejected: no reason, no such alert, it has ended, or somebody has it.
    """
    why = reason_of(why)
    async with house.database.transaction() as tx:
        taken = await acknowledge(tx, alert_id, house.clock(), operator, why)
        about = {"condition": taken.condition, "about": taken.about}
        await record(tx, operator, "acknowledge", f"alert {alert_id}", why=why, after=about)
        return taken


async def _tell(house: House, channel: Connection) -> None:
    """Tells a channel what it has not heard of; what fails is told in the next round."""
    for alert in await untold(house.database, channel.name):
        try:
            await house.gates.enter(channel.name)
            await channel.write(NOTIFICATION).send(_call(house, channel, alert), _fields(alert))
        except GateClosed as closed:
            _LOG.warning("alert %s is not told: %s", alert.id, closed)
            return
        except TillbridgeError as error:
            await house.gates.failed(channel.name, error)
            _LOG.warning("alert %s is not told: %s", alert.id, error)
            return
        await house.gates.succeeded(channel.name)
        await mark_told(house.database, alert.id, channel.name)


def _call(house: House, channel: Connection, alert: Alert) -> Call:
    key = Effect(channel.name, f"alert {alert.id}", NOTIFICATION, "begun").key
    return Call(
        key=key,
        now=house.clock(),
        timeout_s=channel.timeout_s,
        correlation=f"alert/{alert.id}",
        guard=lambda: None,
    )


def _fields(alert: Alert) -> dict[str, str]:
    return {"title": alert.title, "text": alert.content, "level": alert.level}


def _old(targets: Sequence[Waiting], alerting: Alerting) -> Iterator[Condition]:
    for one in targets:
        if one.oldest_s >= alerting.oldest_waiting_s:
            yield Condition(
                "oldest_waiting",
                one.target,
                "warning",
                f"Work at {one.target} has waited for {_time(one.oldest_s)}",
                f"{one.waiting} of {one.open} open runs wait for {one.target} or for a worker."
                " Why: tillbridge runs list --state waiting. Closed gates: tillbridge gates.",
            )


def _dead(classes: Sequence[Pending], house: House) -> Iterator[Condition]:
    enough = house.alerting.dead_letters
    for one in classes:
        if enough and one.count >= enough:
            next_step = house.policies.of("", ErrorClass(one.name)).next_step
            yield Condition(
                "dead_letters",
                one.name,
                "warning",
                f"Dead letters of the class {one.name}: {one.count}",
                f"The oldest is open for {_time(one.oldest_s)}. {next_step}"
                f" Which they are: tillbridge dead-letters list --class {one.name}.",
            )


def _unknown(connections: Sequence[Pending], alerting: Alerting) -> Iterator[Condition]:
    for one in connections:
        if one.oldest_s >= alerting.unknown_age_s:
            yield Condition(
                "unknown_age",
                one.name,
                "urgent",
                f"A call to {one.name} is without an answer for {_time(one.oldest_s)}",
                f"{one.count} were sent to {one.name}, and nothing proves whether they took place."
                " Nothing else is sent for the same debt. See tillbridge unknowns.",
            )


def _expiring(holds: Sequence[asyncpg.Record], alerting: Alerting) -> Iterator[Condition]:
    """One for each connection and currency."""
    for row in holds:
        held = Money(row["amount"], row["currency"])
        left_s = max(0.0, alerting.hold_life_s - row["oldest_s"])
        yield Condition(
            "hold_expiry",
            f"{row['connection']} {row['currency']}",
            "urgent",
            f"{row['count']} holds at {row['connection']} end soon: {held}",
            f"The oldest, of order {row['oldest_order']}, ends in about {_time(left_s)}."
            f" Capture or reverse it: tillbridge trace {row['oldest_order']}.",
        )


def _closed(house: House, gates: Sequence[Gate]) -> Iterator[Condition]:
    for gate in gates:
        since_s = (house.clock() - gate.changed_at).total_seconds()
        if gate.state != "open" and since_s >= house.alerting.gate_closed_s:
            yield Condition(
                "gate_closed",
                gate.connection,
                "urgent",
                f"{gate.connection} takes no work for {_time(since_s)}: it is {gate.state}",
                "Its work waits and is not lost. See tillbridge gates for the reason.",
            )


def _late(known: Sequence[Month], house: House) -> Iterator[Condition]:
    """Closed months that should be in files by now, and are not."""
    until = (house.clock() - timedelta(days=house.retention.database + LATE_DAYS)).date()
    for month in known:
        if month.state != "dropped" and month.end <= until:
            yield Condition(
                "archive_late",
                month.name,
                "warning",
                f"The month {month.name} cannot be archived",
                "It stays in the database, nothing is lost. Why: tillbridge archive run.",
            )


def _altered(sources: Sequence[asyncpg.Record]) -> Iterator[Condition]:
    for row in sources:
        yield Condition(
            "altered_delivery",
            row["source"],
            "warning",
            f"{row['count']} deliveries of {row['source']} came again with another content",
            f"One is {row['example']}. The first was used, the others were kept and not used."
            " Ask the sender which is right: two facts under one id are its mistake, or a forgery.",
        )


def _time(seconds: float) -> str:
    if seconds < HOUR_S:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * HOUR_S:
        return f"{seconds / HOUR_S:.1f} h"
    return f"{seconds / 86_400:.1f} days"
