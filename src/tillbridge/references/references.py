"""Given any id (order number, request id, GUID, ERP order number), all the others are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.references import ExternalReference
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.references", "references.sql")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A reference and since when it is known."""

    reference: ExternalReference
    recorded_at: datetime


async def record(tx: Tx, subject: str, references: Sequence[ExternalReference]) -> None:
    """Remembers how a subject is known elsewhere; recording it again changes nothing."""
    if references:
        await tx.execute(
            SQL["record"],
            subject,
            [reference.system for reference in references],
            [reference.kind for reference in references],
            [reference.id for reference in references],
        )


SUBJECTS_MAX = 100


async def subjects_of(database: Database, any_id: str) -> list[str]:
    """The subjects (order numbers) that an id of any system belongs to; at most SUBJECTS_MAX."""
    rows = await database.fetch(SQL["subjects_of_id"], any_id, SUBJECTS_MAX)
    return [row["subject"] for row in rows]


async def of_subject(database: Database, subject: str) -> list[Recorded]:
    """Every known name of a subject, oldest first."""
    rows = await database.fetch(SQL["of_subject"], subject)
    return [
        Recorded(ExternalReference(row["system"], row["kind"], row["id"]), row["recorded_at"])
        for row in rows
    ]
