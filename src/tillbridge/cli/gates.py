"""`tillbridge gates`: where work waits, and the kill switch."""

import asyncio
from datetime import timedelta

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, span, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connections.gates import Breaker, Gate, Gates
from tillbridge.journeys import steer

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def gates() -> None:
    """See which connections are open, and stop one by hand."""


@gates.command("list")
@pass_surroundings
def list_gates(surroundings: Surroundings) -> None:
    """List the gate of every connection."""
    found = asyncio.run(_list(surroundings))
    if not found:
        say("No gates yet: a connection gets its own when a worker or the API first starts.")
        next_step("Start it: tillbridge up")
        return
    table(
        ("connection", "state", "looks again in", "why", "failures", "changed", "by"),
        map(_row, found),
    )
    if any(gate.state == "paused" for gate in found):
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
    """Open CONNECTION again. What waited goes on within a minute."""
    asyncio.run(_resume(surroundings, connection, why))
    say(f"{connection} is open; what waited goes on within a minute.")


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


async def _list(surroundings: Surroundings) -> list[Gate]:
    async with surroundings.database() as database:
        return await Gates(database, Breaker()).all()


async def _pause(surroundings: Surroundings, connection: str, why: str) -> None:
    async with surroundings.database() as database:
        await steer.pause(database, connection, who(), why)


async def _resume(surroundings: Surroundings, connection: str, why: str) -> None:
    async with surroundings.database() as database:
        await steer.resume(database, connection, who(), why)
