from dataclasses import replace
from typing import TypeVar

import pytest
from tests.flows.texts import FILE, flow
from tests.mapping.values import PAYMENT, context, event, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.flows.steps import BranchStep, MapStep, ReadStep, WaitStep, WriteStep
from tillbridge.flows.walk import walk_steps

T = TypeVar("T", MapStep, WriteStep, ReadStep, BranchStep, WaitStep)


def step(kind: type[T], name: str) -> T:
    """The step of a name, of the kind it has to be."""
    return next(
        step for step in walk_steps(FLOW.steps) if isinstance(step, kind) and step.name == name
    )


FLOW = flow()
MAP = step(MapStep, "made")
WRITE = step(WriteStep, "ordered")
READ = step(ReadStep, "status")
BRANCH = step(BranchStep, "review")
WAIT = step(WaitStep, "decision")
RELEASE = step(WriteStep, "release")

MADE = {"ordernumber": "1042", "method": "1", "total": usd("32.01")}
ANSWER = {"references": {"sales_order": "G-1"}, "fields": {}}


def test_a_flow_starts_on_its_kinds_when_its_condition_holds() -> None:
    assert FLOW.starts(event(), context())
    assert not FLOW.starts(replace(event(), kind=Kind.PAYMENT_CAPTURED), context())
    elsewhere = {"payment": replace(PAYMENT, connection="other")}
    assert not FLOW.starts(event(**elsewhere), context(**elsewhere))


def test_a_map_fills_and_a_write_takes_what_it_filled() -> None:
    assert MAP.result(context()) == MADE
    assert WRITE.inputs({**context(), "made": MADE}) == MADE
    assert WRITE.ordinal_of(context()) == "a-1"


def test_a_write_without_an_ordinal_is_the_first() -> None:
    assert RELEASE.ordinal_of(context()) == "1"
    assert not RELEASE.announce


def test_an_empty_ordinal_is_refused() -> None:
    names = context(payment=replace(PAYMENT, attempt_key=""))
    with pytest.raises(Rejected, match=rf"{FILE}:13 .*ordinal of the write is empty"):
        WRITE.ordinal_of(names)


def test_a_write_of_a_map_that_did_not_run_is_refused() -> None:
    with pytest.raises(Rejected, match="There is no made to write"):
        WRITE.inputs(context())


def test_later_steps_read_what_earlier_steps_answered() -> None:
    assert READ.inputs(context()) == {"order": "1042"}
    assert RELEASE.inputs({**context(), "ordered": ANSWER}) == {"id": "G-1"}
    with pytest.raises(Rejected, match=rf"{FILE}:31 id: .*step of that name did not run"):
        RELEASE.inputs(context())
    with pytest.raises(Rejected, match=r"ordered\.references has no sales_order"):
        RELEASE.inputs({**context(), "ordered": {"references": {}, "fields": {}}})


def test_a_branch_takes_the_first_case_that_holds() -> None:
    assert BRANCH.chosen(context()) == 1
    in_review = {**context(), "event": replace(event(), kind=Kind.PAYMENT_IN_REVIEW)}
    assert BRANCH.chosen(in_review) == 0
    assert replace(BRANCH, cases=BRANCH.cases[:1]).chosen(context()) is None


def test_a_wait_accepts_only_the_events_it_asks_for() -> None:
    decided = replace(event(), kind=Kind.PAYMENT_REVIEW_ACCEPTED)
    assert WAIT.accepts(decided, context())
    assert not WAIT.accepts(event(), context())
    assert not WAIT.accepts(replace(decided, source="webshop"), context())
    assert not WAIT.accepts(replace(decided, subject="1043"), context())
    assert replace(WAIT, where=None).accepts(replace(decided, subject="1043"), context())
