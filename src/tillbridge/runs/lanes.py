"""Lanes: one for each business subject and target; one turn at a time.

A lane is held for a turn, not for a run. Arrivals and the release meet under the subject's row
lock, so that nothing that arrives between "is there anything left?" and "the lane is free" is
lost.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

import asyncpg

from tillbridge.canonical.codec import encode_event
from tillbridge.canonical.events import Event
from tillbridge.database.database import Database, Tx, keepable
from tillbridge.database.statements import load_statements
from tillbridge.runs.lease import Lease, LeaseLost
from tillbridge.runs.run import HOLDING, Change, Letter, Run

SQL = load_statements("tillbridge.runs", "runs.sql")
DESK = load_statements("tillbridge.runs", "desk.sql")


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane's name."""

    subject: str
    target: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that was brought for a subject.

    Attributes:
        lanes: that became due; None when the event was known before.
    """

    kind: str
    subject: str
    lanes: tuple[Lane, ...] | None


@dataclass(frozen=True, slots=True)
class Start:
    """A flow version that an event starts, in the lane of `target`."""

    flow: str
    version: str
    target: str


@dataclass(slots=True)
class Turn:
    """One hold of one lane: its open runs and what was decided about them.

    Attributes:
        claims: claims since the lane was last released; above one, a holder has died.
        runs: those that can go on: ready, due, or waiting for an event; in their order.
        failing: those that are tried again later, and that later ones do not overtake.
        suspect: the run that was being advanced when one died, as far as that is known.
        is_freed: the lane was freed with the run's last outcome.
    """

    lease: Lease
    claims: int
    runs: list[Run]
    suspect: int | None = None
    failing: list[Run] = field(default_factory=list)
    changes: dict[int, Change] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    is_freed: bool = False

    def change(self, change: Change) -> None:
        """Notes a run's change for the release."""
        self.changes[change.run_id] = change


async def accept(tx: Tx, event: Event, starts: Sequence[Start]) -> Arrival:
    """Keeps an event, starts its runs and wakes the lanes that wait for its kind.

    Lanes that become due ring with the commit of the caller's transaction.
    """
    targets = await tx.fetchval(
        SQL["accept_event"],
        event.source,
        event.id,
        event.kind,
        event.subject,
        event.occurred_at,
        encode_event(event),
        [start.target for start in starts],
        [start.flow for start in starts],
        [start.version for start in starts],
    )
    lanes = None if targets is None else tuple(Lane(event.subject, name) for name in targets)
    return Arrival(event.kind, event.subject, lanes)


async def is_outdated(tx: Tx, event: Event) -> bool:
    """Whether a newer event of the same kind about the same subject is kept already.

    The subject is held until the caller's commit: of two that come at once, one sees the other.
    """
    await tx.execute(SQL["arrive"], event.subject)
    told = (event.subject, event.source, event.kind, event.occurred_at)
    return bool(await tx.fetchval(SQL["is_outdated"], *told))


async def start_held(
    tx: Tx, lane: Lane, holder: str, lease_s: float, *, journey: str, content: bytes
) -> Turn | None:
    """Starts a run with its lane already claimed by the caller: a turn with that run alone.

    None when somebody else holds the lane.
    """
    began = time.monotonic()
    await tx.execute(SQL["arrive"], lane.subject)
    row = await tx.fetchrow(
        SQL["start_held_run"],
        lane.subject,
        lane.target,
        holder,
        timedelta(seconds=lease_s),
        journey,
        content,
    )
    if row is None:
        return None
    return held_turn(lane, row, journey, content, began + lease_s)


def held_turn(lane: Lane, row: asyncpg.Record, journey: str, content: bytes, until: float) -> Turn:
    """A turn with the one run that was started with its lane already claimed.

    `row` has `lease`, `run_id` and `arrivals`; the lease ends at the monotonic moment `until`.
    """
    run = Run(
        id=row["run_id"],
        subject=lane.subject,
        target=lane.target,
        journey=journey,
        flow="",
        flow_version="",
        event_number=0,
        input=content,
        state="ready",
        waits=(),
        waiting_for="",
        tries=0,
        wait_s=0.0,
    )
    lease = Lease(lane.subject, lane.target, row["lease"], row["arrivals"], until)
    return Turn(lease, 1, [run])


async def claim_due(
    database: Database, holder: str, lease_s: float, free: Mapping[str, int]
) -> list[Turn]:
    """Due lanes under new leases, longest waiting first: at most `free[target]` for each target."""
    began = time.monotonic()
    rows = await database.fetch(
        SQL["claim_lanes"],
        holder,
        timedelta(seconds=lease_s),
        list(free),
        list(free.values()),
    )
    turns = []
    for _, lane_rows in groupby(rows, lambda row: (row["subject"], row["target"])):
        head, *more = lane_rows
        lease = Lease(
            head["subject"], head["target"], head["lease"], head["arrivals"], began + lease_s
        )
        runs = [Run.of(row) for row in (head, *more) if row["id"] is not None]
        able = [run for run in runs if run.can_go_on]
        failing = [run for run in runs if not run.can_go_on]
        turns.append(Turn(lease, head["claims"], able, head["suspect"], failing))
    return turns


