"""Patches: what a person changed in a dead letter's input, and why; the original is kept.

A field that bears money is not changed by one person: what was proposed waits until a second one
confirms it, and both stand in the patch.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import asyncpg

from tillbridge.canonical.codec import decode_event, encode, read_json
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.database.database import Database, Tx
from tillbridge.runs.lanes import DESK, SQL

Answer: TypeAlias = Literal["open", "confirmed", "refused"]
Recorded: TypeAlias = Callable[[Tx, Any], Awaitable[None]]
"""Called inside the commit with what stood in the field before."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What a person changed, and why; `confirmed_by` is the second person, where it took two."""

    number: int
    patched_at: datetime
    operator: str
    why: str
    before: bytes
    after: bytes
    field: str
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of a field that bears money, before and after a second person has answered.

    Attributes:
        before, after: the field's value, as JSON holds it.
    """

    number: int
    run_id: int
    proposed_at: datetime
    operator: str
    why: str
    field: str
    before: Any
    after: Any
    answer: Answer
    answered_at: datetime | None
    answered_by: str
    answered_why: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of a dead letter's input with its new value.

    `field` is a path such as "data.order.shipping.postal_code" or "data.order.lines.0.product".
    """

    run_id: int
    field: str
    value: Any
    operator: str
    why: str


async def patches_of(database: Database, run_id: int) -> tuple[Patch, ...]:
    """The patches of a dead letter, oldest first."""
    rows = await database.fetch(DESK["patches_of_run"], run_id)
    return tuple(Patch(**dict(row)) for row in rows)


async def proposals_of(database: Database, run_id: int) -> tuple[Proposal, ...]:
    """What was proposed for a dead letter, oldest first."""
    rows = await database.fetch(DESK["proposals_of_run"], run_id)
    return tuple(_proposal(row) for row in rows)


async def proposal(tx: Tx, number: int) -> Proposal:
    """One proposal. Raises Rejected for an unknown number."""
    row = await tx.fetchrow(DESK["proposal"], number)
    if row is None:
        raise Rejected(
            f"There is no proposal {number}.",
            reason="unknown_proposal",
            next_step="See tillbridge dead-letters show for what is proposed.",
        )
    return _proposal(row)


async def patch(tx: Tx, edit: Edit, *, record: Recorded, confirmed_by: str = "") -> int:
    """Changes one field of a dead letter's input; answers the patch's number.

    Raises:
        Rejected: no such letter or field; it is resolved; a done step has consumed the data; or the
            changed input is no valid event.
    """
    before = await _content(tx, edit.run_id)
    after, replaced = edited(before, edit.field, edit.value)
    number: int = await tx.fetchval(
        DESK["add_patch"],
        edit.run_id,
        edit.operator,
        edit.why,
        before,
        after,
        edit.field,
        confirmed_by,
    )
    await record(tx, replaced)
    return number


async def propose(tx: Tx, edit: Edit, *, record: Recorded) -> int:
    """Keeps a change for a second person; answers the proposal's number. Raises as `patch` does."""
    before = await _content(tx, edit.run_id)
    _, replaced = edited(before, edit.field, edit.value)
    number: int = await tx.fetchval(
        DESK["propose"],
        edit.run_id,
        edit.operator,
        edit.why,
        edit.field,
        encode(replaced).decode(),
        encode(edit.value).decode(),
    )
    await record(tx, replaced)
    return number


async def answer_proposal(tx: Tx, number: int, who: str, why: str, answer: Answer) -> None:
    """Ends an open proposal. Raises Rejected when somebody has answered it."""
    if await tx.fetchval(DESK["answer_proposal"], number, answer, who, why) is None:
        found = await proposal(tx, number)
        raise Rejected(
            f"Proposal {number} is {found.answer} already, by {found.answered_by}.",
            reason="resolved",
            next_step="Propose it anew if it is still right.",
        )


def edited(content: bytes, field: str, value: Any) -> tuple[bytes, Any]:
    """An input with one field changed, and what stood there.

    Raises:
        Rejected: it has no such field, the field says which event it is, or what comes of it is no
            event.
    """
    if not field.startswith("data."):
        raise Rejected(
            f"{field!r} says which event it is; only its data can be changed.",
            reason="unknown_field",
            place=Place(field=field),
            next_step="Name a field below data, such as data.order.shipping.city.",
        )
    changed = read_json(content)
    replaced = _put(changed, field, value)
    after = encode(changed)
    decode_event(after)
    return after, replaced


async def _content(tx: Tx, run_id: int) -> bytes:
    """The input as a replay would take it; held until the commit, so that of two who look at the
    same state only one changes it unseen."""
    row = await tx.fetchrow(DESK["show_dead_letter"], run_id)
    if row is None:
        raise Rejected(
            f"There is no dead letter {run_id}.",
            reason="unknown_dead_letter",
            next_step="See tillbridge dead-letters list.",
        )
    if await tx.fetchval(SQL["lock_open_letter"], run_id) is None:
        raise Rejected(f"Dead letter {run_id} is {row['resolution']}.", reason="resolved")
    effects = await tx.fetch(SQL["effects_of_chain"], run_id)
    done = [each["effect"] for each in effects if each["state"] in ("done", "unknown", "intended")]
    if done:
        raise Rejected(
            f"Run {run_id} has already written {', '.join(done)} from this data.",
            reason="consumed",
            next_step="Replay it as it is, or undo those documents first.",
        )
    content: bytes = await tx.fetchval(SQL["newest_patch"], run_id) or row["input"]
    return content


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


def _proposal(row: asyncpg.Record) -> Proposal:
    parts: Mapping[str, Any] = {
        "before": read_json(row["before"]),
        "after": read_json(row["after"]),
    }
    return Proposal(**{**dict(row), **parts})
