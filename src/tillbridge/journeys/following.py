"""Following: what a piece of work is about, and the trace that all work of an order belongs to.

The first trace an order comes with is its trace: an ERP write hours later stands in the same one
as the shop's checkout. Traces are kept only where they are on; else nothing is asked or written.
"""

import logging
from time import perf_counter

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.correlation import follow
from tillbridge.database.database import BROKEN
from tillbridge.database.statements import load_statements
from tillbridge.journeys.house import House
from tillbridge.journeys.turn import Journey
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import Parked, Run
from tillbridge.watch.measures import ADVANCE_SECONDS, ADVANCES

SQL = load_statements("tillbridge.journeys", "standing.sql")
TRACES_KEPT_DAYS = 400
_LOG = logging.getLogger(__name__)


async def follow_subject(house: House, subject: str) -> None:
    """This task works on `subject` from here on; its trace, where there is one, is the subject's
    unless it has one already."""
    follow(house.watch, subject)
    here = house.watch.here()
    if here and subject:
        try:
            await house.database.execute(SQL["keep_trace"], subject, here)
        except BROKEN as error:
            _LOG.debug("a trace was not kept: %s", error)


def watched(journey: Journey) -> Journey:
    """A journey that says what it works on, and is counted, timed and traced."""

    async def advance(house: House, turn: Turn, run: Run) -> None:
        watch, began, outcome = house.watch, perf_counter(), "undecided"
        follow(watch, run.subject, run.id)
        notes: dict[str, str | int] = {"tillbridge.order": run.subject, "tillbridge.run": run.id}
        parent = ""
        if watch.tracer is not None:
            parent = await house.database.fetch_value(SQL["trace_of"], run.subject) or ""
        try:
            with watch.span(f"run {run.flow or run.journey}", "consumer", notes, parent):
                await journey(house, turn, run)
            outcome = turn.changes[run.id].state if run.id in turn.changes else outcome
            if outcome != "waiting":
                house.gates.count_ended(run.target)
        except BaseException as error:
            outcome = _outcome_of(error)
            raise
        finally:
            seconds = perf_counter() - began
            watch.meter.count(ADVANCES, run.journey, run.target, outcome)
            watch.meter.time(ADVANCE_SECONDS, seconds, run.journey, run.target)
            if _LOG.isEnabledFor(logging.DEBUG):
                _LOG.debug(
                    "%s at %s: %s",
                    run.flow or run.journey,
                    run.target,
                    outcome,
                    extra={"target": run.target, "flow": run.flow, "outcome": outcome},
                )

    return advance


async def forget_traces(house: House) -> None:
    """What is too old to be looked at."""
    await house.database.execute(SQL["forget_traces"], TRACES_KEPT_DAYS)


def _outcome_of(error: BaseException) -> str:
    match error:
        case Parked():
            return "waiting"
        case GateClosed():
            return "gate_closed"
        case Transient():
            return "tries_again"
        case Rejected() | Misconfigured() | Unreconciled():
            return "dead"
        case _:
            return "broken"
