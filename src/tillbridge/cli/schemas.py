"""`tillbridge schemas`: what each connection takes now, kept as text beside the mappings."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from tillbridge.assembly import now
from tillbridge.canonical.errors import Misconfigured, Place, TillbridgeError
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.report import failed_line, show_lines
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Call, CheckLine, DescribesDocuments
from tillbridge.connector.documents import Field
from tillbridge.flows.snapshot import (
    FOLDER,
    Snapshot,
    drift,
    keep_snapshot,
    merged,
    read_snapshots,
    same,
)
from tillbridge.mapping.flaw import Flaw


@click.group(cls=Commands, default="list")
def schemas() -> None:
    """See and keep what each connection takes: columns, widths, digits, options."""


@schemas.command("list")
@pass_surroundings
def list_schemas(surroundings: Surroundings) -> None:
    """List what is kept."""
    surroundings.expect_folder()
    kept = read_snapshots(surroundings.site.folder)
    if not kept:
        say("Nothing is kept: mappings are checked against what the connectors declare.")
        next_step("Ask the connections and keep their answers: tillbridge schemas pull")
        return
    table(
        ("connection", "connector", "seen on", "documents"),
        [
            (name, one.connector, one.seen_on, ", ".join(one.documents))
            for name, one in kept.items()
        ],
    )
    next_step("The fields of one: tillbridge schemas show CONNECTION [DOCUMENT]")


@schemas.command("show")
@click.argument("connection")
@click.argument("document", default="")
@pass_surroundings
def show_schema(surroundings: Surroundings, connection: str, document: str) -> None:
    """Show the fields of a connection's documents, as they were seen last."""
    surroundings.expect_folder()
    kept = read_snapshots(surroundings.site.folder).get(connection)
    if kept is None:
        raise Misconfigured(
            f"No schema of {connection!r} is kept.",
            reason="no_schema",
            next_step="Ask for it: tillbridge schemas pull",
        )
    for kind, shape in kept.documents.items():
        if document in ("", kind):
            heading(f"{kind} ({shape.title}), seen on {kept.seen_on}")
            table(("field", "type", "takes", "title"), _rows("", shape.fields))


@schemas.command("pull")
@click.argument("connections", nargs=-1)
@pass_surroundings
def pull(surroundings: Surroundings, connections: tuple[str, ...]) -> None:
    """Ask connections what they take now, say what changed, and keep it in schemas/."""
    surroundings.expect_folder()
    failed = asyncio.run(_pull(surroundings, connections))
    if failed:
        raise Misconfigured(
            "Not every connection could be asked.",
            next_step="Mend the first one, then pull again; the others are kept.",
        )
    next_step("Check the mappings against it: tillbridge check --offline")


async def live_snapshot(connection: Connection, call: Call) -> Snapshot | None:
    """What a connection takes now; None where its documents are the same everywhere.

    Raises:
        Transient, Misconfigured: it cannot be asked.
    """
    session = connection.session
    if not isinstance(session, DescribesDocuments):
        return None
    documents = await session.describe(call)
    name, connector = connection.name, connection.configured.connector.name
    return Snapshot(name, connector, call.now.date(), documents)


def keep(folder: Path, live: Snapshot) -> list[str]:
    """Keeps what was seen; answers what changed, a sentence each. Raises Misconfigured."""
    before = read_snapshots(folder).get(live.connection)
    if before is not None and same(before, live):
        return []
    keep_snapshot(folder, merged(before, live))
    return drift(before, live) if before is not None else []


def drifted(folder: Path, live: Snapshot) -> list[Flaw]:
    """What changed since it was kept, as warnings."""
    before = read_snapshots(folder).get(live.connection)
    if before is None:
        return []
    place = Place(f"{FOLDER}/{live.connection}.yaml")
    then = "Keep what is there now, then check: tillbridge check --refresh."
    return [Flaw("warning", "drift", told, place, then) for told in drift(before, live)]


async def _pull(surroundings: Surroundings, wanted: Sequence[str]) -> int:
    async with surroundings.connections() as opened:
        unknown = set(wanted) - {connection.name for connection in opened.all()}
        for name in sorted(unknown):
            opened[name]  # raises Misconfigured
        lines = [
            line
            for connection in opened.all()
            if not wanted or connection.name in wanted
            for line in await _pull_one(surroundings.site.folder, connection)
        ]
    return show_lines("Schemas", lines)


async def _pull_one(folder: Path, connection: Connection) -> list[CheckLine]:
    call = Call("", now(), connection.timeout_s, "tillbridge schemas", lambda: None)
    try:
        live = await live_snapshot(connection, call)
    except TillbridgeError as error:
        return [failed_line(connection.name, error)]
    if live is None:
        return [CheckLine(connection.name, passed=True, detail="the same everywhere, not kept")]
    changed = keep(folder, live)
    kept = f"{FOLDER}/{connection.name}.yaml, {', '.join(live.documents)}"
    return [
        CheckLine(connection.name, passed=True, detail=kept),
        *(CheckLine("Changed", passed=True, detail=told) for told in changed),
    ]


def _rows(path: str, fields: Iterable[Field]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for field in fields:
        rows.append((path + field.name, field.type.replace("_", " "), _takes(field), field.title))
        rows += _rows(f"{path}{field.name}.", field.of)
    return rows


def _takes(field: Field) -> str:
    told = []
    if field.gone_on is not None:
        told.append(f"gone since {field.gone_on}")
    if field.required:
        told.append("required")
    if field.length_max is not None:
        told.append(f"{field.length_max} characters")
    if field.digits_max is not None:
        told.append(f"{field.digits_max} digits after the point")
    if field.options:
        told.append(", ".join(field.options[:20]))
    if field.inexact:
        told.append("not exact: no amounts")
    if field.unit:
        told.append(field.unit)
    return "; ".join(told)
