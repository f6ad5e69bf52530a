"""`tillbridge check`: is everything right? Each part passes, or says why not and what to do."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence

import click

from tillbridge.assembly import authorizing, now, read_folder
from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import next_step
from tillbridge.cli.report import Report, failed_line
from tillbridge.cli.schemas import drifted, keep, live_snapshot
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE, Configured
from tillbridge.connections.connections import Connection, Connections
from tillbridge.connections.keyrings import Keyrings
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import Secrets
from tillbridge.connector.abilities import Call, CheckLine, ChecksConnection
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database
from tillbridge.flows.flow import Flow
from tillbridge.flows.folder import Folder
from tillbridge.flows.trigger import OnSchedule
from tillbridge.mapping.flaw import Flaw, flaw_of

STAND_IN = "YSBzdGFuZC1pbiBmb3IgYSBrZXkgdGhhdCBpcyBub3Q="
"""For a secret that is not asked for, or not set: what a connection writes does not hang on it."""
STARTS = 5
"""So many planned times of a flow are shown."""


@click.command()
@click.option("--offline", is_flag=True, help="The files alone: no call, no database, no secret.")
@click.option("--refresh", is_flag=True, help="First keep what each connection takes now.")
@click.option("--strict", is_flag=True, help="Warnings fail the check, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
@pass_surroundings
def check(
    surroundings: Surroundings,
    ctx: click.Context,
    *,
    offline: bool,
    refresh: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Check the files, their examples, the database and every connection.

    Errors keep a folder from being run; warnings are told. With schemas/ in the folder (see
    tillbridge schemas), mappings are checked against what each connection really takes.
    """
    if offline and refresh:
        raise click.UsageError("--refresh asks the connections, and --offline asks nobody.")
    report = Report(quiet=as_json)
    asyncio.run(_check(surroundings, report, offline=offline, refresh=refresh))
    passed = not report.failed and not (strict and report.warnings)
    if as_json:
        report.print_json(passed=passed)
    else:
        next_step(_verdict(report, passed=passed))
    if not passed:
        ctx.exit(FAILED)


def plain_call(connection: Connection) -> Call:
    """A call that is no effect of a run: nothing stops it but its time-out."""
    return Call("", now(), connection.timeout_s, "tillbridge check", lambda: None)


def _verdict(report: Report, *, passed: bool) -> str:
    warnings = f" {report.warnings} warnings: read them." if report.warnings else ""
    if passed:
        return f"Everything passed.{warnings} Start it: tillbridge up"
    if not report.failed:
        return f"No check failed, but there are {report.warnings} warnings (--strict)."
    return f"{report.failed} of the checks failed: mend the first one, then check again.{warnings}"


async def _check(
    surroundings: Surroundings, report: Report, *, offline: bool, refresh: bool
) -> None:
    configured = surroundings.site.configured()
    named = CheckLine(f"{len(configured)} connections", passed=True, detail=", ".join(configured))
    report.add(FILE, [named])
    changed = [] if offline else await _connected(surroundings, report, configured, refresh=refresh)
    unasked: list[Connection] = []
    try:
        bare = {name: item.without_optional_secrets() for name, item in configured.items()}
        settings = list(_open_all(surroundings, bare, _stand_in, unasked))
        if offline or len(unasked) < len(configured):
            report.add("Settings", settings)
        _texts(surroundings, report, configured, unasked, changed)
    finally:
        await Connections(unasked).close()


def _stand_in(_name: str) -> Secret:
    return Secret(STAND_IN)


async def _connected(
    surroundings: Surroundings, report: Report, configured: dict[str, Configured], *, refresh: bool
) -> list[Flaw]:
    """The database and every connection; what has changed of what they take."""
    async with surroundings.database() as database:
        report.add("Database", [await _durable(database)])
        seal = open_seal(surroundings.site.own, os.environ)
        secrets = await Secrets.load(database, seal, os.environ)
        keyrings = Keyrings(database, seal, now)
        await keyrings.read()
    opened: list[Connection] = []
    changed: list[Flaw] = []
    try:
        opening = _open_all(surroundings, configured, secrets, opened, keyrings)
        report.add("Settings and secrets", opening)
        for connection in opened:
            title = f"{connection.name} ({connection.configured.connector.title})"
            report.add(title, await _ask(connection))
            lines, flaws = await _schema(surroundings, connection, refresh=refresh)
            report.add(f"Schema of {connection.name}", lines)
            changed += flaws
    finally:
        await Connections(opened).close()
    return changed


async def _schema(
    surroundings: Surroundings, connection: Connection, *, refresh: bool
) -> tuple[list[CheckLine], list[Flaw]]:
    """What a connection takes now, beside what is kept."""
    folder = surroundings.site.folder
    try:
        live = await live_snapshot(connection, plain_call(connection))
        if live is None:
            return [CheckLine("As its connector declares it", passed=True)], []
        if refresh:
            lines = [CheckLine("Kept", passed=True, detail=told) for told in keep(folder, live)]
            return lines or [CheckLine("As it was kept", passed=True)], []
        flaws = drifted(folder, live)
    except TillbridgeError as error:
        return [failed_line("What it takes", error)], []
    told = f"{len(flaws)} changes, see the warnings" if flaws else "compared with what is kept"
    return [CheckLine("What it takes", passed=True, detail=told)], flaws


async def _durable(database: Database) -> CheckLine:
    settings = await database.durability()
    shown = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return CheckLine("PostgreSQL keeps what it acknowledges", passed=True, detail=shown)


def _open_all(
    surroundings: Surroundings,
    configured: dict[str, Configured],
    secret_of: Callable[[str], Secret],
    opened: list[Connection],
    keyrings: Keyrings | None = None,
) -> Iterator[CheckLine]:
    keyring = keyrings.open if keyrings is not None else None
    factor = surroundings.site.factor
    for name, item in configured.items():
        try:
            opened += Connections.open({name: item}, secret_of, now, factor, keyring=keyring).all()
        except TillbridgeError as error:
            yield failed_line(name, error)
        else:
            yield CheckLine(name, passed=True, detail=item.connector.title)


def _texts(
    surroundings: Surroundings,
    report: Report,
    configured: dict[str, Configured],
    opened: list[Connection],
    changed: list[Flaw],
) -> None:
    title = "Flows and mappings"
    if len(opened) < len(configured):
        step = "Mend the settings of the connections first."
        unread = CheckLine("Not checked: they write to connections", passed=False, next_step=step)
        report.add(title, [unread])
        return
    try:
        folder = read_folder(surroundings.site, Connections(opened))
        if not folder.problems:
            dict(authorizing(folder.library, Connections(opened)))
    except Misconfigured as error:
        report.add_flaws([flaw_of(error)])
        return
    flows = [
        CheckLine(f"Flow {name}", passed=True, detail=_told(flow))
        for name, flow in folder.flows.items()
    ]
    report.add(title, [*flows, *_examples(folder)])
    report.add_flaws([*folder.flaws, *changed])


def _told(flow: Flow) -> str:
    """A flow's title, and when it starts next if it goes by the clock."""
    if not isinstance(flow.trigger, OnSchedule):
        return flow.title
    schedule = flow.trigger.schedule
    starts = (start.astimezone(schedule.zone) for start in schedule.next_starts(now(), STARTS))
    shown = ", ".join(f"{start:%Y-%m-%d %H:%M %Z}" for start in starts)
    return f"{flow.title}; next: {shown or 'never'}"


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
