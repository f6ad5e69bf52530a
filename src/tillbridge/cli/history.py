"""`tillbridge history`: what became of anything, by any key, wherever it is kept by now."""

import asyncio

import click

from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.cli.trace import show_moments, show_payments, show_references
from tillbridge.journeys.history import History, RunLine
from tillbridge.journeys.history import history as look_up


@click.command()
@click.argument("any_id", metavar="ANYTHING")
@pass_surroundings
def history(surroundings: Surroundings, any_id: str) -> None:
    """Tell what became of an order: working tables, history and archived files together.

    ANYTHING may be an order number, the shop's key of an attempt, a payment system's request id, a
    transaction id, an ERP's order number or GUID, a customer's reference, an event's id, an
    effect's key as it goes over the wire, or a run (run:17). Times are in your own zone.
    """
    found = asyncio.run(_look_up(surroundings, any_id))
    say(f"Order {found.subject}.")
    if found.others:
        say(f"The same id belongs to {', '.join(found.others)} too.")
    show_payments(found.payments)
    show_references(found.references)
    if found.runs:
        heading("Runs")
        table(
            (
                *("run", "flow", "version", "at", "state", "tries", "started", "ended"),
                *("why", "kept in"),
            ),
            map(_row, found.runs),
        )
    show_moments(found.moments)
    for sentence in found.missing:
        say(sentence)
    next_step(found.next_step)


def _row(line: RunLine) -> tuple[object, ...]:
    again = f"replay of run {line.replay_of}" if line.replay_of else ""
    return (
        line.id,
        line.flow,
        line.version,
        line.target,
        line.state,
        line.tries,
        line.started_at,
        line.ended_at,
        ", ".join(part for part in (again, line.why) if part),
        line.stored,
    )


async def _look_up(surroundings: Surroundings, any_id: str) -> History:
    async with surroundings.database() as database:
        return await look_up(database, surroundings.site.archive, any_id)
