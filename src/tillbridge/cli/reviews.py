"""`tillbridge reviews`: payments that are held and wait for somebody's decision."""

import asyncio

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.review import decide
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.attempts import reviews as waiting_reviews

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def reviews() -> None:
    """See which held payments wait for a decision, and decide."""


@reviews.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_reviews(surroundings: Surroundings, limit: int) -> None:
    """List payments in review, longest waiting first."""
    found = asyncio.run(_list(surroundings, limit))
    if not found:
        say("No reviews: no held payment waits for a decision.")
        return
    table(
        ("order", "at", "held", "review", "why", "since"),
        [
            (
                attempt.order_number,
                attempt.connection,
                attempt.amount,
                attempt.review,
                attempt.reason,
                attempt.authorized_at,
            )
            for attempt in found
        ],
    )
    next_step(
        "Decide: tillbridge reviews accept ORDER --why ... (or reject); those of Decision Manager"
        " are decided there."
    )


@reviews.command("accept")
@click.argument("order")
@why_option
@pass_surroundings
def accept_review(surroundings: Surroundings, order: str, why: str) -> None:
    """Trust the payment of ORDER: it is released and may be captured."""
    asyncio.run(_decide(surroundings, order, why, accept=True))
    say(f"The payment of order {order} is accepted; its order is released.")


@reviews.command("reject")
@click.argument("order")
@why_option
@pass_surroundings
def reject_review(surroundings: Surroundings, order: str, why: str) -> None:
    """Refuse the payment of ORDER: its hold is released and its order cancelled."""
    asyncio.run(_decide(surroundings, order, why, accept=False))
    say(f"The payment of order {order} is refused; its hold is released.")


async def _list(surroundings: Surroundings, limit: int) -> list[Attempt]:
    async with surroundings.database() as database:
        return await waiting_reviews(database, limit)


async def _decide(surroundings: Surroundings, order: str, why: str, *, accept: bool) -> None:
    async with surroundings.house() as house:
        await decide(house, order, accept=accept, operator=who(), why=why)
