"""A turn: one hold of one lane. Every run that can go on goes on until it waits or ends.

claimed -> for each run: advance -> note how it waits or ended -> release
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Protocol, TypeAlias

from tillbridge.canonical.error_classes import ErrorClass
from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.connections.gates import GateClosed
from tillbridge.database.database import BROKEN, UNFIT, unfit
from tillbridge.journeys.failing import bury, fail, wait_at_gate
from tillbridge.journeys.house import House
from tillbridge.runs.lanes import Turn, release, suspect
from tillbridge.runs.lease import Lease, LeaseLost
from tillbridge.runs.run import BY_FLOW, HOLDING, Change, Parked, Run

Journey: TypeAlias = Callable[[House, Turn, Run], Awaitable[None]]
"""Advances one run: notes its change in the turn, or raises Parked, GateClosed or an error."""

ALONE_AFTER = 2
"""After so many claims a lane is suspected to hold the run that kills its workers. Of those a
worker advances one at a time: the next death counts against that one, and not against all."""
_LOG = logging.getLogger(__name__)


class Leases(Protocol):
    """Keeps leases alive while they are held.

    Attributes:
        is_ending: the holder wants to go: it begins no further run.
        alone: held by the one suspected turn that this process takes.
    """

    is_ending: bool
    alone: asyncio.Lock

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
        async with leases.alone if turn.claims > ALONE_AFTER else nullcontext():
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
        poison = Misconfigured("The run's worker died again and again.", reason="kills_its_worker")
        bury(turn, killer, poison, house.policies.of("", ErrorClass.BUG))
        return  # the others go on in the next turn: this one is released while its holder lives
    for run in turn.runs:
        if leases.is_ending:
            return  # they are as they were: the release makes the lane due for another worker
        if run.state == "ready" and _is_held(turn, run):
            turn.change(Change(run.id, "ready", 0.0))  # what holds it keeps it waiting
            continue
        turn.lease.moved_at = time.monotonic()
        if turn.claims > 1:
            await suspect(house.database, turn.lease, run.id)
        await _advance(house, turn, run, journeys[run.journey])


def _is_held(turn: Turn, run: Run) -> bool:
    """Whether a run of this turn has died and holds the lane against one that has not begun."""
    holding = [letter for letter in turn.letters if letter.on_failure in HOLDING]
    return run.journey == BY_FLOW and bool(holding)


def _killer(turn: Turn) -> Run | None:
    """The run in which holder after holder died, as far as it is among these."""
    return next((run for run in turn.runs if run.id == turn.suspect), None)


async def _advance(house: House, turn: Turn, run: Run, journey: Journey) -> None:
    try:
        await journey(house, turn, run)
    except Parked as parked:
        tries = run.tries + 1 if parked.counts else 0
        turn.change(
            Change(
                run.id,
                "waiting",
                parked.wait_s,
                parked.why,
                parked.kinds,
                tries=tries,
                is_failing=parked.is_failing,
            )
        )
    except GateClosed as closed:
        await wait_at_gate(house, turn, run, closed)
    except TillbridgeError as error:
        await fail(house, turn, run, error)
    except UNFIT as error:
        await fail(house, turn, run, unfit(error))
    except (*BROKEN, LeaseLost):
        raise
    except Exception as bug:
        _LOG.exception("run %s of %s: a bug", run.id, run.subject)
        told = Misconfigured(
            f"A bug in Tillbridge: {type(bug).__name__}.", reason=type(bug).__name__
        )
        bury(turn, run, told, house.policies.of("", ErrorClass.BUG))
    assert run.id in turn.changes, f"the journey {run.journey} left run {run.id} undecided"
