"""History: what became of anything, wherever it is kept by now.

any id -> orders, by the database and by the indexes of archived months
       -> runs that are here, past, or in files; each with its flow's version
       -> payments, names elsewhere, every moment, and one sentence what to do next
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tillbridge.archive.month_files import parts_in, subjects_with
from tillbridge.archive.months import Month, months
from tillbridge.archive.parts import PARTS_MAX, Part, outline, outlines_of
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.journeys.subjects import subjects_of
from tillbridge.journeys.trace import (
    RUNS_MAX,
    Moment,
    PaymentLine,
    runs_in,
    story_of,
    unknown_id,
)
from tillbridge.references.references import Recorded
from tillbridge.runs.history import RunRow, runs

SQL = load_statements("tillbridge.journeys", "history.sql")
LIVE = "live"
VERSION_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run: an attempt to carry one event through one version of one flow.

    Attributes:
        version: of the flow, pinned to the run; its first characters ("" where no flow is run).
        why: what it waits for, or how it ended.
        stored: "live", "history" (in the database), or the archived month whose files hold it.
    """

    id: int
    flow: str
    version: str
    target: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    tries: int
    replay_of: int | None
    why: str
    stored: str


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one order, found by any id.

    Attributes:
        others: further orders that know the same id.
        missing: what could not be looked through, and where it is.
        next_step: one sentence.
    """

    asked: str
    subject: str
    others: tuple[str, ...]
    next_step: str
    missing: tuple[str, ...]
    runs: tuple[RunLine, ...]
    payments: tuple[PaymentLine, ...]
    references: tuple[Recorded, ...]
    moments: tuple[Moment, ...]


async def history(database: Database, root: Path, any_id: str) -> History:
    """The history an id belongs to; `root` is the folder of archived months.

    Raises:
        Rejected: nobody has heard of that id, here or in any file.
    """
    subjects = await subjects_of(database, any_id)
    parts = await outlines_of(database, subjects[0]) if subjects else []
    # Asked for after the parts: a month that leaves the database meanwhile is read from its files.
    files, missing = await asyncio.to_thread(_files, root, await months(database))
    if not subjects:
        subjects = await asyncio.to_thread(_subjects_in, files, any_id)
        if not subjects:
            raise unknown_id(any_id)
        parts = await outlines_of(database, subjects[0])
    parts += await asyncio.to_thread(_parts_in, files, subjects[0])
    past = runs_in(parts)
    story = await story_of(database, any_id, subjects, past)
    here = await runs(database, subject=story.subject, limit=RUNS_MAX)
    return History(
        asked=any_id,
        subject=story.subject,
        others=story.others,
        next_step=await _next_step(database, story.subject, here, story.payments),
        missing=tuple(missing),
        runs=tuple(await _lines(database, here, parts, past)),
        payments=story.payments,
        references=story.references,
        moments=tuple(sorted([*story.moments, *_told(parts)], key=lambda moment: moment.at)),
    )


async def _lines(
    database: Database, here: Sequence[RunRow], parts: Sequence[Part], past: Sequence[RunRow]
) -> list[RunLine]:
    """Every run once, oldest first."""
    ids = [row.id for row in here]
    rows = await database.fetch(SQL["versions_of_runs"], ids)
    versions = {row["id"]: row["flow_version"] for row in rows}
    found = {row.id: _line(row, versions.get(row.id, ""), LIVE) for row in here}
    run_parts = [part for part in parts if part.kind == "run"]
    for part, row in zip(run_parts, past, strict=True):
        found.setdefault(row.id, _line(row, part.content["flow_version"], part.stored))
    return [found[number] for number in sorted(found)]


def _line(row: RunRow, version: str, stored: str) -> RunLine:
    return RunLine(
        id=row.id,
        flow=row.flow or row.journey,
        version=version[:VERSION_SHOWN],
        target=row.target,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        tries=row.tries,
        replay_of=row.replay_of,
        why=row.ending or row.waiting_for,
        stored=stored,
    )


def _told(parts: Sequence[Part]) -> Iterator[Moment]:
    """Deliveries and notices of the past, as moments."""
    for part in {(part.kind, part.id): part for part in parts}.values():
        if part.kind == "delivery":
            yield Moment(
                part.at, "event", part.content["source"], "delivered", None,
                part.content["delivery_id"],
            )  # fmt: skip
        elif part.kind == "notice":
            yield Moment(
                part.at, "run", "tillbridge", "told people", None, f"notice {part.id}",
                part.content["title"],
            )  # fmt: skip


async def _next_step(
    database: Database, subject: str, here: Sequence[RunRow], payments: Sequence[PaymentLine]
) -> str:
    """What a person should do now, the most pressing first."""
    row = await database.fetch_row(SQL["standing_of_subject"], subject)
    assert row is not None, "standing_of_subject answers one row"
    if row["letter"] is not None:
        return f"It needs a person: tillbridge dead-letters show {row['letter']}"
    if row["unknown"] is not None:
        return (
            f"A call to {row['unknown']} has no answer so far; it is resolved by itself where that"
            " is possible: tillbridge unknowns"
        )
    if row["question"] is not None:
        return f"Somebody has to answer: tillbridge approvals show {row['question']}"
    if any(line.state == "in_review" for line in payments):
        return "Somebody has to accept or reject the payment: tillbridge reviews"
    waiting = [run for run in here if run.ended_at is None]
    if waiting:
        why = waiting[-1].waiting_for or "a worker"
        return f"Run {waiting[-1].id} waits for {why}: nothing to do unless that takes too long."
    held = [_held(line) for line in payments if line.state in _HOLDING and _held(line)]
    if held:
        return f"{held[0]} is held and nothing is under way: ship it, or cancel the order."
    return "Nothing to do: all of it has ended."


_HOLDING = (AttemptState.PARTIAL, AttemptState.AUTHORIZED)


def _held(line: PaymentLine) -> Money | None:
    left = line.amount - line.captured - line.reversed
    return left if left.amount > 0 else None


def _files(root: Path, known: Sequence[Month]) -> tuple[list[Path], list[str]]:
    """The folders of months that are in files only, newest first; and which are not here."""
    gone = [month for month in reversed(known) if month.state == "dropped"]
    folders = {month.month: root / month.name for month in gone}
    missing = [
        f"{month.name} is archived, and its files are not in {root.resolve()}:"
        f" {month.host} has written them."
        for month in gone
        if not folders[month.month].is_dir()
    ]
    return [folder for folder in folders.values() if folder.is_dir()], missing


def _subjects_in(folders: Sequence[Path], any_id: str) -> list[str]:
    found: dict[str, None] = {}
    for folder in folders:
        found |= dict.fromkeys(subjects_with(folder, any_id))
    return sorted(found, key=lambda subject: subject != any_id)


def _parts_in(folders: Sequence[Path], subject: str) -> list[Part]:
    """Outlines of what the files hold of a subject, in time order; the newest PARTS_MAX."""
    found = deque[Part](maxlen=PARTS_MAX)
    for folder in reversed(folders):
        found.extend(outline(part) for part in parts_in(folder, subject))
    return list(found)
