"""`tillbridge certify`: does the other side answer as we expect? Every operation, asked once."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.cli.check import plain_call
from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.connections import Connection
from tillbridge.connector.certifiable import BareCalls, Certifiable

ROOM = "tillbridge_simulators.cybersource.certification"
"""Named, not imported: what the sandbox must do is what the real one is asked for."""
UNANSWERED = 0


@click.command()
@click.argument("connection")
@click.option(
    "--only", multiple=True, metavar="OPERATION", help="Keys that begin so: refund, void."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("certified.jsonl"),
    show_default=True,
    help="A line of JSON for each question.",
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="OUTCOME=ID",
    help="At a test host: a stored instrument whose payments end so, such as authorized, review.",
)
@click.option("--transient", default="", help="At a test host: a transient token, used once.")
@click.option("--identifier", default="", help="At a test host: an instrument identifier.")
@click.option(
    "--this-host-moves-money",
    "production",
    default="",
    metavar="HOST",
    help="Needed where money moves: the connection's host, written out. Payments are made there.",
)
@click.pass_context
@pass_surroundings
def certify(
    surroundings: Surroundings,
    ctx: click.Context,
    *,
    connection: str,
    only: tuple[str, ...],
    report: Path,
    tokens: tuple[str, ...],
    transient: str,
    identifier: str,
    production: str,
) -> None:
    """Ask CONNECTION every operation, and tell what answers otherwise than we expect.

    Payments are authorized, captured and given back on it: it is for a sandbox or a test host. A
    card number is never sent; what would need one is left out.
    """
    named = dict(_named(tokens))
    loan = (named, transient, identifier)
    rows = asyncio.run(_certify(surroundings, connection, only, production, loan))
    report.write_text("".join(f"{_line(one)}\n" for one in rows), encoding="utf-8")
    if not _tell(rows, report):
        ctx.exit(FAILED)


async def _certify(
    surroundings: Surroundings,
    name: str,
    only: Sequence[str],
    production: str,
    loan: tuple[dict[str, str], str, str],
) -> list[Any]:
    room = import_module(ROOM)
    async with surroundings.connections() as connections:
        connection = connections[name]
        bare = _bare(connection)
        if await asyncio.to_thread(room.is_sandbox, bare.address):
            means = room.SandboxLoans(bare.address, bare.organization)
        else:
            _expect_no_money(bare, production)
            means = room.GivenMeans(bare.organization, *loan)
        rows = room.rows_named(only)
        if not rows:
            raise Misconfigured(
                f"No operation begins with {' or '.join(only)}.",
                reason="unknown_operation",
                next_step="See docs/reference/cybersource.md for their names.",
            )
        loop = asyncio.get_running_loop()

        def put(question: Any) -> Any:
            """Asks from the thread that runs the rows."""
            asked = _ask(connection, bare, question)
            return asyncio.run_coroutine_threadsafe(asked, loop).result()

        return await asyncio.to_thread(_run, put, means, rows)


def _run(put: Callable[[Any], Any], means: Any, rows: Sequence[Any]) -> list[Any]:
    done: list[Any] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Asking", total=len(rows))
        for some in import_module(ROOM).certify(put, means, rows):
            done += some
            progress.advance(bar)
    return done


async def _ask(connection: Connection, bare: BareCalls, question: Any) -> Any:
    """The answer as the rows read it; status 0 where there was none."""
    room = import_module(ROOM)
    method, target = room.request_of(question)
    call = plain_call(connection)
    try:
        answer = await bare.ask(
            call, method, target, question.document, forged=question.by_stranger
        )
    except Transient as unanswered:
        return room.Told(UNANSWERED, {"reason": unanswered.reason or "unanswered"})
    return room.Told(answer.status, room.read(answer.body))


def _bare(connection: Connection) -> BareCalls:
    """Raises Misconfigured for a connection that cannot be asked."""
    if not isinstance(connection.session, Certifiable):
        raise Misconfigured(
            f"{connection.name} cannot be certified: its connector has no list of operations.",
            reason="not_certifiable",
            next_step="Name a connection to Cybersource.",
        )
    return connection.session.bare


def _expect_no_money(bare: BareCalls, production: str) -> None:
    """Raises Misconfigured where money moves, unless the host is written out."""
    host = urlsplit(bare.address).hostname or ""
    if bare.moves_money and production != host:
        raise Misconfigured(
            f"Money moves at {host}, or may, and this makes payments.",
            reason="production",
            next_step="Point the connection at the test host, or at a sandbox; if it has to be"
            f" this one: --this-host-moves-money {host}",
        )


def _tell(rows: Sequence[Any], report: Path) -> bool:
    """What differs, on the terminal; whether nothing does."""
    differing = [one for one in rows if one.differs]
    left_out = [one for one in rows if one.left_out]
    if differing:
        what = [(one.key, one.answered, one.expected, "; ".join(one.differs)) for one in differing]
        table(("operation", "answered", "the sandbox", "what differs"), _masked(what))
    fields = sorted(
        {
            (one.key, kind, place)
            for one in rows
            for kind, places in (("new", one.new), ("missing", one.missing), ("more", one.more))
            for place in places
        }
    )
    if fields:
        table(("operation", "field is", "field"), _masked(fields))
    if left_out:
        table(("left out from", "why"), _masked((one.row, one.left_out) for one in left_out))
    asked = len(rows) - len(left_out)
    say(
        f"{asked} questions about {len({one.key for one in rows})} operations:"
        f" {len(differing)} were answered otherwise than the rows say, {len(fields)} fields differ"
        f" from the recorded models or the sandbox, {len(left_out)} rows were left out.",
        f"All of it: {report}",
    )
    if differing:
        next_step("Read what differs: the account may not have the service, or the sandbox errs.")
    return not differing


def _masked(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    return [[mask(cell) for cell in row] for row in rows]


def _line(one: Any) -> str:
    told = {name: value for name, value in asdict(one).items() if value not in ("", ())}
    return mask(json.dumps(told, ensure_ascii=False))


def _named(tokens: Iterable[str]) -> Iterable[tuple[str, str]]:
    for one in tokens:
        outcome, equals, token = one.partition("=")
        if not (outcome and equals and token):
            raise click.UsageError(f"--token {one}: write OUTCOME=ID, such as authorized=7030...")
        yield outcome, token
