"""What a real run has left behind: the order's whole story, from the house's own tables."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tillbridge.canonical.codec import decode_event, read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.rehearsal.story import Ending

SQL: Final = load_statements("tillbridge.rehearsal", "recorded.sql")
_ENDINGS: Final[Mapping[str, Ending]] = {
    "done": "done",
    "cancelled": "cancelled",
    "dead": "dead_letter",
    "ready": "waiting",
    "waiting": "waiting",
}


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try to pay, with the order as plain JSON."""

    key: str
    state: str
    reason: str
    review: str
    order: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run of the story ended.

    Attributes:
        kind, reason, step: of its dead letter; "" without one.
    """

    flow: str
    ends: Ending
    waiting_for: str
    kind: str
    reason: str
    step: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The story of one subject.

    Attributes:
        flow: that of the run asked for.
        done: how often each document was written: (connection, document).
        failed: the documents that were refused.
        steps: what each step was to write: (step, connection, document).
    """

    subject: str
    flow: str
    attempts: tuple[Attempted, ...]
    events: tuple[tuple[Event, datetime], ...]
    ended: tuple[Ended, ...]
    done: Counter[tuple[str, str]]
    failed: tuple[tuple[str, str], ...]
    steps: tuple[tuple[str, str, str], ...]


async def read_recorded(database: Database, run_id: int) -> Recorded:
    """The story of a run's subject. Raises Rejected for an unknown number."""
    run = await database.fetch_row(SQL["run"], run_id)
    if run is None:
        raise Rejected(
            f"There is no run {run_id}.", reason="unknown_run", next_step="See tillbridge runs."
        )
    subject = run["subject"]
    effects = await database.fetch(SQL["effects"], subject)
    return Recorded(
        subject=subject,
        flow=run["flow"] or run["journey"],
        attempts=tuple(
            Attempted(
                key=row["attempt_key"],
                state=row["state"],
                reason=row["reason"],
                review=row["review"],
                order=read_json(row["order"]),
                at=row["started_at"],
            )
            for row in await database.fetch(SQL["attempts"], subject)
        ),
        events=tuple(
            (decode_event(row["envelope"]), row["kept_at"])
            for row in await database.fetch(SQL["events"], subject)
        ),
        ended=tuple(
            Ended(
                flow=row["flow"],
                ends=_ENDINGS[row["state"]],
                waiting_for=row["waiting_for"],
                kind=row["class"] or "",
                reason=row["reason"] or "",
                step=row["step"] or "",
            )
            for row in await database.fetch(SQL["endings"], subject)
        ),
        done=Counter(
            (row["connection"], row["effect"]) for row in effects if row["state"] == "done"
        ),
        failed=tuple(
            (row["connection"], row["effect"]) for row in effects if row["state"] == "refused"
        ),
        steps=tuple((row["step"], row["connection"], row["effect"]) for row in effects),
    )
