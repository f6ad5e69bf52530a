"""Dead letters: runs that need a person. Listed, taken, replayed, resolved.

    open -> in work (somebody has it) -> resolved (replayed, cancelled, or done by a later run)

A resolution is final: the database refuses to change it. The original is kept: an edit is a patch
with who and why (runs/patches.py), and a replay is a new run that refers to the old one and keeps
its keys, so that what was done is not done again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import asyncpg

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.database.database import Database, Tx
from tillbridge.runs.lanes import DESK, SQL, Lane, open_letter
from tillbridge.runs.patches import Patch, Proposal, patches_of, proposals_of
from tillbridge.runs.run import Letter

LetterState: TypeAlias = Literal["open", "in_work", "resolved"]
ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row of the desk.

    Attributes:
        kind: its error class, such as "rejected_by_rule" (see tillbridge errors).
        whose_turn: who can mend it.
        connection: where it came up; "" when that was at none.
        next_step: what that person does, in a sentence.
        state: "open", "in_work" while somebody has it, "resolved".
        owner: who has it in work; "" for nobody.
        at_risk: the money its run is about; None when it is about none, or that cannot be told.
        resolution: "" while it is not resolved, else "replayed as N", "cancelled: why" or
            "run N has done it".
    """

    run_id: int
    subject: str
    target: str
    flow: str
    kind: str
    reason: str
    message: str
    whose_turn: str
    step: str
    connection: str
    next_step: str
    state: LetterState
    owner: str
    taken_at: datetime | None
    at_risk: Money | None
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class LettersLike:
    """Which dead letters are meant: those that have all of this in common; "" means any.

    Attributes:
        kind: the error class.
        target: the connection whose lanes they died in.
        older_than_s: opened at least so many seconds ago.
        also_resolved: resolved ones, too.
    """

    kind: str = ""
    flow: str = ""
    target: str = ""
    owner: str = ""
    state: LetterState | Literal[""] = ""
    older_than_s: float = 0.0
    also_resolved: bool = False


@dataclass(frozen=True, slots=True)
class AtRisk:
    """How much money open dead letters of one currency are about."""

    money: Money
    count: int


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One run of a chain of replays: with which version it was taken, and how it ended."""

    run_id: int
    journey: str
    flow_version: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    ending: str
    replay_of: int | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a run whose outcome is kept."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A dead letter with its input (the event's envelope, patches applied).

    `effects` are what it and the runs it replays have done or begun in other systems; `attempts`
    these runs and the replays that followed; `steps` what the run was told before it failed.
    """

    letter: DeadLetter
    flow_version: str
    journey: str
    content: Mapping[str, Any]
    patches: tuple[Patch, ...]
    proposals: tuple[Proposal, ...]
    effects: tuple[asyncpg.Record, ...]
    attempts: tuple[AttemptRow, ...]
    steps: tuple[StepRow, ...]


async def dead_letters(
    database: Database,
    like: LettersLike | None = None,
    *,
    also_resolved: bool = False,
    before: int = 0,
    limit: int = 100,
) -> list[DeadLetter]:
    """The desk, newest first; `before` is the run of the last one of the page before."""
    like = like or LettersLike()
    every = also_resolved or like.also_resolved or like.state == "resolved"
    rows = await database.fetch(
        DESK["list_all_dead_letters" if every else "list_dead_letters"],
        like.kind,
        like.flow,
        like.target,
        like.owner,
        like.state,
        like.older_than_s,
        before or ID_MAX,
        limit,
    )
    return [_letter(row) for row in rows]


async def money_at_risk(database: Database) -> list[AtRisk]:
    """What all open dead letters are about, by currency."""
    rows = await database.fetch(DESK["money_at_risk"])
    return [AtRisk(Money(row["amount"], row["currency"]), row["count"]) for row in rows]


async def open_dead_letter(database: Database, run_id: int) -> Opened:
    """One dead letter with everything a person needs. Raises Rejected for an unknown number."""
    row = await database.fetch_row(DESK["show_dead_letter"], run_id)
    if row is None:
        raise _unknown(run_id)
    patches = await patches_of(database, run_id)
    content = patches[-1].after if patches else row["input"]
    attempts = await database.fetch(DESK["attempts_of_chain"], run_id)
    steps = await database.fetch(DESK["steps_of_run"], run_id)
    return Opened(
        letter=_letter(row),
        flow_version=row["flow_version"],
        journey=row["journey"],
        content=_readable(content),
        patches=patches,
        proposals=await proposals_of(database, run_id),
        effects=tuple(await database.fetch(SQL["effects_of_chain"], run_id)),
        attempts=tuple(_attempt(each) for each in attempts),
        steps=tuple(StepRow(each["name"], each["kind"]) for each in steps),
    )


async def take(tx: Tx, run_id: int, owner: str) -> None:
    """Puts a dead letter into somebody's hands. Raises Rejected when somebody else has it."""
    if await tx.fetchval(DESK["take_dead_letter"], run_id, owner) is None:
        raise await _not_open(tx, run_id)


async def hand_back(tx: Tx, run_id: int) -> str:
    """Nobody has it any more; answers who had. Raises Rejected when nobody had."""
    row = await tx.fetchrow(DESK["show_dead_letter"], run_id)
    if await tx.fetchval(DESK["hand_back_dead_letter"], run_id) is None or row is None:
        raise await _not_open(tx, run_id)
    return str(row["owner"])


def expect_at_hand(letter: DeadLetter, operator: str) -> None:
    """Raises Rejected when the letter is resolved, or somebody else has it in work."""
    if letter.resolved_at is not None:
        raise _resolved(letter.run_id, letter.resolution)
    if letter.owner and letter.owner != operator:
        raise Rejected(
            f"Dead letter {letter.run_id} is in work: {letter.owner} has it.",
            reason="in_work",
            next_step=f"Ask {letter.owner}, or hand it back first: tillbridge dead-letters"
            f" hand-back {letter.run_id} --why ...",
        )


