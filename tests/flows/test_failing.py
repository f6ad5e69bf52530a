"""Steps that ask, tell, call, wait and stop; what follows a failure, and what undoes a write."""

from typing import Any

import pytest
from tests.flows.texts import CONNECTIONS, flow
from tests.mapping.values import ORDER, context

from tillbridge.canonical.errors import Misconfigured
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.folder import assemble
from tillbridge.flows.steps import ApproveStep, CallStep, NotifyStep, StopStep, WaitStep, WriteStep
from tillbridge.flows.walk import walk_steps

WRITE = """steps:
  - write: released
    to: dynamics
    document: sales_order_release
    fields: {id: order.number}
    ordinal: payment.attempt_key
"""
ASK = """steps:
  - approve: large
    question: concat('Release ', order.number, '?')
    shows: {amount: order.total}
    who: [anna, ben]
    timeout: 2d
    on_timeout: refused
    approved:
      - notify: going
        title: large.by
    refused:
      - stop: refused
        outcome: cancelled
        undo: true
  - notify: gone
    level: urgent
    title: concat('Gone ', order.number)
    text: large.why
"""
CALL = """steps:
  - call: booked
    flow: book
    with: {number: order.number, amount: order.total}
    subject: order.number
    ordinal: payment.attempt_key
    timeout: 1h
    on_timeout: continue
"""
BOOK = (
    "flow: book\nlane: dynamics\ntakes: {number: text, amount: money}\nsteps:\n  - stop: booked\n"
)
CALLER = "flow: caller\nlane: dynamics\nstarts_on: [payment.authorized]\n"
AFTER = "  - {notify: n, title: \"has(booked) ? booked.outcome : 'late'\"}\n"


def refusal(text: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        flow(text)
    return str(caught.value)


def step(text: str) -> Any:  # the first step of a flow, of the kind the text says
    return flow(text).steps[0]


def flaws(*texts: str) -> list[str]:
    files = [TextFile(f"flows/{number}.yaml", text) for number, text in enumerate(texts)]
    return [f"{flaw.reason}: {flaw}" for flaw in assemble(files, [], [], CONNECTIONS).flaws]


def test_a_person_is_asked_and_each_answer_has_its_steps() -> None:
    asked = step(ASK)
    assert isinstance(asked, ApproveStep)
    assert (asked.who, asked.timeout_s, asked.on_timeout) == (("anna", "ben"), 172_800, "refused")
    assert asked.shown(context()) == {"question": "Release 1042?", "amount": "32.01 USD"}
    assert [len(asked.approved), len(asked.refused)] == [1, 1]
    told = flow(ASK).steps[1]
    assert isinstance(told, NotifyStep)
    names = {**context(), "large": {"answer": "approved", "by": "anna", "why": "known well"}}
    assert told.inputs(names) == {"title": "Gone 1042", "text": "known well", "level": "urgent"}
    assert (told.connection, told.ordinal_of(names)) == ("", "1")


def test_a_flow_is_called_with_texts_and_may_be_waited_for() -> None:
    call = step(CALL)
    assert isinstance(call, CallStep)
    assert call.given(context()) == {"number": "1042", "amount": "32.01 USD"}
    assert (call.wait, call.timeout_s, call.ordinal_of(context())) == (True, 3_600, "a-1")
    alone = step(CALL.replace("    timeout: 1h\n    on_timeout: continue\n", ""))
    assert (alone.wait, alone.timeout_s) == (False, 0)


def test_a_wait_may_be_for_a_time_or_until_one() -> None:
    pause = step("steps:\n  - {wait: pause, timeout: 10m}\n")
    assert isinstance(pause, WaitStep)
    assert (pause.kinds, pause.timeout_s, pause.on_timeout) == ((), 600, "continue")
    until = step("steps:\n  - {wait: day, for: [order.cancelled], until: order.placed_at}\n")
    assert until.until.evaluate(context()) == ORDER.placed_at
    assert until.on_timeout == "dead_letter"


def test_a_step_says_what_follows_its_failure() -> None:
    written = step(WRITE + "    on_error: {retries: 3, wait: 5s, within: 1h, then: continue}\n")
    assert isinstance(written, WriteStep)
    recovery = written.on_error
    assert recovery is not None
    assert (recovery.retries, recovery.wait_s, recovery.within_s) == (3, 5, 3_600)
    assert (recovery.then, recovery.steps) == ("continue", ())


def test_the_steps_after_a_failure_read_what_went_wrong() -> None:
    text = WRITE + "    on_error:\n      steps: [{notify: bad, title: failure.message}]\n"
    written = step(text)
    assert written.on_error.then == "steps"
    walked = [each for each in walk_steps((written,)) if not isinstance(each, StopStep)]
    assert [each.name for each in walked] == ["released", "bad"]
    assert "There is no name 'failure'" in refusal(text + "  - {notify: n, title: failure.step}\n")


def test_what_undoes_a_write_reads_what_was_written() -> None:
    undo = """    undo:
      - write: taken_back
        to: dynamics
        document: sales_order_release
        fields: {id: released.references.release}
        ordinal: concat('back ', payment.attempt_key)
"""
    written = step(WRITE + undo)
    assert [each.name for each in written.undo] == ["taken_back"]
    inner = undo.replace("ordinal:", "undo: [{notify: x, title: order.number}]\n        ordinal:")
    assert "What undoes a write is not undone." in refusal(WRITE + inner)
    wait = "    undo:\n      - {wait: w, timeout: 1d}\n"
    assert "This is not a step." in refusal(WRITE + wait)


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (ASK, "    timeout: 2d\n", "", "The field 'timeout' is missing."),
        (ASK, "on_timeout: refused", "on_timeout: approved", "There is no value of on_timeout"),
        (ASK, "who: [anna, ben]", "who: []", "The list who is empty."),
        (ASK, "title: large.by", "title: large.who", "There is no field 'who'."),
        (ASK, "level: urgent", "level: high", "There is no value of level 'high'."),
        (ASK, "level: urgent", "to: dynamics", "no connection that writes notifications"),
        (CALL, "    timeout: 1h\n", "", "Without a timeout the call's ending is not waited for."),
        (CALL, "amount: order.total", "amount: order.lines", "here it has to give text or"),
        (
            WRITE,
            "    to:",
            "    on_error: {then: continue, steps: [{stop: x}]}\n    to:",
            "exclude",
        ),
        (WRITE, "    to:", "    on_error: {retries: 21}\n    to:", "from 0 to 20"),
        (WRITE, "released", "failure", "'failure' names what went wrong."),
    ],
)
def test_steps_that_make_no_sense_are_refused(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    assert message in refusal(text.replace(old, new, 1))


def test_a_pure_time_has_no_time_out() -> None:
    text = "steps:\n  - {wait: w, timeout: 1d, on_timeout: continue}\n"
    assert "on_timeout means nothing where only a time is waited for." in refusal(text)


def test_a_call_that_gives_what_is_taken_is_right() -> None:
    assert flaws(BOOK, CALLER + CALL + AFTER) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", amount: order.total", "", "missing_input: error: flows/1.yaml:5 "),
        ("number: order", "nummber: order", "book takes 'nummber'. Did you mean 'number'?"),
        ("amount: order.total", "amount: 1 < 2", "takes money as amount; this gives boolean."),
        ("flow: book", "flow: boook", "There is no flow 'boook'. Did you mean 'book'?"),
    ],
)
def test_a_call_that_gives_something_else_is_found(old: str, new: str, message: str) -> None:
    assert message in "\n".join(flaws(BOOK, CALLER + CALL.replace(old, new, 1) + AFTER))


