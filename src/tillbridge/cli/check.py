"""`tillbridge check`: is everything right? Each part passes, or says why not and what to do."""

import asyncio
import os
from collections.abc import Iterator, Sequence

import click

from tillbridge.assembly import now, read_folder
from tillbridge.canonical.card_data import mask
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import heading, next_step, verdict
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE, Configured
from tillbridge.connections.connections import Connection, Connections
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import Secrets
from tillbridge.connector.abilities import Call, CheckLine, ChecksConnection
from tillbridge.database.database import Database
from tillbridge.flows.folder import Folder


@click.command()
@click.option("--offline", is_flag=True, help="Only what needs no call to another system.")
@click.pass_context
@pass_surroundings
def check(surroundings: Surroundings, ctx: click.Context, offline: bool) -> None:
    """Check the files, their examples, the database and every connection."""
    failed = asyncio.run(_check(surroundings, offline=offline))
    if failed:
        next_step(f"{failed} of the checks failed: mend the first one, then check again.")
        ctx.exit(FAILED)
    next_step("Everything passed. Start it: tillbridge up")


def show_lines(title: str, lines: Sequence[CheckLine]) -> int:
    """Prints lines under their title; answers how many failed."""
    heading(title)
    for line in lines:
        detail = f": {line.detail}" if line.detail else ""
        verdict(line.passed, mask(f"{line.title}{detail}"), mask(line.next_step))
    return sum(not line.passed for line in lines)


def failed_line(title: str, error: TillbridgeError) -> CheckLine:
    """An error as a line of a check."""
    where = f"{error.place}: " if error.place else ""
    return CheckLine(title, passed=False, detail=where + error.message, next_step=error.next_step)


def plain_call(connection: Connection) -> Call:
    """A call that is no effect of a run: nothing stops it but its time-out."""
    return Call("", now(), connection.timeout_s, "tillbridge check", lambda: None)


async def _check(surroundings: Surroundings, *, offline: bool) -> int:
    configured = surroundings.site.configured()
    named = [CheckLine(f"{len(configured)} connections", passed=True, detail=", ".join(configured))]
    failed = show_lines(FILE, named)
    async with surroundings.database() as database:
        failed += show_lines("Database", [await _durable(database)])
        secrets = await Secrets.load(
            database, open_seal(surroundings.site.own, os.environ), os.environ
        )
    opened: list[Connection] = []
    try:
        failed += show_lines(
            "Settings and secrets", list(_open_all(surroundings, configured, secrets, opened))
        )
        failed += show_lines("Flows and mappings", _texts(surroundings, configured, opened))
        if not offline:
            for connection in opened:
                failed += show_lines(
                    f"{connection.name} ({connection.configured.connector.title})",
                    await _ask(connection),
                )
    finally:
        await Connections(opened).close()
    return failed


async def _durable(database: Database) -> CheckLine:
    settings = await database.durability()
    shown = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return CheckLine("PostgreSQL keeps what it acknowledges", passed=True, detail=shown)


def _open_all(
    surroundings: Surroundings,
    configured: dict[str, Configured],
    secrets: Secrets,
    opened: list[Connection],
) -> Iterator[CheckLine]:
    for name, item in configured.items():
        try:
            opened += Connections.open({name: item}, secrets, now, surroundings.site.factor).all()
        except TillbridgeError as error:
            yield failed_line(name, error)
        else:
            yield CheckLine(name, passed=True, detail=item.connector.title)


def _texts(
    surroundings: Surroundings, configured: dict[str, Configured], opened: list[Connection]
) -> list[CheckLine]:
    if len(opened) < len(configured):
        step = "Mend the connections first."
        return [CheckLine("Not checked: they write to connections", passed=False, next_step=step)]
    folder = read_folder(surroundings.site, Connections(opened))
    lines = [failed_line("Not right", problem) for problem in folder.problems]
    lines += [
        CheckLine(f"Flow {name}", passed=True, detail=flow.title)
        for name, flow in folder.flows.items()
    ]
    return [*lines, *_examples(folder)]


def _examples(folder: Folder) -> Iterator[CheckLine]:
    passed: dict[str, int] = {}
    for result in folder.run_examples():
        if result.passed:
            passed[result.mapping] = passed.get(result.mapping, 0) + 1
        else:
            yield CheckLine(
                f"Mapping {result.mapping}, example {result.name!r}",
                passed=False,
                detail=f"{result.place}: {' '.join(result.differences)}",
                next_step="Mend the mapping, or what the example expects.",
            )
    for name in folder.library.mappings:
        count = passed.get(name, 0)
        yield CheckLine(f"Mapping {name}", passed=True, detail=f"{count} examples pass")


async def _ask(connection: Connection) -> Sequence[CheckLine]:
    if not isinstance(connection.session, ChecksConnection):
        return [CheckLine("It offers no check of its own", passed=True)]
    try:
        return await connection.session.check(plain_call(connection))
    except TillbridgeError as error:
        return [failed_line("The check itself", error)]
