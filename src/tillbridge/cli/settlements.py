"""`tillbridge settlements`: which reports were read, and what they say became of the money."""

import asyncio

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import moment, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.settlements import read_again
from tillbridge.settlements.lines import (
    KeptLine,
    LineSum,
    lines_of_order,
    lines_of_report,
    sums_of_report,
)
from tillbridge.settlements.reports import ReportRow, newest_reports

limit_option = click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True
)


@click.group(cls=Commands, default="list")
def settlements() -> None:
    """See what payment systems say became of the money, and from which report."""


@settlements.command("list")
@click.option("--at", "connection", default="", help="Only this connection's.")
@limit_option
@pass_surroundings
def list_reports(surroundings: Surroundings, connection: str, limit: int) -> None:
    """List every report that was found: read, waiting, or refused and why."""
    rows = asyncio.run(_reports(surroundings, connection, limit))
    if not rows:
        say("No reports were found yet: a worker looks for them, where a connection has some.")
        return
    table(
        ("at", "report", "name", "of", "since", "until", "state", "lines", "read", "trouble"),
        [
            (
                row.connection,
                row.report,
                row.name,
                row.title,
                row.since,
                row.until,
                row.state,
                row.lines,
                moment(row.read_at) if row.read_at else "",
                row.trouble,
            )
            for row in rows
        ],
    )
    if any(row.state == "refused" for row in rows):
        next_step("Mended at its source: tillbridge settlements read-again CONNECTION REPORT")


@settlements.command("show")
@click.argument("connection")
@click.argument("report")
@limit_option
@pass_surroundings
def show(surroundings: Surroundings, connection: str, report: str, limit: int) -> None:
    """Show the lines of REPORT, and what they come to."""
    lines, sums = asyncio.run(_show(surroundings, connection, report, limit))
    if not lines:
        say(f"No lines of the report {report} of {connection} were read.")
        return
    _lines(lines)
    say("")
    table(
        ("stage", "kind", "currency", "lines", "amount", "changes what is owed by"),
        [(one.stage, one.kind, one.currency, one.count, one.amount, one.owed) for one in sums],
    )


@settlements.command("order")
@click.argument("number")
@limit_option
@pass_surroundings
def order(surroundings: Surroundings, number: str, limit: int) -> None:
    """Show what all reports say of the order NUMBER."""
    lines = asyncio.run(_order(surroundings, number, limit))
    if not lines:
        say(f"No report says anything of order {number} yet.")
        return
    _lines(lines)


@settlements.command("read-again")
@click.argument("connection")
@click.argument("report")
@pass_surroundings
def again(surroundings: Surroundings, connection: str, report: str) -> None:
    """Have REPORT read once more. A row that says the same adds nothing."""
    asyncio.run(_again(surroundings, connection, report))
    say(f"The report {report} of {connection} is read again soon.")


def _lines(lines: list[KeptLine]) -> None:
    table(
        ("report", "line", "stage", "kind", "amount", "order", "operation", "batch", "on", "why"),
        [
            (
                kept.line.report,
                kept.line.line,
                kept.line.stage,
                kept.line.fee_type or kept.line.kind,
                kept.line.amount,
                kept.line.order_number,
                kept.line.request_id,
                kept.line.batch_id or kept.line.funding_id,
                kept.line.settled_on or kept.line.funded_on or "",
                kept.line.reason,
            )
            for kept in lines
        ],
    )


async def _reports(surroundings: Surroundings, connection: str, limit: int) -> list[ReportRow]:
    async with surroundings.database() as database:
        return await newest_reports(database, connection, limit)


async def _show(
    surroundings: Surroundings, connection: str, report: str, limit: int
) -> tuple[list[KeptLine], list[LineSum]]:
    async with surroundings.database() as database:
        lines = await lines_of_report(database, connection, report, limit)
        return lines, await sums_of_report(database, connection, report)


async def _order(surroundings: Surroundings, number: str, limit: int) -> list[KeptLine]:
    async with surroundings.database() as database:
        return await lines_of_order(database, number, limit)


async def _again(surroundings: Surroundings, connection: str, report: str) -> None:
    async with surroundings.database() as database:
        await read_again(database, connection, report, who())
