"""A turn: one hold of one lane. Every run that can go on goes on until it waits or ends.

claimed -> for each run: advance -> note how it waits or ended -> release
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    Transient,
    Unreconciled,
)
from tillbridge.connections.gates import CREDENTIALS, GateClosed
from tillbridge.connector.permits import OVER_LIMITS
from tillbridge.database.database import BROKEN, UNFIT, unfit
from tillbridge.journeys.house import House
from tillbridge.runs.lanes import Turn, release, suspect
from tillbridge.runs.lease import Lease, LeaseLost
from tillbridge.runs.run import Change, Letter, Parked, Run

Journey: TypeAlias = Callable[[House, Turn, Run], Awaitable[None]]
"""Advances one run: notes its change in the turn, or raises Parked, GateClosed or an error."""

_LOG = logging.getLogger(__name__)
_WHOSE = {"rejected": "shop", "misconfigured": "engineer", "unreconciled": "accountant"}


class Leases(Protocol):
    """Keeps leases alive while they are held.

    Attributes:
        is_ending: the holder wants to go: it begins no further run.
    """

    is_ending: bool

    def add(self, lease: Lease) -> None: ...

    def discard(self, lease: Lease) -> None: ...


async def take_turn(
    house: House, turn: Turn, journeys: Mapping[str, Journey], leases: Leases
) -> None:
    """Advances what can go on and frees the lane.

    What arrived meanwhile makes the lane due again at its release. A worker that loses its lease,
    or its database, simply stops: whoever holds the lane next finds everything in the journal.
    """
    leases.add(turn.lease)
    try:
        await _advance_all(house, turn, journeys, leases)
        if not turn.is_freed:
            await release(house.database, turn)
    except LeaseLost:
        lost = turn.lease
        _LOG.info("lane %s at %s: another worker goes on", lost.subject, lost.target)
    finally:
        leases.discard(turn.lease)


async def _advance_all(
    house: House, turn: Turn, journeys: Mapping[str, Journey], leases: Leases
) -> None:
    killer = _killer(turn) if turn.claims > house.pace.claims_max else None
    if killer is not None:
        _bury(turn, killer, "bug", "kills_its_worker", "The run's worker died again and again.")
        return  # the others go on in the next turn: this one is released while its holder lives
    for run in turn.runs:
        if leases.is_ending:
            return  # they are as they were: the release makes the lane due for another worker
        turn.lease.moved_at = time.monotonic()
        if turn.claims > 1:
            await suspect(house.database, turn.lease, run.id)
        await _advance(house, turn, run, journeys[run.journey])


def _killer(turn: Turn) -> Run | None:
    """The run in which holder after holder died: the one that was being advanced, or, where none
    was noted, the first."""
    if turn.suspect is None:
        return next(iter(turn.runs), None)
    return next((run for run in turn.runs if run.id == turn.suspect), None)


async def _advance(house: House, turn: Turn, run: Run, journey: Journey) -> None:
    try:
        await journey(house, turn, run)
    except Parked as parked:
        tries = run.tries + 1 if parked.counts else 0
        turn.change(Change(run.id, "waiting", parked.wait_s, parked.why, parked.kinds, tries=tries))
    except GateClosed as closed:
        _park(house, turn, run, closed)
    except Transient as error:
        _try_again(house, turn, run, error)
    except (Rejected, Misconfigured, Unreconciled) as error:
        if error.reason == CREDENTIALS:  # the gate has closed: an outage, not this run's fault
            wait_s = house.gates.breaker.closed_max_s
            turn.change(Change(run.id, "waiting", wait_s, error.message, tries=run.tries))
            return
        kind = type(error).__name__.lower()
        _bury(turn, run, kind, error.reason, str(error))
    except UNFIT as error:
        refused = unfit(error)
        _bury(turn, run, "rejected", refused.reason, str(refused))
    except (*BROKEN, LeaseLost):
        raise
    except Exception as bug:
        _LOG.exception("run %s of %s: a bug", run.id, run.subject)
        _bury(turn, run, "bug", type(bug).__name__, f"A bug in Tillbridge: {type(bug).__name__}.")
    assert run.id in turn.changes, f"the journey {run.journey} left run {run.id} undecided"


def _park(house: House, turn: Turn, run: Run, closed: GateClosed) -> None:
    """Its lane is not looked at before the gate opens (journeys/let_in.py); the wait is for the
    case that nobody is left to let it in."""
    wait_s = house.pace.parked_s
    if closed.at_most_s is not None:
        wait_s = min(wait_s, closed.at_most_s)
    gate = closed.connection
    turn.change(Change(run.id, "waiting", wait_s, closed.reason, tries=run.tries, gate=gate))


def _try_again(house: House, turn: Turn, run: Run, error: Transient) -> None:
    wait_s = error.wait_s if error.wait_s is not None else house.pace.backoff_s(run.tries)
    if error.gate or error.reason in ("lease_ended", OVER_LIMITS):
        turn.change(Change(run.id, "waiting", wait_s, error.message, tries=run.tries))
    elif run.tries + 1 < house.pace.tries_max:
        turn.change(Change(run.id, "waiting", wait_s, error.message, tries=run.tries + 1))
    else:
        _bury(turn, run, "exhausted", error.reason, f"{error} (after {run.tries + 1} tries)")


def _bury(turn: Turn, run: Run, kind: str, reason: str, message: str) -> None:
    turn.change(Change(run.id, "dead", ending=message))
    whose = _WHOSE.get(kind, "operator")
    turn.letters.append(Letter(run.id, kind, reason, message, whose, run.current_step))