async def due_targets(database: Database) -> list[str]:
    """The targets of all lanes that want a turn, now or later."""
    return [row["target"] for row in await database.fetch(SQL["due_targets"])]


async def release(database: Database, turn: Turn) -> bool:
    """Writes the turn's changes and frees the lane; True when it is due again at once.

    A holder whose lease was taken over changes nothing and is told False.
    """
    values = _freed(turn)
    if not turn.letters:
        if turn.claims > 1:  # nothing waits for company: the next death is not to be this turn's
            row = await database.fetch_row(SQL["release_lane"], *values)
        else:
            row = await database.together(SQL["release_lane"], *values, by=turn.lease.subject)
        return bool(row and row["again"])
    async with database.transaction() as tx:
        again = await tx.fetchval(SQL["release_lane"], *values)
        for letter in turn.letters:
            await open_letter(tx, letter)
        return bool(again)


def _freed(turn: Turn) -> tuple[object, ...]:
    """What the release of a lane is told of its turn."""
    changes = list(turn.changes.values())
    awaited = {kind for change in changes for kind in change.kinds}
    own = 0 if awaited & turn.lease.brought else turn.lease.own
    return (
        turn.lease.subject,
        turn.lease.target,
        turn.lease.number,
        (turn.lease.arrivals or 0) + own,
        [change.run_id for change in changes],
        [change.state for change in changes],
        [change.wait_s for change in changes],
        [keepable(change.why) for change in changes],
        [",".join(change.kinds) for change in changes],
        [change.tries for change in changes],
        [keepable(change.ending) for change in changes],
        [change.gate for change in changes],
        [change.is_failing for change in changes],
    )


def bring(lease: Lease, arrivals: Sequence[Arrival]) -> None:
    """Notes what the holder itself has brought and committed: what does not touch its own lane is
    no reason to look there again."""
    lane = Lane(lease.subject, lease.target)
    for arrival in arrivals:
        if arrival.subject == lease.subject and lane not in (arrival.lanes or ()):
            lease.own += 1
            lease.brought.add(arrival.kind)


async def suspect(database: Database, lease: Lease, run_id: int) -> None:
    """Notes the run that is advanced next, after a holder has died. Raises LeaseLost."""
    values = (lease.subject, lease.target, lease.number, run_id)
    if await database.fetch_value(SQL["suspect"], *values) is None:
        raise LeaseLost


async def open_letter(tx: Tx, letter: Letter) -> None:
    """Puts a dead run on the desk."""
    at_risk = letter.at_risk
    await tx.execute(
        DESK["open_dead_letter"],
        letter.run_id,
        letter.kind,
        letter.reason,
        keepable(letter.message),
        letter.whose_turn,
        letter.step,
        letter.connection,
        keepable(letter.next_step),
        at_risk.amount if at_risk is not None else None,
        at_risk.currency if at_risk is not None else "",
        list(letter.owes),
        letter.on_failure,
    )
    if letter.on_failure in HOLDING:
        await tx.execute(DESK["hold_lane"], letter.run_id)


async def renew(database: Database, leases: Sequence[Lease], lease_s: float) -> list[Lease]:
    """Prolongs leases; answers those whose lanes other holders have by now."""
    if not leases:
        return []
    began = time.monotonic()
    rows = await database.fetch(
        SQL["renew_leases"],
        [lease.subject for lease in leases],
        [lease.target for lease in leases],
        [lease.number for lease in leases],
        timedelta(seconds=lease_s),
    )
    kept = {(row["subject"], row["target"]) for row in rows}
    lost = []
    for lease in leases:
        if (lease.subject, lease.target) in kept:
            lease.prolong(began + lease_s)
        else:
            lost.append(lease)
    return lost


async def hand_back(database: Database, leases: Sequence[Lease]) -> None:
    """Gives lanes back that the holder can turn no more: they are due at once, for anybody.

    Whatever was begun in them must have ended before, or must heed its lease.
    """
    if leases:
        await database.fetch(
            SQL["hand_back"],
            [lease.subject for lease in leases],
            [lease.target for lease in leases],
            [lease.number for lease in leases],
        )


async def take_chore(database: Database, name: str, every_s: float) -> bool:
    """Whether this worker does a chore now: at most one does it in so many seconds."""
    return await database.fetch_value(SQL["take_chore"], name, every_s) is not None


async def keep_chore(database: Database, name: str, for_s: float) -> None:
    """Keeps a chore that this worker is in the middle of: nobody else takes it for so long."""
    await database.fetch_value(SQL["keep_chore"], name, for_s)


async def wake(tx: Tx, lane: Lane) -> None:
    """Makes a lane due now (a gate opened, a person acted)."""
    await tx.execute(SQL["arrive"], lane.subject)
    await tx.fetch(SQL["wake_lane"], lane.subject, lane.target)
