"""Retries by properties (complaint I18): whatever comes in whatever order, a run is tried as often
as its policy says, no more; the last try counts; and what may be there is never one of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journeys.workshop import open_workshop

from tillbridge.canonical.error_classes import ErrorClass, class_of
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.connections.error_policies import STANDARD, ErrorPolicies
from tillbridge.connections.gates import Breaker, GateClosed
from tillbridge.database.database import Database
from tillbridge.journeys.failing import fail, wait_at_gate
from tillbridge.journeys.house import House
from tillbridge.journeys.replay import replay_dead_letter
from tillbridge.journeys.replay_ways import Start
from tillbridge.runs.lanes import Turn
from tillbridge.runs.lease import Lease
from tillbridge.runs.run import Change, Run

ERRORS: dict[str, Callable[[], TillbridgeError]] = {
    "transient": lambda: Transient("a lock", reason="locked"),
    "asked": lambda: Transient("a lock", reason="locked", wait_s=7.0),
    "rate_limit": lambda: Transient("slower", reason="rate_limited", gate=True, wait_s=3.0),
    "connection": lambda: Transient("down", reason="not_sent", gate=True),
    "authentication": lambda: Misconfigured("who?", reason="credentials"),
    "rule": lambda: Rejected("no", reason="closed_period"),
    "data": lambda: Rejected("no", reason="missing_value"),
    "duplicate": lambda: Rejected("no", reason="duplicate"),
    "configuration": lambda: Misconfigured("no", reason="no_mapping"),
    "books": lambda: Unreconciled("two books"),
}
RUN = Run(
    1, "1042", "chat", "deliver", "tells", "v1", 1, b"{}", "ready", (), "", tries=0, wait_s=0.0
)
COUNTED = ("transient", "asked")
WAITING = ("rate_limit", "connection", "authentication")


@dataclass
class Ended:
    """How a run that was advanced again and again has ended."""

    tries: int
    waits: list[float]
    letter: str
    done: bool


def policies(tries: int) -> ErrorPolicies:
    """The standard table with so many tries of what is transient."""
    transient = replace(STANDARD[ErrorClass.TRANSIENT], tries=tries)
    return ErrorPolicies({**STANDARD, ErrorClass.TRANSIENT: transient})


async def advanced(names: list[str], table: ErrorPolicies) -> Ended:
    """A run that meets these errors one after the other, and then succeeds."""
    gates = SimpleNamespace(breaker=Breaker())
    house = cast(House, SimpleNamespace(policies=table, gates=gates, factor=1.0))
    run = replace(RUN)
    waits: list[float] = []
    for count, name in enumerate(names):
        turn = Turn(Lease("1042", "chat", 1, 1, 1e12), 1, [run])
        await fail(house, turn, run, ERRORS[name]())
        change = turn.changes[run.id]
        if turn.letters:
            assert change.state == "dead"
            return Ended(count + 1, waits, turn.letters[0].kind, done=False)
        assert change.state == "waiting"
        assert change.wait_s is not None
        waits.append(change.wait_s)
        run.tries = change.tries
    assert Change(run.id, "done").tries == 0
    return Ended(len(names) + 1, waits, "", done=True)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(sorted(ERRORS)), max_size=30), st.integers(1, 8))
def test_a_run_is_tried_as_often_as_the_table_says_and_the_last_try_counts(
    names: list[str], tries: int
) -> None:
    ended = asyncio.run(advanced(names, policies(tries)))

    counted = 0
    for at, name in enumerate(names, 1):
        counted += name in COUNTED
        fatal = name not in (*COUNTED, *WAITING)
        if fatal or (name in COUNTED and counted >= tries):
            assert not ended.done, "a success after the last try would have been thrown away"
            assert (ended.tries, ended.letter) == (at, class_of(ERRORS[name]()))
            return
    assert ended.done, "it succeeded before its tries were used up"
    assert ended.tries == len(names) + 1


@settings(max_examples=100)
@given(st.lists(st.sampled_from([*COUNTED, *WAITING]), max_size=20))
def test_no_wait_is_shorter_than_what_the_other_side_asks_for_nor_longer_than_the_table(
    names: list[str],
) -> None:
    ended = asyncio.run(advanced(names, policies(10_000)))
    for name, wait_s in zip(names, ended.waits, strict=True):
        asked_s = getattr(ERRORS[name](), "wait_s", None)
        if asked_s is not None:
            assert wait_s == asked_s
        assert 0 < wait_s <= 300.0


@settings(max_examples=100)
@given(st.integers(0, 50), st.sampled_from(WAITING))
def test_an_outage_uses_no_tries_however_long_it_is(count: int, name: str) -> None:
    ended = asyncio.run(advanced([name] * count + ["transient"], policies(2)))
    assert ended.done


@pytest.mark.parametrize("error", [Transient("sent", sent="perhaps"), Unreconciled("two books")])
def test_nothing_that_may_be_there_is_of_a_class_with_tries(error: TillbridgeError) -> None:
    policy = STANDARD[class_of(error)]
    assert not policy.is_retried


DAY_S = 86_400.0
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
RUN_ROW = """
INSERT INTO runs (subject, target, sequence, journey, input, state, wake_at, failing_since)
VALUES ('1042', 'chat', 1, 'deliver', '', 'waiting', now(), $1) RETURNING id
"""


@pytest.mark.parametrize("at_gate", [False, True])
@pytest.mark.parametrize(
    ("age_s", "state"), [(0.0, "waiting"), (3 * DAY_S - 1, "waiting"), (3 * DAY_S, "dead")]
)
async def test_what_has_failed_for_as_long_as_its_policy_waits_is_a_persons(
    database: Database, age_s: float, state: str, at_gate: bool
) -> None:
    """Whether a call fails again, or the gate is still closed."""
    connection = replace(STANDARD[ErrorClass.CONNECTION], give_up_after_s=3 * DAY_S)
    house = cast(
        House,
        SimpleNamespace(
            policies=ErrorPolicies({**STANDARD, ErrorClass.CONNECTION: connection}),
            gates=SimpleNamespace(breaker=Breaker()),
            pace=SimpleNamespace(parked_s=60.0),
            factor=1.0,
            database=database,
            clock=lambda: BEGAN + timedelta(seconds=age_s),
        ),
    )
    run_id = await database.fetch_value(RUN_ROW, BEGAN)
    run = replace(RUN, id=run_id)
    turn = Turn(Lease("1042", "chat", 1, 1, 1e12), 1, [run])

    if at_gate:
        await wait_at_gate(house, turn, run, GateClosed("chat", 5.0, "it is down"))
    else:
        await fail(house, turn, run, ERRORS["connection"]())

    assert turn.changes[run_id].state == state
    assert ["given up after 259,200 s" in one.message for one in turn.letters] == (
        [True] if state == "dead" else []
    )


STUBBORN = """
flow: stubborn
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - write: first
    to: chat
    document: notification
    ordinal: trigger.fields.name
    fields: {title: "'First'", level: "'note'"}
    on_error: {retries: 1, wait: 1s, then: dead_letter}
  - notify: last
    to: chat
    title: "'Last'"
"""


@pytest.mark.parametrize("start", ["start", "failed_step"])
async def test_a_replay_begins_its_tries_anew_and_hears_the_answer_of_now(
    tmp_path: Path, dsn: str, start: Start
) -> None:
    """Complaint I18: the kept failure of the run before is not taken for the answer."""
    async with open_workshop(tmp_path, dsn, STUBBORN) as shop:
        shop.hook.says = [400, 400, 400]
        await shop.ask("stubborn", name="Ada")
        await shop.until(lambda found: any(run.state == "dead" for run in found))
        (letter,) = await shop.letters()

        await replay_dead_letter(shop.house, letter.run_id, "ada", "mended", start=start)
        await shop.quiet(2)

        assert await shop.letters() == []
        assert shop.told == ["First", "Last"]
        assert shop.hook.says == []
