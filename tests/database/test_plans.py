"""No statement reads a whole table, however PostgreSQL has planned it for reuse."""

import re

import pytest

from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

FILES = [
    ("tillbridge.payments", "payments.sql"),
    ("tillbridge.runs", "runs.sql"),
    ("tillbridge.inbox", "inbox.sql"),
    ("tillbridge.references", "references.sql"),
    ("tillbridge.desk", "desk.sql"),
    ("tillbridge.triggers", "triggers.sql"),
    ("tillbridge.runs", "slots.sql"),
    ("tillbridge.flows", "pauses.sql"),
    ("tillbridge.alerts", "alerts.sql"),
    ("tillbridge.journeys", "standing.sql"),
    ("tillbridge.journeys", "backlog.sql"),
    ("tillbridge.connections", "gates.sql"),
    ("tillbridge.runs", "parked.sql"),
    ("tillbridge.journeys", "history.sql"),
    ("tillbridge.archive", "archive.sql"),
    ("tillbridge.payments", "finds.sql"),
    ("tillbridge.triggers", "pulls.sql"),
    ("tillbridge.runs", "watchdogs.sql"),
    ("tillbridge.connections", "webhooks.sql"),
    ("tillbridge.payments", "adoptions.sql"),
    ("tillbridge.settlements", "settlements.sql"),
    ("tillbridge.journeys", "settlements.sql"),
]
COUNTS_EVERYTHING = {"counts"}
"""Statements for people that count a whole table."""


@pytest.mark.parametrize(("package", "file"), FILES)
@pytest.mark.complaint("I28")
async def test_every_statement_has_an_index_for_its_generic_plan(
    database: Database, package: str, file: str
) -> None:
    """With sequential scans forbidden, one that is planned all the same has no other way."""
    found = []
    async with database.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for name, statement in load_statements(package, file).items():
            plan = await _plan(connection, name, statement)
            if "Seq Scan" in plan and name not in COUNTS_EVERYTHING:
                found.append(f"{name}:\n{plan}")
        await connection.execute("RESET ALL")
        await connection.execute("DEALLOCATE ALL")

    assert not found, "\n".join(found)


async def _plan(connection: Tx, name: str, statement: str) -> str:
    numbers = [int(number) for number in re.findall(r"\$(\d+)", statement)]
    nothing = ", ".join(["NULL"] * max(numbers, default=0))
    await connection.execute(f"PREPARE plan_{name} AS {statement}")
    values = f"({nothing})" if nothing else ""
    rows = await connection.fetch(f"EXPLAIN EXECUTE plan_{name}{values}")
    return "\n".join(row[0] for row in rows)