async def replay(tx: Tx, run_id: int, flow_version: str, *, with_steps: bool = False) -> int:
    """Starts a new run of a dead letter, with its newest patch, in its old place in the lane.

    With `with_steps` it begins with what the old run was told before it failed.

    Raises:
        Rejected: no such dead letter, or it is resolved already.
    """
    row = await tx.fetchrow(DESK["show_dead_letter"], run_id)
    if row is None:
        raise _unknown(run_id)
    await tx.execute(SQL["arrive"], row["subject"])
    patched = await tx.fetchval(SQL["newest_patch"], run_id)
    number: int = await tx.fetchval(
        SQL["replay_run"],
        row["subject"],
        row["target"],
        run_id,
        flow_version or row["flow_version"],
        patched or row["input"],
    )
    if with_steps:
        await tx.execute(DESK["copy_steps"], run_id, number)
    await _resolve(tx, run_id, f"replayed as {number}")
    return number


async def cancel(tx: Tx, run_id: int, why: str) -> DeadLetter:
    """Takes a dead letter off the desk for good. Raises Rejected when it is not open."""
    row = await tx.fetchrow(DESK["show_dead_letter"], run_id)
    if row is None:
        raise _unknown(run_id)
    await tx.execute(SQL["arrive"], row["subject"])
    await _resolve(tx, run_id, f"cancelled: {why}")
    return _letter(row)


async def resolve_what_was_done(
    database: Database, note: Callable[[Tx, int, int], Awaitable[None]], limit: int = 100
) -> list[int]:
    """Resolves letters of which later runs, which are done, have made every effect that was still
    to be made; answers them. `note` is called in the commit of each, with the newest such run.

    One that somebody has in work is that person's to resolve.
    """
    resolved = []
    for row in await database.fetch(DESK["paid_since"], limit):
        async with database.transaction() as tx:
            await tx.execute(SQL["arrive"], row["subject"])
            told = f"run {row['by_run']} has done it"
            if await tx.fetchval(DESK["resolve_dead_letter"], row["run_id"], told) is not None:
                await note(tx, row["run_id"], row["by_run"])
                resolved.append(row["run_id"])
    return resolved


async def start_undo(tx: Tx, run_id: int, journey: str) -> int:
    """Starts the run that undoes what a dead run has done; answers its number."""
    row = await tx.fetchrow(SQL["show_run"], run_id)
    assert row is not None, "what is undone was run"
    await tx.execute(SQL["arrive"], row["subject"])
    number: int = await tx.fetchval(SQL["undo_run"], run_id, journey)
    return number


async def undone_steps(database: Database, run_id: int, journey: str) -> dict[str, bytes]:
    """What the steps of the run answered that an undoing run, or a replay of one, undoes."""
    rows = await database.fetch(SQL["undone_steps"], run_id, journey)
    return {row["name"]: row["outcome"] for row in rows}


async def bury_delivery(
    tx: Tx, lane: Lane, body: bytes, *, reason: str, message: str, whose_turn: str
) -> None:
    """A delivery that was kept and cannot be used: a dead letter from the start."""
    run_id = await tx.fetchval(SQL["bury_delivery"], lane.subject, lane.target, body, message)
    again = "Mend what kept it from being read, then replay it; or ask its sender."
    letter = Letter(
        run_id, "invalid_data", reason, message, whose_turn, "translate", next_step=again
    )
    await open_letter(tx, letter)


async def _resolve(tx: Tx, run_id: int, resolution: str) -> None:
    if await tx.fetchval(DESK["resolve_dead_letter"], run_id, resolution) is None:
        raise await _not_open(tx, run_id)  # somebody else was faster; this is rolled back
    await tx.execute(DESK["undone_proposals"], run_id, "tillbridge", resolution)


async def _not_open(tx: Tx, run_id: int) -> Rejected:
    row = await tx.fetchrow(DESK["show_dead_letter"], run_id)
    if row is None:
        return _unknown(run_id)
    if row["resolved_at"] is not None:
        return _resolved(run_id, row["resolution"])
    if not row["owner"]:
        return Rejected(f"Nobody has dead letter {run_id} in work.", reason="not_in_work")
    return Rejected(
        f"Dead letter {run_id} is in work: {row['owner']} has it.",
        reason="in_work",
        next_step=f"Ask {row['owner']}, or hand it back first.",
    )


def _unknown(run_id: int) -> Rejected:
    return Rejected(
        f"There is no dead letter {run_id}.",
        reason="unknown_dead_letter",
        next_step="See tillbridge dead-letters list.",
    )


def _resolved(run_id: int, resolution: str) -> Rejected:
    return Rejected(
        f"Dead letter {run_id} is {resolution}: that is final.",
        reason="resolved",
        next_step="See what became of it: tillbridge dead-letters list --all.",
    )


def _letter(row: asyncpg.Record) -> DeadLetter:
    own = {name: row[name] for name in _SAME}
    at_risk = Money(row["amount"], row["currency"]) if row["currency"] else None
    return DeadLetter(kind=row["class"], at_risk=at_risk, **own)


_SAME = tuple(name for name in DeadLetter.__slots__ if name not in ("kind", "at_risk"))


def _attempt(row: asyncpg.Record) -> AttemptRow:
    return AttemptRow(run_id=row["id"], **{name: row[name] for name in AttemptRow.__slots__[1:]})


def _readable(content: bytes) -> Mapping[str, Any]:
    try:
        value = read_json(content)
    except Rejected:
        value = content.decode(errors="replace")
    return value if isinstance(value, dict) else {"body": value}
