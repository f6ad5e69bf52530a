"""`tillbridge runs`: what was done, by order and state."""

import asyncio

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import cell_of, heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.runs import history
from tillbridge.runs.history import EffectRow, RunRow

STATES = ("ready", "waiting", "done", "dead", "cancelled")


@click.group(cls=Commands, default="list")
def runs() -> None:
    """Look at runs: one event going through one flow, or one checkout."""


@runs.command("list")
@click.option("--subject", default="", help="Only of this order number.")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only in this state.")
@click.option("--before", type=click.IntRange(min=0), default=0, help="Only older than this run.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@pass_surroundings
def list_runs(
    surroundings: Surroundings, subject: str, state: str | None, before: int, limit: int
) -> None:
    """List runs, newest first."""
    found = asyncio.run(_list(surroundings, subject, state or "", before, limit))
    if not found:
        say("No runs like that." if subject or state or before else "No runs yet.")
        next_step(_elsewhere(subject))
        return
    table(("run", "order", "at", "flow", "state", "started", "why"), map(_row, found))
    more = f" Older ones: --before {found[-1].id}" if len(found) == limit else ""
    next_step(f"One run with what it wrote: tillbridge runs show RUN.{more}")


def _elsewhere(subject: str) -> str:
    if subject:
        return f"What has left the working tables is told by: tillbridge history {subject}"
    return "A run starts when a flow's event arrives: see tillbridge inbox."


@runs.command("show")
@click.argument("run_id", metavar="RUN", type=click.IntRange(1, 2**63 - 1))
@pass_surroundings
def show_run(surroundings: Surroundings, run_id: int) -> None:
    """Show one run and what it did in other systems."""
    row, effects = asyncio.run(_show(surroundings, run_id))
    facts(
        {
            "run": row.id,
            "order": row.subject,
            "at": row.target,
            "flow": row.flow or row.journey,
            "state": row.state,
            "started": row.started_at,
            "ended": row.ended_at,
            "ending": row.ending,
            "waits for": row.waiting_for,
            "looked at again": row.wake_at if row.ended_at is None else None,
            "tries": row.tries,
            "replay of": row.replay_of,
        }
    )
    show_effects(effects)
    step = f"The whole story of the order: tillbridge trace {row.subject}"
    if row.state == "dead":
        step = f"It needs a person: tillbridge dead-letters show {row.id}"
    next_step(step)


def facts(named: dict[str, object]) -> None:
    """Names and values under one another; what is empty is left out."""
    width = max(map(len, named))
    for name, value in named.items():
        if value is not None and value != "":
            say(f"{name:<{width}}  {cell_of(value)}")


def show_effects(effects: list[EffectRow]) -> None:
    """What was done in other systems, or a sentence that nothing was."""
    if not effects:
        say("\nIt wrote nothing into other systems.")
        return
    heading("What it did in other systems")
    table(
        ("at", "effect", "which", "state", "intended", "ended", "how", "key"),
        [
            (
                row.connection,
                row.effect,
                row.ordinal,
                row.state,
                row.intended_at,
                row.ended_at,
                row.reason or row.resolved_by,
                row.key,
            )
            for row in effects
        ],
    )


def _row(row: RunRow) -> tuple[object, ...]:
    why = row.ending or row.waiting_for
    return (
        row.id,
        row.subject,
        row.target,
        row.flow or row.journey,
        row.state,
        row.started_at,
        why,
    )


async def _list(
    surroundings: Surroundings, subject: str, state: str, before: int, limit: int
) -> list[RunRow]:
    async with surroundings.database() as database:
        return await history.runs(
            database, subject=subject, state=state, before=before, limit=limit
        )


async def _show(surroundings: Surroundings, run_id: int) -> tuple[RunRow, list[EffectRow]]:
    async with surroundings.database() as database:
        return await history.run(database, run_id)
