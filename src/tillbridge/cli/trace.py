"""`tillbridge trace`: one order's whole story, by any id it has anywhere."""

import asyncio
from collections.abc import Sequence

import click

from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.journeys.trace import Moment, PaymentLine, Trace
from tillbridge.journeys.trace import trace as tell
from tillbridge.references.references import Recorded


@click.command()
@click.argument("any_id", metavar="ID")
@pass_surroundings
def trace(surroundings: Surroundings, any_id: str) -> None:
    """Tell an order's story across all systems, in time order.

    ID may be an order number, a payment system's request id, an ERP's GUID or order number, an
    effect's key, or a run (run:17).
    """
    story = asyncio.run(_tell(surroundings, any_id))
    say(f"Order {story.subject}.")
    if story.others:
        say(f"The same id belongs to {', '.join(story.others)} too.")
    show_payments(story.payments)
    show_references(story.references)
    show_moments(story.moments)
    dead = [moment for moment in story.moments if moment.what.endswith(" dead")]
    if dead:
        number = dead[-1].id.partition(":")[2]
        next_step(f"It needs a person: tillbridge dead-letters show {number}")


def show_moments(moments: Sequence[Moment]) -> None:
    """Everything that happened, in time order."""
    heading("What happened")
    table(("when", "where", "what", "amount", "how", "id"), map(_row, moments))


def show_payments(payments: Sequence[PaymentLine]) -> None:
    """What was asked for, held, captured, released and refunded."""
    if not payments:
        say("No payment was asked for.")
        return
    heading("Payments")
    table(
        ("at", "state", "held", "captured", "released", "refunded", "card", "authorization", "why"),
        [
            (
                line.connection,
                line.state,
                line.amount,
                line.captured,
                line.reversed,
                line.refunded,
                line.card,
                line.authorization_id,
                line.reason,
            )
            for line in payments
        ],
    )


def show_references(references: Sequence[Recorded]) -> None:
    """How an order is known in other systems."""
    if references:
        heading("How it is known elsewhere")
        table(
            ("system", "kind", "id", "since"),
            [
                (
                    known.reference.system,
                    known.reference.kind,
                    known.reference.id,
                    known.recorded_at,
                )
                for known in references
            ],
        )


def _row(moment: Moment) -> tuple[object, ...]:
    return moment.at, moment.where, moment.what, moment.amount, moment.detail, moment.id


async def _tell(surroundings: Surroundings, any_id: str) -> Trace:
    async with surroundings.database() as database:
        return await tell(database, any_id)
