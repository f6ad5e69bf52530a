"""Approvals: a question that people answer before a run goes on.

It is asked once for a step of a run, and its answer is final: the database refuses to change it.
Whoever is first ends it, a person or the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import asyncpg

from tillbridge.canonical.card_data import mask, mask_body
from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.desk", "desk.sql")

BY_COMMAND = " (command line)"
"""Ends the name of somebody who answers by command: the name before it is the person's."""
Answer: TypeAlias = Literal["open", "approved", "refused", "timed_out"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One question.

    Attributes:
        step: the step that asks, with the item of an `each` it stands in.
        shows: what stands beside the question, by name.
        may: names of those who may answer; empty: every operator.
        due_at: from then on no answer is taken.
        answer: "open" until somebody answers or the time is up.
        why: in the person's own words.
    """

    id: int
    run_id: int
    step: str
    flow: str
    subject: str
    question: str
    shows: Mapping[str, str]
    may: tuple[str, ...]
    asked_at: datetime
    due_at: datetime
    answer: Answer
    answered_at: datetime | None
    answered_by: str
    why: str


async def ask(
    database: Database,
    run_id: int,
    step: str,
    *,
    flow: str,
    subject: str,
    question: str,
    shows: Mapping[str, str],
    may: Sequence[str],
    due_at: datetime,
) -> Approval:
    """The approval of a step: asked now, or as it stands when it was asked before.

    A run that replays another finds what was approved there, as long as the question is the same.
    A card number in what people would read is masked.
    """
    beside = mask_body(encode(shows))[0].decode()
    values = (run_id, step, flow, subject, mask(question), list(may), due_at, beside)
    found = await asked(database, run_id, step)
    if found is None:
        await database.execute(SQL["ask"], *values)
        found = await asked(database, run_id, step)
    assert found is not None, "what was asked stands in the table"
    return found


async def asked(database: Database, run_id: int, step: str) -> Approval | None:
    """The approval of a run's step, if it was asked."""
    row = await database.fetch_row(SQL["asked"], run_id, step)
    return None if row is None else _approval(row)


async def time_out(database: Database, run_id: int, step: str, now: datetime) -> Approval:
    """Nobody has answered in time; an answer that came first stays. How it ended."""
    await database.execute(SQL["time_out"], run_id, step, now)
    found = await asked(database, run_id, step)
    assert found is not None, "what times out was asked"
    return found


async def open_approvals(database: Database, limit: int = 100) -> list[Approval]:
    """What waits for an answer, longest waiting first."""
    return [_approval(row) for row in await database.fetch(SQL["open_approvals"], limit)]


async def answer(
    tx: Tx, number: int, who: str, why: str, now: datetime, *, approved: bool
) -> Approval:
    """Answers an open approval.

    Raises:
        Rejected: there is no such approval, it is answered or its time is up, or `who` is not
            among those who may answer it.
    """
    row = await tx.fetchrow(SQL["approval"], number)
    if row is None:
        raise Rejected(
            f"There is no approval {number}.",
            reason="unknown_approval",
            next_step="See tillbridge approvals list.",
        )
    if row["may"] and who.removesuffix(BY_COMMAND) not in row["may"]:
        raise Rejected(
            f"Approval {number} is for {', '.join(row['may'])}; {who!r} is not among them.",
            reason="not_allowed",
            next_step="Ask one of them.",
        )
    verdict = "approved" if approved else "refused"
    answered = await tx.fetchrow(SQL["answer"], number, verdict, now, who, why)
    if answered is None:
        ended = "its time is up" if row["answer"] == "open" else f"it is {row['answer']}"
        raise Rejected(
            f"Approval {number} takes no answer any more: {ended}.",
            reason="resolved",
            next_step="See tillbridge runs show for what its run did then.",
        )
    return _approval(answered)


def _approval(row: asyncpg.Record) -> Approval:
    parts = {"may": tuple(row["may"]), "shows": read_json(row["shows"])}
    return Approval(**{**dict(row), **parts})