def test_a_flow_that_starts_by_itself_is_not_called() -> None:
    book = BOOK.replace("takes: {number: text, amount: money}", "starts_on: [order.cancelled]")
    assert "book starts by itself" in "\n".join(flaws(book, CALLER + CALL + AFTER))


def waiting(name: str, kind: str, awaited: str, written: str) -> str:
    """A flow that waits for one document before it announces another."""
    field = "id" if written.endswith("release") else "ordernumber"
    return f"""flow: {name}
lane: dynamics
starts_on: [{kind}]
steps:
  - wait: other
    for: [document.written]
    where: candidate.data.written.document == '{awaited}'
    timeout: 1d
  - write: {name}_done
    to: dynamics
    document: {written}
    fields: {{ {field}: order.number }}
    ordinal: payment.attempt_key
    announce: true
"""


def test_two_flows_that_wait_for_each_other_are_found() -> None:
    one = waiting("one", "payment.authorized", "sales_order", "sales_order_release")
    other = waiting("two", "payment.captured", "sales_order_release", "sales_order")
    found = [flaw for flaw in flaws(one, other) if flaw.startswith("endless_wait")]
    assert len(found) == 2
    assert "is announced only after this wait" in found[0]
    freed = other.replace("    timeout: 1d\n", "    timeout: 1d\n    on_timeout: continue\n")
    assert [flaw for flaw in flaws(one, freed) if flaw.startswith("endless_wait")] == []


def test_an_item_key_that_is_the_same_for_all_is_found() -> None:
    text = """steps:
  - each: told
    in: order.lines
    as: line
    key: order.number
    steps: [{notify: n, title: line.product}]
"""
    [found] = flaws(CALLER + text)
    assert found.startswith("missing_key: error: flows/0.yaml:8 steps[0].key: The key of told")


def test_an_undo_that_undoes_nothing_is_told() -> None:
    [found] = flaws(CALLER + WRITE + "  - {stop: over, outcome: cancelled, undo: true}\n")
    assert found.startswith("nothing_to_undo: warning: flows/0.yaml:10 ")


WAIT = """  - wait: paid
    for: [payment.authorized, order.cancelled]
    timeout: 3d
    on_timeout: continue
"""
STOP = "[{stop: paid or cancelled}]"
NOTE = "[{notify: n, title: payment.reason}]"


@pytest.mark.parametrize(
    ("when", "steps", "after", "named"),
    [
        ("has(paid)", STOP, NOTE, False),
        ("has(paid)", NOTE, "", True),
        ("'!has(paid)'", NOTE, "", False),
        ("'!has(paid)'", NOTE, "[{notify: m, title: payment.reason}]", True),
        ("has(paid) && order.total.amount > 5", STOP, NOTE, True),
    ],
)
def test_what_came_is_asked_for_unless_its_coming_ends_the_run(
    when: str, steps: str, after: str, named: bool
) -> None:
    branch = f"  - {{branch: b, cases: [{{when: {when}, steps: {steps}}}]}}\n"
    rest = f"  - {after[1:-1]}\n" if after else ""
    declined = "flow: dun\nlane: dynamics\nstarts_on: [payment.declined]\nsteps:\n"
    found = flaws(declined + WAIT + branch + rest)
    assert any("nothing asks which it was" in flaw for flaw in found) == named, found
