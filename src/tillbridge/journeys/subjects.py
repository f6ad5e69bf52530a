"""Subjects: whatever somebody holds in hand leads to the orders it belongs to."""

from tillbridge.archive.parts import subject_of_run
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.references import references
from tillbridge.references.references import SUBJECTS_MAX
from tillbridge.runs.history import ID_MAX, run
from tillbridge.runs.keys import KEY_LENGTH, wire_key

SQL = load_statements("tillbridge.journeys", "history.sql")
RUN_PREFIX = "run:"
ROUNDS_MAX = 5000
"""Effects of later rounds whose keys are tried, the newest first."""


async def subjects_of(database: Database, any_id: str) -> list[str]:
    """The orders that an id belongs to, as far as the database knows; the order of that very number
    first.

    The id may be an order number, the shop's key of an attempt, a payment system's request id, an
    ERP's GUID or order number, a customer's reference, an event's id, the key of an effect as it
    goes over the wire, or a run ("run:17").
    """
    if not any_id:
        return []
    rows = await database.fetch(SQL["subjects_with"], any_id, SUBJECTS_MAX)
    told = {row["subject"] for row in rows}.union(await references.subjects_of(database, any_id))
    found = dict.fromkeys(sorted(told))
    if await database.fetch_value(SQL["is_subject"], any_id):
        found = {any_id: None} | found
    if not found and len(any_id) == KEY_LENGTH:
        found |= dict.fromkeys(await _subjects_of_later_rounds(database, any_id))
    number = run_number(any_id)
    if not found and number is not None:
        subject = await _subject_of_run(database, number)
        if subject is not None:
            found[subject] = None
    return list(found)


def run_number(any_id: str) -> int | None:
    """17 of "run:17"; None of anything else."""
    number = any_id.removeprefix(RUN_PREFIX)
    if number == any_id or not (number.isascii() and number.isdigit()) or int(number) > ID_MAX:
        return None
    return int(number)


async def _subjects_of_later_rounds(database: Database, key: str) -> list[str]:
    """The orders for which that key travelled, after a fence had burnt the effect's own."""
    rows = await database.fetch(SQL["later_rounds"], ROUNDS_MAX)
    return [
        row["subject"]
        for row in rows
        if any(wire_key(row["key"], number) == key for number in range(1, row["round"] + 1))
    ]


async def _subject_of_run(database: Database, number: int) -> str | None:
    try:
        row, _ = await run(database, number)
    except Rejected:
        return await subject_of_run(database, number)
    return row.subject
