"""`tillbridge gates`: where work waits, and the kill switch."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, span, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connections.budgets import Budgets
from tillbridge.connections.configuration import FILE
from tillbridge.connections.gates import Gate
from tillbridge.connections.headroom import Headroom, Spent, headrooms
from tillbridge.database.database import Database
from tillbridge.journeys import steer
from tillbridge.journeys.backlog import Backlog, backlogs

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def gates() -> None:
    """See which connections are open, and stop one by hand."""


@gates.command("list")
@pass_surroundings
def list_gates(surroundings: Surroundings) -> None:
    """List every connection's gate: its state and why, what is left of what it may be asked, and
    what waits there."""
    rooms, waiting = asyncio.run(_list(surroundings))
    if not rooms:
        say("No gates yet: a connection gets its own when a worker or the API first starts.")
        next_step("Start it: tillbridge up")
        return
    table(
        ("connection", "state", "looks again in", "why", "failures", "changed", "by"),
        (_row(room.gate) for room in rooms),
    )
    table(
        ("connection", "asked", "in flight", "parked", "oldest", "done in"),
        (_room(room, waiting) for room in rooms),
    )
    if any(room.gate.state == "paused" for room in rooms):
        next_step("Open a paused one: tillbridge gates resume CONNECTION --why ...")
    else:
        next_step("Stop one by hand: tillbridge gates pause CONNECTION --why ...")


@gates.command("pause")
@click.argument("connection")
@why_option
@pass_surroundings
def pause_gate(surroundings: Surroundings, connection: str, why: str) -> None:
    """Stop everything that goes to CONNECTION. Its work waits and is not lost."""
    asyncio.run(_pause(surroundings, connection, why))
    say(f"{connection} is paused; every worker sees it within a second. Its work waits.")
    next_step(f"Open it again: tillbridge gates resume {connection} --why ...")


@gates.command("resume")
@click.argument("connection")
@why_option
@pass_surroundings
def resume_gate(surroundings: Surroundings, connection: str, why: str) -> None:
    """Open CONNECTION again. What waited goes on, the oldest first."""
    asyncio.run(_resume(surroundings, connection, why))
    say(f"{connection} is open; what waited goes on, the oldest first.")


def _row(gate: Gate) -> tuple[object, ...]:
    left = ""
    if gate.state == "tripped" and gate.closed_for_s > 0:
        left = span(timedelta(seconds=gate.closed_for_s))
    return (
        gate.connection,
        gate.state,
        left,
        gate.reason,
        gate.failures,
        gate.changed_at,
        gate.changed_by,
    )


def _room(room: Headroom, waiting: Sequence[Backlog]) -> tuple[object, ...]:
    name = room.gate.connection
    parked = [reason for one in waiting for reason in one.reasons if reason.at == name]
    drains = [one.drain_s for one in waiting if one.target == name and one.depth]
    most = f" of {room.in_flight_max}" if room.in_flight_max else ""
    return (
        name,
        "; ".join(_window(window) for window in room.windows),
        f"{room.in_flight}{most}",
        sum(reason.count for reason in parked),
        _span(max((reason.oldest_s for reason in parked), default=None)),
        _span(drains[0]) if drains else "",
    )


def _window(window: Spent) -> str:
    most = f" of {window.requests_max:,}" if window.requests_max else ""
    busy = f", {window.busy_s:,.0f} of {window.busy_max_s:,.0f} s" if window.busy_max_s else ""
    return f"{window.requests:,}{most}{busy} in {window.seconds:g} s"


def _span(seconds: float | None) -> str:
    return "" if seconds is None else span(timedelta(seconds=seconds))


@asynccontextmanager
async def looking_at_gates(
    surroundings: Surroundings,
) -> AsyncIterator[tuple[Database, Budgets]]:
    """The database, and the limits of the folder, where there is one; no connection is opened."""
    async with surroundings.database() as database:
        budgets = Budgets(database, "command")
        site = surroundings.site
        if (site.folder / FILE).is_file():
            for item in site.configured().values():
                budgets.open(item, site.factor)
        yield database, budgets


async def _list(surroundings: Surroundings) -> tuple[list[Headroom], list[Backlog]]:
    async with looking_at_gates(surroundings) as (database, budgets):
        rooms = await headrooms(database, budgets)
        return rooms, await backlogs(database, rooms)


async def _pause(surroundings: Surroundings, connection: str, why: str) -> None:
    async with surroundings.database() as database:
        await steer.pause(database, connection, who(), why)


async def _resume(surroundings: Surroundings, connection: str, why: str) -> None:
    async with surroundings.database() as database:
        await steer.resume(database, connection, who(), why)
