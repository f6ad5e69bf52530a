"""What happened in a test: documents written, and how runs ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tillbridge.connector.documents import Fields
from tillbridge.connector.packing import unpack
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.references.references import of_subject
from tillbridge.rehearsal.story import Ending

SQL = load_statements("tillbridge.rehearsal", "record.sql")
_ENDINGS: Mapping[str, Ending] = {
    "done": "done",
    "cancelled": "cancelled",
    "dead": "dead_letter",
    "waiting": "waiting",
    "ready": "waiting",
}


@dataclass(frozen=True, slots=True)
class Made:
    """One document that was to be written.

    Attributes:
        fields: as they were sent.
        state: "done", "refused", "fenced", "unknown", "intended" or "planned".
        references: by which ids the document's subject is known, in the order they came:
            (connection, kind, id).
    """

    connection: str
    document: str
    subject: str
    ordinal: str
    state: str
    step: str
    tries: int
    fields: Fields
    reason: str
    flow: str
    flow_version: str
    references: Sequence[tuple[str, str, str]]

    @property
    def name(self) -> str:
        return f"{self.connection}/{self.document}"


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run stands; `why` it ended so, or what it waits for; the `reason` is its dead
    letter's word."""

    id: int
    subject: str
    target: str
    flow: str
    flow_version: str
    ends: Ending
    why: str
    reason: str
    step: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one test has done.

    Attributes:
        effects: what the simulators say took place: by system, (kind, order number) as often as
            it did.
    """

    made: tuple[Made, ...]
    ran: tuple[Ran, ...]
    steps: frozenset[tuple[str, str]]
    effects: Mapping[str, Sequence[tuple[str, str]]]


async def read_record(
    database: Database, effects: Mapping[str, Sequence[Mapping[str, str]]]
) -> Record:
    """The record of a test at rest."""
    rows = await database.fetch(SQL["writes"])
    references = {
        subject: [
            (one.reference.system, one.reference.kind, one.reference.id)
            for one in await of_subject(database, subject)
        ]
        for subject in {row["subject"] for row in rows}
    }
    steps = await database.fetch(SQL["steps_done"])
    return Record(
        made=tuple(_made(row, references[row["subject"]]) for row in rows),
        ran=tuple(_ran(row) for row in await database.fetch(SQL["endings"])),
        steps=frozenset((row["flow"], row["name"]) for row in steps),
        effects={
            system: [(one["kind"], one["order_number"]) for one in found]
            for system, found in effects.items()
        },
    )


def _made(row: Any, references: Sequence[tuple[str, str, str]]) -> Made:
    return Made(
        connection=row["connection"],
        document=row["document"],
        subject=row["subject"],
        ordinal=row["ordinal"],
        state=row["state"],
        step=row["step"],
        tries=row["tries"],
        fields=unpack(row["request"]),
        reason=row["reason"],
        flow=row["flow"],
        flow_version=row["flow_version"],
        references=references,
    )


def _ran(row: Any) -> Ran:
    return Ran(
        id=row["id"],
        subject=row["subject"],
        target=row["target"],
        flow=row["flow"] or row["journey"],
        flow_version=row["flow_version"],
        ends=_ENDINGS[row["state"]],
        why=row["message"] or row["ending"] or row["waiting_for"],
        reason=row["reason"] or "",
        step=row["step"] or "",
    )
