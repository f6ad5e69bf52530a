"""`tillbridge backlog`: how much waits, since when, why, and how long it will take."""

import asyncio
from datetime import timedelta

import click

from tillbridge.cli.gates import looking_at_gates
from tillbridge.cli.printing import heading, next_step, say, span, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.headroom import headrooms
from tillbridge.journeys.backlog import ABOUT, Backlog, Reason, backlogs


@click.command()
@pass_surroundings
def backlog(surroundings: Surroundings) -> None:
    """Show what waits at each target: how much, since when, why, and when it will be done."""
    found = asyncio.run(_read(surroundings))
    if not found:
        say("Nothing waits.")
        return
    table(
        ("target", "waiting", "oldest", "runs a minute", "done in"),
        map(_row, found),
    )
    for one in found:
        heading(one.target)
        table(("waits for", "at", "runs", "oldest", "what stands there"), map(_why, one.reasons))
    if any(reason.why == "paused" for one in found for reason in one.reasons):
        next_step("Open a paused connection: tillbridge gates resume CONNECTION --why ...")
    elif any(reason.why == "person" for one in found for reason in one.reasons):
        next_step("See who is waited for: tillbridge dead-letters, tillbridge approvals")


def _row(one: Backlog) -> tuple[object, ...]:
    done = "not known" if one.drain_s is None else _span(one.drain_s)
    pace = f"{one.pace * 60:,.0f}" if one.pace else "not known"
    return (one.target, one.depth, _span(one.oldest_s) if one.depth else "", pace, done)


def _why(reason: Reason) -> tuple[object, ...]:
    about = ABOUT[reason.why]
    return (about, reason.at, reason.count, _span(reason.oldest_s), reason.example)


def _span(seconds: float) -> str:
    return span(timedelta(seconds=seconds))


async def _read(surroundings: Surroundings) -> list[Backlog]:
    async with looking_at_gates(surroundings) as (database, budgets):
        return await backlogs(database, await headrooms(database, budgets))
