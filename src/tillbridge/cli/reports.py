"""`tillbridge reports`: which reports a payment system makes, and of what."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import click

from tillbridge.assembly import now
from tillbridge.cli.check import plain_call
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import cell_of, clean, heading, next_step, say, table
from tillbridge.cli.report_download import download
from tillbridge.cli.report_orders import order, subscribe, unsubscribe
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.connections import Connection, Connections
from tillbridge.connector.report_orders import (
    MadeReport,
    OrdersReports,
    ReportDefinition,
    ReportSubscription,
    SchemaForm,
)
from tillbridge.journeys.report_orders import desk_of


class _Listing(Commands):
    """A group of commands that takes a connection's name as well: its list is shown then."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        is_alone = len(args) == 1 or args[1].startswith("-")
        if args[0] not in self.commands and is_alone:
            args = [self.default, *args]
        return super().resolve_command(ctx, args)


class _Listed(NamedTuple):
    connection: str
    subscriptions: Sequence[ReportSubscription]
    reports: Sequence[MadeReport]


@click.group(cls=_Listing, default="list")
def reports() -> None:
    """See which reports a payment system makes; order one, download one, subscribe to one, end one.

    tillbridge reports CONNECTION shows what is subscribed to and what was made lately. What they
    say of the money: tillbridge settlements.
    """


@reports.command("list")
@click.argument("connection", required=False, default="")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True)
@pass_surroundings
def list_reports(surroundings: Surroundings, connection: str, days: int) -> None:
    """Show what is subscribed to at CONNECTION, and what was made in the last days."""
    found = asyncio.run(_list(surroundings, connection, days))
    if not found:
        say("No connection has reports that can be ordered.")
    for name, subscriptions, made in found:
        heading(f"{name}: made again and again")
        if subscriptions:
            table(
                ("name", "definition", "made", "from", "as", "settlement lines"),
                map(_subscription, subscriptions),
            )
        else:
            say(f"Nothing. Subscribe to what is read: tillbridge provision {name}")
        heading(f"{name}: made in the last {days} days")
        if made:
            table(
                ("report", "name", "definition", "state", "since", "until", "made", "read"),
                map(_made, made),
            )
        else:
            say("Nothing.")
        next_step(
            f"Days are missing: tillbridge reports order {name} DEFINITION --from DAY --to DAY"
        )


@reports.command("definitions")
@click.argument("connection")
@click.argument("name", required=False, default="")
@click.option("--xsd", "form", flag_value="xsd", help="Print the schema NAME of XML reports.")
@click.option("--dtd", "form", flag_value="dtd", help="Print its document type.")
@pass_surroundings
def definitions(
    surroundings: Surroundings, connection: str, name: str, form: SchemaForm | None
) -> None:
    """List the kinds of reports there are at CONNECTION, or the columns of NAME."""
    if form is not None:
        if not name:
            raise click.UsageError(f"--{form} prints the schema of one: give its NAME.")
        text = asyncio.run(_schema(surroundings, connection, name, form))
        click.echo(clean("\n".join(text.expandtabs().splitlines())))
        return
    if not name:
        every = asyncio.run(_definitions(surroundings, connection))
        table(("name", "title", "formats", "settlement lines"), map(_definition, every))
        next_step(f"The columns of one: tillbridge reports definitions {connection} NAME")
        return
    one = asyncio.run(_columns(surroundings, connection, name))
    say(f"{one.name}: {one.title}." if one.title else one.name)
    table(
        ("column", "title", "needed", "by itself", "we read it"),
        [
            (row.id, row.title, *map(_tick, (row.is_required, row.is_default, row.is_read)))
            for row in one.columns
        ],
    )


@reports.command("show")
@click.argument("connection")
@click.argument("report")
@pass_surroundings
def show(surroundings: Surroundings, connection: str, report: str) -> None:
    """Tell how the report with the id REPORT stands now."""
    one = asyncio.run(_show(surroundings, connection, report))
    table(("report", "name", "definition", "state", "since", "until", "made", "read"), [_made(one)])
    if one.state == "ready" and not one.read_as:
        next_step(f"Keep it as a file: tillbridge reports download {connection} {one.id}")
    elif one.state == "ready":
        next_step(f"What it says of the money: tillbridge settlements show {connection} {one.id}")


for command in (order, subscribe, unsubscribe, download):
    reports.add_command(command)


def _subscription(one: ReportSubscription) -> tuple[object, ...]:
    read = f"{one.read_as}, but {one.lacks}" if one.lacks else one.read_as or "no"
    return one.name, one.definition, one.every, one.starts, one.format, read


def _made(one: MadeReport) -> tuple[object, ...]:
    made = cell_of(one.made_at)
    read = one.read_as or "no"
    return one.id, one.name, one.definition, one.state, one.since, one.until, made, read


def _definition(one: ReportDefinition) -> tuple[object, ...]:
    return one.name, one.title, ", ".join(one.formats), one.read_as or "no"


def _tick(holds: bool) -> str:
    return "yes" if holds else ""


async def _list(surroundings: Surroundings, name: str, days: int) -> list[_Listed]:
    async with surroundings.connections() as connections:
        chosen = [connections[name]] if name else _those_with_reports(connections)
        return [await _listed(at, days) for at in chosen]


async def _listed(at: Connection, days: int) -> _Listed:
    desk, call = desk_of(at), plain_call(at)
    subscriptions = await desk.report_subscriptions.every(call)
    made = await desk.report_orders.made(call, now() - timedelta(days=days))
    return _Listed(at.name, subscriptions, made)


def _those_with_reports(connections: Connections) -> list[Connection]:
    return [at for at in connections.all() if isinstance(at.session, OrdersReports)]


async def _definitions(surroundings: Surroundings, name: str) -> Sequence[ReportDefinition]:
    async with surroundings.connections() as connections:
        at = connections[name]
        return await desk_of(at).report_definitions.every(plain_call(at))


async def _columns(surroundings: Surroundings, name: str, definition: str) -> ReportDefinition:
    async with surroundings.connections() as connections:
        at = connections[name]
        return await desk_of(at).report_definitions.one(plain_call(at), definition)


async def _schema(surroundings: Surroundings, name: str, schema: str, form: SchemaForm) -> str:
    async with surroundings.connections() as connections:
        at = connections[name]
        return await desk_of(at).report_definitions.schema(plain_call(at), schema, form)


async def _show(surroundings: Surroundings, name: str, report: str) -> MadeReport:
    async with surroundings.connections() as connections:
        at = connections[name]
        return await desk_of(at).report_orders.one(plain_call(at), report)
