"""`tillbridge reports order`, `subscribe` and `unsubscribe`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import click

from tillbridge.assembly import now
from tillbridge.cli.printing import cell_of, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connector.report_orders import (
    MadeReport,
    Ordered,
    ReportSubscription,
    SubscriptionForm,
)
from tillbridge.journeys.report_orders import ReportClerk

LOOK_AGAIN_S = 5.0
"""Seconds between two looks at a report that is being made, before the factor."""
DAY = click.DateTime(formats=["%Y-%m-%d"])
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command("order")
@click.argument("connection")
@click.argument("definition")
@click.option("--from", "first", type=DAY, required=True, help="The first day, in GMT.")
@click.option("--to", "last", type=DAY, help="The last day; the first alone if not given.")
@click.option(
    "--wait", "wait_s", type=click.IntRange(0, 3600), default=60, show_default=True,
    help="Seconds to wait until it is made.",
)  # fmt: skip
@yes_option
@pass_surroundings
def order(
    surroundings: Surroundings,
    *,
    connection: str,
    definition: str,
    first: datetime,
    last: datetime | None,
    wait_s: int,
    yes: bool,
) -> None:
    """Have one report DEFINITION made of days that are missing.

    One of the same days that was ordered before is found, and not ordered anew: give the command
    again when it broke off, or to see how the report stands.
    """
    since, until = _days(first, last or first)
    there = asyncio.run(_covering(surroundings, connection, definition, since, until))
    if there and not yes:
        say("Reports tell of some of that time already; their rows would be there twice:")
        _reports(there)
        click.confirm("Order it all the same?", abort=True)
    ordered = asyncio.run(_order(surroundings, connection, definition, (since, until), wait_s))
    _tell(connection, ordered)


@click.command("subscribe")
@click.argument("connection")
@click.argument("definition")
@click.option(
    "--form", type=click.Choice(["custom", "standard", "classic"]), default="custom",
    show_default=True,
    help="custom: the columns we read, from midnight GMT. The others are the payment system's own.",
)  # fmt: skip
@pass_surroundings
def subscribe(
    surroundings: Surroundings, connection: str, definition: str, form: SubscriptionForm
) -> None:
    """Have the report DEFINITION made every day from now on.

    What settlement lines need is subscribed to by tillbridge provision. Asking again is harmless.
    """
    made = asyncio.run(_subscribe(surroundings, connection, definition, form))
    say(f"{made.name} is made {made.every} from {made.starts} on, as {made.format}.")
    if not made.read_as:
        next_step("Nobody reads it here: it says nothing of the money that we know.")
    elif made.lacks:
        next_step(f"Its rows cannot be read here: {made.lacks}.")


@click.command("unsubscribe")
@click.argument("connection")
@click.argument("name")
@yes_option
@pass_surroundings
def unsubscribe(surroundings: Surroundings, connection: str, name: str, *, yes: bool) -> None:
    """Have the report subscription NAME made no more. What was made stays."""
    there = asyncio.run(_subscription(surroundings, connection, name))
    say(f"{there.name} is {there.definition}, made {there.every} from {there.starts} on.")
    if there.read_as and not there.lacks:
        say(f"Settlement lines are read from it ({there.read_as}).")
    if not yes:
        click.confirm("End it?", abort=True)
    asyncio.run(_unsubscribe(surroundings, connection, name))
    say(f"{name} is made no more.")
    if there.read_as and not there.lacks:
        next_step(
            f"tillbridge provision {connection} subscribes anew, unless the setting reports of"
            f" {connection} leaves {there.read_as} out."
        )


def _days(first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """From the first day's beginning to the last one's end, UTC."""
    since, until = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC) + timedelta(days=1)
    if until <= since:
        raise click.UsageError(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    if until > now():
        raise click.UsageError(f"{last:%Y-%m-%d} is not over yet in GMT: order it when it is.")
    return since, until


def _tell(connection: str, ordered: Ordered) -> None:
    report, again = ordered.report, "It was ordered before. " if not ordered.is_new else ""
    if report is None:
        say(f"{again}{ordered.name} is ordered, and not listed yet.")
        next_step(f"Look again: tillbridge reports {connection}")
        return
    _reports([report])
    if report.state == "waiting":
        say(f"{again}It is being made.")
        next_step(f"Look again: tillbridge reports show {connection} {report.id}")
    elif report.state == "empty":
        say(f"{again}There was nothing to tell of that time.")
    elif report.state == "failed":
        say(f"{again}It could not be made.")
        next_step("Give the command again: it is ordered anew.")
    elif report.read_as:
        say(f"{again}It is ready, and a worker reads it at its next look for reports.")
        next_step(f"What it says: tillbridge settlements show {connection} {report.id}")
    else:
        say(f"{again}It is ready. Nobody reads it here.")
        next_step(f"Keep it as a file: tillbridge reports download {connection} {report.id}")


def _reports(reports: Sequence[MadeReport]) -> None:
    table(
        ("report", "name", "state", "since", "until", "made"),
        [
            (one.id, one.name, one.state, one.since, one.until, cell_of(one.made_at))
            for one in reports
        ],
    )


@asynccontextmanager
async def clerk_of(surroundings: Surroundings, name: str) -> AsyncIterator[ReportClerk]:
    """Who does for this operator what he wants of the reports of the connection `name`."""
    async with surroundings.house(publishing=False) as house:
        yield ReportClerk(house, house.connections[name], who())


async def _covering(
    surroundings: Surroundings, name: str, definition: str, since: datetime, until: datetime
) -> Sequence[MadeReport]:
    async with clerk_of(surroundings, name) as clerk:
        return await clerk.covering(definition, since, until)


async def _order(
    surroundings: Surroundings,
    name: str,
    definition: str,
    window: tuple[datetime, datetime],
    wait_s: int,
) -> Ordered:
    """Ordered, and looked at until it is made or the wait is over."""
    factor = surroundings.site.factor
    async with clerk_of(surroundings, name) as clerk:
        ordered = await clerk.order(definition, *window)
        ends = asyncio.get_running_loop().time() + wait_s / factor
        report = ordered.report
        if report is not None and report.state == "waiting" and wait_s:
            say(f"{ordered.name} is ordered; it is looked at for {wait_s} seconds.")
        while report is not None and report.state == "waiting":
            if asyncio.get_running_loop().time() >= ends:
                break
            await asyncio.sleep(LOOK_AGAIN_S / factor)
            report = await clerk.report(report.id)
        return Ordered(ordered.name, report, ordered.is_new)


async def _subscription(surroundings: Surroundings, name: str, of: str) -> ReportSubscription:
    async with clerk_of(surroundings, name) as clerk:
        return await clerk.subscription(of)


async def _subscribe(
    surroundings: Surroundings, name: str, definition: str, form: SubscriptionForm
) -> ReportSubscription:
    async with clerk_of(surroundings, name) as clerk:
        return await clerk.subscribe(definition, form)


async def _unsubscribe(surroundings: Surroundings, name: str, of: str) -> None:
    async with clerk_of(surroundings, name) as clerk:
        await clerk.unsubscribe(of)
