"""Numbered migrations: each runs once, in order, in its own transaction."""

import re
from dataclasses import dataclass
from importlib.resources import files

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import Database, Tx

_FILE = re.compile(r"^(\d{4})_(\w+)\.sql$")
_LOCK = 0x7111B21D6E
"""Advisory lock: one program migrates at a time."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered schema change, as packaged."""

    number: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """The migrations this program knows, in order. Numbers have no gap and no double."""
    found = []
    for file in files("tillbridge.database").joinpath("migrations").iterdir():
        match = _FILE.match(file.name)
        if match:
            sql = file.read_text(encoding="utf-8")
            found.append(Migration(int(match[1]), match[2], sql))
    found.sort(key=lambda migration: migration.number)
    assert [item.number for item in found] == list(range(1, len(found) + 1)), "numbers have a gap"
    return tuple(found)


async def migrate(database: Database) -> tuple[Migration, ...]:
    """Brings the schema up to this program; answers what was applied.

    Raises:
        Misconfigured: the schema is newer than this program.
    """
    applied = []
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        for migration in await _outstanding(tx):
            await tx.execute(migration.sql)
            await tx.execute(
                "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                migration.number,
                migration.name,
            )
            applied.append(migration)
    return tuple(applied)


async def check_schema(database: Database) -> None:
    """Raises Misconfigured unless the schema is exactly what this program knows."""
    async with database.transaction() as tx:
        outstanding = await _outstanding(tx)
    if outstanding:
        raise Misconfigured(
            f"The database lacks {len(outstanding)} migrations, first {outstanding[0].name!r}.",
            reason="schema_older",
            next_step="Run tillbridge migrate.",
        )


async def _outstanding(tx: Tx) -> tuple[Migration, ...]:
    await tx.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY,"
        " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    known = migrations()
    newest = await tx.fetchval("SELECT coalesce(max(number), 0) FROM schema_migrations")
    if newest > len(known):
        raise Misconfigured(
            f"The database has schema {newest}; this program knows {len(known)}.",
            reason="schema_newer",
            next_step="Install the newer Tillbridge that wrote it; nothing was changed.",
        )
    return known[newest:]
