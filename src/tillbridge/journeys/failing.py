"""Failing: what follows when a run could not be advanced, by the table of error policies.

    error -> its class -> the policy of the connection it came up at -> wait, or the desk

A write that may have taken place never comes here: the journal keeps it as unknown, and the run
waits for the proof. So whatever is tried again here has certainly not taken place.
"""

from tillbridge.canonical.error_classes import ErrorClass, class_of
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.connections.error_policies import ErrorPolicy
from tillbridge.connections.gates import GateClosed
from tillbridge.journeys.house import House
from tillbridge.journeys.stake import money_of
from tillbridge.runs.history import failing_for_s
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import BY_FLOW, Change, Letter, Run

LEASE_ENDED = "lease_ended"


async def fail(house: House, turn: Turn, run: Run, error: TillbridgeError) -> None:
    """Notes in the turn what follows an error: the run waits, or is a dead letter."""
    at = error.connection or run.target
    policy = house.policies.of(at, _class_in_a_run(error))
    if error.reason == LEASE_ENDED:  # nobody's fault: it was this worker that came too late
        _wait(turn, run, error, policy.backoff_s(run.tries), run.tries)
        return
    told = await _too_long(house, run, policy)
    if told:
        bury(turn, run, error, policy, connection=at, told=told)
    elif policy.error_class is ErrorClass.AUTHENTICATION:
        # its gate has closed: that opens when a person has mended it
        _wait(turn, run, error, house.gates.breaker.closed_max_s, run.tries)
    elif policy.course == "gate":
        _wait(turn, run, error, policy.backoff_s(run.tries), run.tries)
    elif run.tries + 1 < policy.tries:
        _wait(turn, run, error, policy.backoff_s(run.tries), run.tries + 1)
    else:
        bury(turn, run, error, policy, connection=at, told=_tried(run.tries + 1))


async def wait_at_gate(house: House, turn: Turn, run: Run, closed: GateClosed) -> None:
    """Notes in the turn that the run waits at a gate; a dead letter when that takes too long.

    Its lane is not looked at before the gate opens (journeys/let_in.py); the wait is for the case
    that nobody is left to let it in. A gate that a person has closed is waited for as long as it
    takes.
    """
    limited = closed.reason.startswith("over its limits")
    error_class = ErrorClass.RATE_LIMIT if limited else ErrorClass.CONNECTION
    policy = house.policies.of(closed.connection, error_class)
    told = "" if closed.reason.startswith("paused") else await _too_long(house, run, policy)
    if told:
        error = Transient(f"{closed}.", gate=True, reason="gate_closed")
        bury(turn, run, error, policy, connection=closed.connection, told=told)
        return
    wait_s = house.pace.parked_s
    if closed.at_most_s is not None:
        wait_s = min(wait_s, closed.at_most_s)
    if policy.give_up_after_s:
        wait_s = min(wait_s, policy.give_up_after_s)
    turn.change(
        Change(
            run.id,
            "waiting",
            wait_s,
            closed.reason,
            tries=run.tries,
            gate=closed.connection,
            is_failing=True,
        )
    )


def bury(
    turn: Turn,
    run: Run,
    error: TillbridgeError,
    policy: ErrorPolicy,
    *,
    connection: str = "",
    told: str = "",
) -> None:
    """Notes in the turn that the run needs a person, and the next step."""
    message = f"{error}{told}"
    turn.change(Change(run.id, "dead", ending=message))
    turn.letters.append(
        Letter(
            run.id,
            policy.error_class,
            error.reason,
            message,
            policy.tell,
            error.step or run.current_step,
            connection=connection,
            next_step=error.next_step or policy.next_step,
            at_risk=money_of(run.input),
            owes=run.owes,
            on_failure=run.on_failure or ("hold" if run.journey == BY_FLOW else ""),
        )
    )


def _class_in_a_run(error: TillbridgeError) -> ErrorClass:
    """What was asked, not written, did no harm even where it went through: it is asked again."""
    error_class = class_of(error)
    if error_class is not ErrorClass.UNKNOWN_OUTCOME:
        return error_class
    assert isinstance(error, Transient), "only what passes can be unknown"
    return ErrorClass.CONNECTION if error.gate else ErrorClass.TRANSIENT


def _wait(turn: Turn, run: Run, error: TillbridgeError, wait_s: float, tries: int) -> None:
    asked_s = error.wait_s if isinstance(error, Transient) else None
    wait_s = wait_s if asked_s is None else asked_s
    turn.change(Change(run.id, "waiting", wait_s, error.message, tries=tries, is_failing=True))


async def _too_long(house: House, run: Run, policy: ErrorPolicy) -> str:
    """How long the run has failed, when that is longer than its policy waits; it is asked for only
    where a policy gives up after a time."""
    if not policy.give_up_after_s:
        return ""
    since_s = await failing_for_s(house.database, run.id, house.clock())
    if since_s < policy.give_up_after_s:
        return ""
    return f" (given up after {since_s * house.factor:,.0f} s of failing)"


def _tried(tries: int) -> str:
    return f" (after {tries} tries)" if tries > 1 else ""
