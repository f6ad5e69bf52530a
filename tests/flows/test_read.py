import pytest
from tests.flows.texts import FILE, HEAD, STEPS, flow

from tillbridge.canonical.errors import Misconfigured
from tillbridge.canonical.events import Kind
from tillbridge.flows.steps import (
    BranchStep,
    FromMapping,
    MapStep,
    ReadStep,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.walk import walk_steps


def test_a_flow_is_read_whole() -> None:
    made = flow()
    assert (made.name, made.title, made.lane) == ("order-to-dynamics", "A paid order", "dynamics")
    assert made.starts_on == (Kind.PAYMENT_AUTHORIZED, Kind.PAYMENT_IN_REVIEW)
    assert made.condition is not None
    kinds = [type(step) for step in walk_steps(made.steps)]
    assert kinds == [MapStep, WriteStep, ReadStep, BranchStep, WaitStep, WriteStep, StopStep]


def test_a_step_says_what_it_needs() -> None:
    _, write, read, branch = flow().steps
    assert isinstance(write, WriteStep)
    assert isinstance(read, ReadStep)
    assert isinstance(branch, BranchStep)
    assert (write.connection, write.document, write.fields) == (
        "dynamics",
        "sales_order",
        FromMapping("made"),
    )
    assert write.announce
    assert (read.connection, read.ask) == ("cybersource", "payment_status")
    wait = branch.cases[0].steps[0]
    assert isinstance(wait, WaitStep)
    assert (wait.timeout_s, wait.on_timeout) == (30 * 86_400, "continue")


def test_a_flow_needs_no_title_condition_or_ordinal() -> None:
    head = "flow: short\nlane: dynamics\nstarts_on: [order.cancelled]\n"
    made = flow("steps:\n  - stop: done here\n", head)
    assert (made.title, made.condition) == ("short", None)
    [stop] = made.steps
    assert isinstance(stop, StopStep)
    assert (stop.reason, stop.outcome) == ("done here", "done")


@pytest.mark.parametrize(
    ("written", "seconds"), [("5s", 5), ("10m", 600), ("12h", 43_200), ("400d", 34_560_000)]
)
def test_a_duration_has_its_unit(written: str, seconds: int) -> None:
    steps = f"steps:\n  - wait: w\n    for: [order.cancelled]\n    timeout: {written}\n"
    [wait] = flow(steps).steps
    assert isinstance(wait, WaitStep)
    assert wait.timeout_s == seconds
    assert wait.on_timeout == "dead_letter"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("flow: order-to-dynamics", "flow: Order", f"{FILE}:1 flow: 'Order' is not fit for a name"),
        (
            "lane: dynamics",
            "lane: dynamic",
            f"{FILE}:3 lane: There is no connection 'dynamic'. Did",
        ),
        (
            "authorized,",
            "autorized,",
            f"{FILE}:4 starts_on[0]: There is no event kind 'payment.autor",
        ),
        ("[payment.authorized, payment.in_review]", "[]", "There is no event kind here."),
        ("[payment.authorized,", "[payment.in_review,", "payment.in_review stands here twice."),
        ("payment.connection ==", "payment.conection ==", f"{FILE}:5 condition: There is no field"),
        ("payment.connection == 'cybersource'", "payment.connection", "gives text; here it has to"),
        ("title: A paid", "titel: A paid", f"{FILE}:2 titel: There is no field 'titel'. Did you"),
        (
            "mapping: sales-order",
            "mapping: sales-ordr",
            f"{FILE}:8 steps[0].mapping: There is no map",
        ),
        (
            "to: dynamics",
            "to: dynamcs",
            f"{FILE}:10 steps[1].to: There is no connection 'dynamcs'.",
        ),
        (
            "document: sales_order\n",
            "document: sales_ordr\n",
            "There is no document that dynamics writes",
        ),
        (
            "fields: made",
            "fields: maid",
            "There is no map step before this one 'maid'. Did you mean 'm",
        ),
        (
            "document: sales_order\n",
            "document: sales_order_release\n",
            "made is filled as dynamics365/sales",
        ),
        ("fields: made", "fields: {ordernumbr: order.number}", "There is no field 'ordernumbr'"),
        (
            "fields: made",
            "fields: {method: \"'1'\"}",
            "The required field 'ordernumber' has no rule.",
        ),
        (
            "ordinal: payment.attempt_key",
            "ordinal: order.total",
            "here it has to give text or integer",
        ),
        ("announce: true", "announce: yes", "There is no value 'yes'."),
        (
            "ask: payment_status",
            "ask: payment_state",
            "There is no read of cybersource 'payment_state'",
        ),
        ("read: status", "read: made", "The step 'made' stands already in line 7."),
        ("wait: decision", "wait: ordered", "The step 'ordered' stands already in line 9."),
        ("map: made", "map: order", "'order' already names a part of the event."),
        ("map: made", "map: candidate", "'candidate' already names a part of the event."),
        ("map: made", "map: if", "'if' is a reserved word."),
        ("map: made", "map: Made", "'Made' is not fit for a name in expressions."),
        ("            timeout: 30d\n", "", "One of timeout, until is missing."),
        ("timeout: 30d", "timeout: 30", "'30' is not a duration."),
        ("timeout: 30d", "timeout: 0d", "'0d' is not a duration."),
        ("timeout: 30d", "timeout: 401d", "'401d' is not a duration."),
        ("on_timeout: continue", "on_timeout: stop", "There is no value of on_timeout 'stop'."),
        ("for: [payment.review_accepted,", "for: [payment.review_acepted,", "no event kind"),
        ("candidate.source", "candidat.source", "There is no name 'candidat'. Did you mean 'cand"),
        ("outcome: cancelled", "outcome: fail", "There is no value of outcome 'fail'."),
        ("- else: true", "- else: maybe", "There is no value of else 'maybe'."),
        (
            "- when: event.kind == 'payment.in_review'",
            "- if: event.kind == 'x'",
            "This is not a case. A case begins with one of when, else.",
        ),
        ("ordered.references", "released.references", "There is no name 'released'."),
        ("ordered.references", "decision.references", "There is no field 'references'."),
        (
            "- read: status",
            "- raed: status",
            "This is not a step. Did you mean 'read'? A step begins with one of map, read, wri",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_file_line_and_field(
    old: str, new: str, message: str
) -> None:
    text = HEAD + STEPS
    assert old in text
    with pytest.raises(Misconfigured) as caught:
        flow(text.replace(old, new, 1), "")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{FILE}:")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("steps: []\n", "There is no step here."),
        ("steps:\n  - stop: a\n  - stop: b\n", f"{FILE}:8 steps[1]: This step is never reached"),
        (
            "steps:\n  - branch: b\n    cases:\n      - {else: true, steps: [{stop: x}]}\n"
            "  - stop: b\n",
            f"{FILE}:10 steps[1]: This step is never reached",
        ),
        (
            "steps:\n  - branch: b\n    cases:\n      - {else: true, steps: [{stop: x}]}\n"
            "      - {when: 1 < 2, steps: [{stop: x}]}\n",
            "A case after else is never reached.",
        ),
        ("steps:\n  - {branch: b, cases: []}\n", "The branch has no case."),
        (
            "steps:\n" + "  - {read: r, from: cybersource}\n",
            "The field 'ask' is missing.",
        ),
        (
            "steps:\n"
            + "".join(
                f"  - {{wait: w{at}, for: [order.cancelled], timeout: 1d}}\n" for at in range(201)
            ),
            "A flow has at most 200 steps.",
        ),
    ],
)
def test_steps_that_make_no_sense_are_refused(steps: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        flow(steps)
    assert message in str(caught.value)


def test_steps_may_follow_a_branch_that_does_not_always_end() -> None:
    steps = (
        "steps:\n  - branch: b\n    cases:\n      - {when: 1 < 2, steps: [{stop: x}]}\n"
        "  - stop: reached\n"
    )
    assert len(flow(steps).steps) == 2


def test_a_map_in_one_case_is_not_there_in_another() -> None:
    steps = """steps:
  - branch: b
    cases:
      - when: 1 < 2
        steps: [{map: made, mapping: sales-order}]
      - else: true
        steps: [{write: w, to: dynamics, document: sales_order, fields: made}]
"""
    with pytest.raises(Misconfigured, match="There is no map step before this one 'made'"):
        flow(steps)
