"""Dead letters: runs that need a person. Listed, shown, patched, replayed, cancelled.

The original is kept: an edit is a patch with who and why, and a replay is a new run that refers to
the old one and keeps its keys, so that what was done is not done again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tillbridge.canonical.codec import decode_event, encode, read_json
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.database.database import Database, Tx
from tillbridge.runs.lanes import SQL, Lane


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row of the desk.

    Attributes:
        kind: "rejected", "misconfigured", "unreconciled", "exhausted", "bug", "unusable".
        whose_turn: who can mend it.
        resolution: "" while it is open, else "replayed as N" or "cancelled".
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
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A dead letter with its input (the event's envelope, patches applied).

    `effects` are what it and the runs it replays have done or begun in other systems.
    """

    letter: DeadLetter
    flow_version: str
    journey: str
    content: Mapping[str, Any]
    patches: tuple["Patch", ...]
    effects: tuple[asyncpg.Record, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """What a person changed, and why."""

    number: int
    patched_at: datetime
    operator: str
    why: str
    before: bytes
    after: bytes


async def dead_letters(
    database: Database, *, also_resolved: bool = False, limit: int = 100
) -> list[DeadLetter]:
    """The desk, newest first."""
    rows = await database.fetch(SQL["list_dead_letters"], also_resolved, limit)
    return [_letter(row) for row in rows]


async def open_dead_letter(database: Database, run_id: int) -> Opened:
    """One dead letter with everything a person needs. Raises Rejected for an unknown number."""
    row = await database.fetch_row(SQL["show_dead_letter"], run_id)
    if row is None:
        raise Rejected(
            f"There is no dead letter {run_id}.",
            reason="unknown_dead_letter",
            next_step="See tillbridge dead-letters list.",
        )
    patches = await database.fetch(SQL["patches_of_run"], run_id)
    content = patches[-1]["after"] if patches else row["input"]
    return Opened(
        letter=_letter(row),
        flow_version=row["flow_version"],
        journey=row["journey"],
        content=_readable(content),
        patches=tuple(Patch(**dict(patch)) for patch in patches),
        effects=tuple(await database.fetch(SQL["effects_of_chain"], run_id)),
    )


async def patch(
    database: Database,
    run_id: int,
    field: str,
    value: Any,
    *,
    operator: str,
    why: str,
    record: Callable[[Tx, Any], Awaitable[None]],
) -> int:
    """Changes one field of a dead letter's input; answers the patch's number.

    `field` is a path such as "data.order.shipping.postal_code" or "data.order.lines.0.product".
    `record` is called with the field's old value inside the same commit.

    Raises:
        Rejected: no such letter or field; it is resolved; a done step has consumed the data; the
            changed input is no valid event; or somebody changed it at the same time.
    """
    if not field.startswith("data."):
        raise Rejected(
            f"{field!r} says which event it is; only its data can be changed.",
            reason="unknown_field",
            place=Place(field=field),
            next_step="Name a field below data, such as data.order.shipping.city.",
        )
    opened = await open_dead_letter(database, run_id)
    if opened.letter.resolved_at is not None:
        raise Rejected(f"Dead letter {run_id} is {opened.letter.resolution}.", reason="resolved")
    done = [
        row["effect"] for row in opened.effects if row["state"] in ("done", "unknown", "intended")
    ]
    if done:
        raise Rejected(
            f"Run {run_id} has already written {', '.join(done)} from this data.",
            reason="consumed",
            next_step="Replay it as it is, or undo those documents first.",
        )
    before = encode(opened.content)
    changed = read_json(before)
    replaced = _put(changed, field, value)
    after = encode(changed)
    decode_event(after)
    seen = opened.patches[-1].number if opened.patches else 0
    async with database.transaction() as tx:
        held = await tx.fetchval(SQL["lock_open_letter"], run_id)
        if held is None or await tx.fetchval(SQL["newest_patch_number"], run_id) != seen:
            raise Rejected(
                f"Dead letter {run_id} was changed or resolved by somebody else just now.",
                reason="resolved",
                next_step="Look at it again.",
            )
        number = await tx.fetchval(SQL["add_patch"], run_id, operator, why, before, after)
        await record(tx, replaced)
    return int(number)


async def replay(tx: Tx, run_id: int, flow_version: str) -> int:
    """Starts a new run of a dead letter, with its newest patch.

    Raises:
        Rejected: no such dead letter, or it is resolved already.
    """
    row = await tx.fetchrow(SQL["show_dead_letter"], run_id)
    if row is None or row["resolved_at"] is not None:
        raise Rejected(f"There is no open dead letter {run_id}.", reason="unknown_dead_letter")
    patched = await tx.fetchval(SQL["newest_patch"], run_id)
    await tx.execute(SQL["arrive"], row["subject"])
    number = await tx.fetchval(
        SQL["replay_run"],
        row["subject"],
        row["target"],
        run_id,
        flow_version or row["flow_version"],
        patched or row["input"],
    )
    resolution = f"replayed as {number}"
    if await tx.fetchval(SQL["resolve_dead_letter"], run_id, resolution) is None:
        raise Rejected(  # somebody else was faster; this run is rolled back
            f"There is no open dead letter {run_id}.", reason="unknown_dead_letter"
        )
    return int(number)


async def cancel(tx: Tx, run_id: int, why: str) -> DeadLetter:
    """Takes a dead letter off the desk for good. Raises Rejected when it is not open."""
    row = await tx.fetchrow(SQL["show_dead_letter"], run_id)
    resolved = await tx.fetchval(SQL["resolve_dead_letter"], run_id, f"cancelled: {why}")
    if row is None or resolved is None:
        raise Rejected(f"There is no open dead letter {run_id}.", reason="unknown_dead_letter")
    return _letter(row)


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
    await tx.execute(
        SQL["open_dead_letter"], run_id, "unusable", reason, message, whose_turn, "translate"
    )


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(
        run_id=row["run_id"],
        subject=row["subject"],
        target=row["target"],
        flow=row["flow"],
        kind=row["class"],
        reason=row["reason"],
        message=row["message"],
        whose_turn=row["whose_turn"],
        step=row["step"],
        opened_at=row["opened_at"],
        resolved_at=row["resolved_at"],
        resolution=row["resolution"],
    )


def _readable(content: bytes) -> Mapping[str, Any]:
    try:
        value = read_json(content)
    except Rejected:
        value = content.decode(errors="replace")
    return value if isinstance(value, dict) else {"body": value}


def _put(tree: Any, field: str, value: Any) -> Any:
    """Replaces one field; answers what stood there."""
    *path, last = field.split(".")
    at = tree
    try:
        for name in path:
            at = at[int(name)] if isinstance(at, list) else at[name]
        spot = int(last) if isinstance(at, list) else last
        replaced = at[spot]  # a field that is not there is refused, not added
        at[spot] = value
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise Rejected(
            f"The document has no field {field!r}.",
            reason="unknown_field",
            place=Place(field=field),
            next_step="See tillbridge dead-letters show for its fields.",
        ) from error
    return replaced
