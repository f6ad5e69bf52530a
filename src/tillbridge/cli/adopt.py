"""`tillbridge adopt`: take over a payment that was made elsewhere; `adoptions` lists them."""

import asyncio

import click

from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.adopt import adopt_by_hand
from tillbridge.payments.adoptions import Adoption
from tillbridge.payments.adoptions import adoptions as newest_adoptions


@click.command()
@click.argument("order")
@click.argument("payment_id")
@click.option("--why", required=True, help="In a sentence; it stands in the audit.")
@click.pass_context
@pass_surroundings
def adopt(
    surroundings: Surroundings, ctx: click.Context, order: str, payment_id: str, why: str
) -> None:
    """Say that PAYMENT_ID, the payment system's id, pays ORDER.

    It is looked up there and compared with the order; nothing is charged. It may go by another
    reference than the order's number: you vouch for that.
    """
    done = asyncio.run(_adopt(surroundings, order, payment_id, why))
    if done.state == "adopted":
        say(f"{payment_id} at {done.connection} is the payment of order {order} now.")
        next_step(f"See what follows: tillbridge trace {order}")
        return
    say(f"It is not adopted: {done.why}")
    if done.state == "waiting":
        next_step("It is asked for again: tillbridge adoptions")
    else:
        next_step("Nothing was changed. Look it up at the payment system.")
    ctx.exit(FAILED)


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def adoptions(surroundings: Surroundings, limit: int) -> None:
    """List payments that were made elsewhere and the orders they are to pay, newest first."""
    found = asyncio.run(_list(surroundings, limit))
    if not found:
        say("No shop and no person has said that an order was paid elsewhere.")
        return
    table(
        ("order", "payment", "at", "amount", "state", "why", "asked by", "asked", "tries"),
        [
            (
                one.order_number,
                one.payment_id,
                one.connection,
                one.order.total,
                one.state,
                one.why,
                one.asked_by,
                one.asked_at,
                one.tries,
            )
            for one in found
        ],
    )
    if any(one.state == "refused" for one in found):
        next_step("Refused ones are a person's: tillbridge adopt ORDER PAYMENT_ID --why ...")


async def _adopt(surroundings: Surroundings, order: str, payment_id: str, why: str) -> Adoption:
    async with surroundings.house() as house:
        return await adopt_by_hand(house, order, payment_id, who(), why)


async def _list(surroundings: Surroundings, limit: int) -> list[Adoption]:
    async with surroundings.database() as database:
        return await newest_adoptions(database, limit=limit)
