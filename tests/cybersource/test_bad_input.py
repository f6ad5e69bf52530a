"""Bad input of every operation, as one table says: `bad_input.csv`.

`*` says what holds of every operation; "unknown id" and "missing" have a line of each operation
that has such a thing, and an operation without its line fails here. "missing" without a status says
that nothing of its body has to be there.
"""

import asyncio
import csv
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cybersource.bad_input import Asker, Bad

from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.certification import ROWS, Question, Script, Told, run
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans
from tillbridge_simulators.cybersource.offers import served
from tillbridge_simulators.cybersource.recorded import recorded

_FILE = Path(__file__).with_name("bad_input.csv")
_LINES = {
    (row["operation"], row["wrong"]): row for row in csv.DictReader(_FILE.read_text().splitlines())
}
REQUIRED = {
    operation: row["fields"].split()
    for (operation, wrong), row in _LINES.items()
    if wrong == "missing"
}


SEALED = {key for key in served() if recorded().operations[key].encrypts == "mandatory"}
"""They take nothing but encrypted bodies, and refuse these plain ones whole."""


def stated(one: Bad) -> tuple[int, str] | None:
    """Status and reason; None where the table has no line."""
    wrong = "unknown id" if one.wrong == "id of another kind" else one.wrong.partition(":")[0]
    row = _LINES.get((one.key, wrong)) or _LINES.get(("*", wrong))
    return (int(row["status"]), row["reason"]) if row else None


@dataclass(frozen=True)
class Asked:
    """Everything that was asked wrongly, by operation, and who asked."""

    asker: Asker
    simulator: CybersourceSimulator
    flaws: tuple[str, ...]


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    """One account, asked for everything once, wrongly and rightly."""
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_forever, daemon=True)
    serving.start()
    simulator = CybersourceSimulator(Options(partial_captures=True, file_bytes_max=5000))
    asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(10)
    asker = Asker(simulator, REQUIRED)
    asker.put(Question("customer.post_customer", {"buyerInformation": {"email": "a@b.c"}}))
    yield Asked(asker, simulator, tuple(_flaws(asker, simulator)))
    asker.close()
    asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    serving.join(10)
    loop.close()


def _flaws(asker: Asker, simulator: CybersourceSimulator) -> Iterator[str]:
    for row in ROWS:
        script = Script(asker.put, SandboxMeans(simulator.account))
        run(row, script)
        yield from (
            f"{step.question.key}: {flaw}"
            for step in script.steps
            for flaw in step.flaws
            if step.way != "refused" and step.question.key not in SEALED
        )


def test_what_is_wrong_is_refused_as_the_table_says_and_changes_nothing(asked: Asked) -> None:
    otherwise = [
        f"{one.key}, {one.wrong}: {one.told.status} {one.told.reason}, not {stated(one)}"
        for found in asked.asker.found.values()
        for one in found.values()
        if (one.told.status, one.told.reason) != stated(one)
    ]
    assert not otherwise, "\n".join(otherwise)
    assert not asked.flaws, "a good request was not taken after the bad ones:\n" + "\n".join(
        asked.flaws
    )


def test_every_operation_that_is_served_was_asked_wrongly_and_has_its_lines(asked: Asked) -> None:
    index = recorded().operations
    without = sorted(set(served()) - SEALED - set(asked.asker.found))
    assert not without, f"nothing was asked wrongly of {without}"
    missing = [
        f"{key} has no line for {wrong!r} in {_FILE.name}"
        for key, found in asked.asker.found.items()
        for wrong, has_it in (
            ("unknown id", "{" in index[key].path),
            ("missing", "no JSON" in found),
        )
        if has_it and (key, wrong) not in _LINES
    ]
    assert not missing, "\n".join(missing)


def test_a_refusal_names_the_field_that_is_wrong(asked: Asked) -> None:
    fields = ("wrong type: ", "too long: ", "missing: ", "negative: ", "unknown currency: ")
    silent = [
        f"{one.key}, {one.wrong}: {one.told.body}"
        for found in asked.asker.found.values()
        for one in found.values()
        if one.wrong.startswith(fields) and not _names(one.told, one.wrong.partition(": ")[2])
    ]
    assert not silent, "\n".join(silent)


def _names(told: Told, place: str) -> bool:
    """Whether a refusal names the place, or the object in which it stands."""
    body: Any = told.body
    errors = body.get("errors") or [body]
    named = [str(one.get("field") or one.get("name")) for one in errors[0].get("details") or ()]
    return any(place.startswith(name) or place.endswith(name) for name in named)


def test_a_thousand_bad_requests_were_made(asked: Asked) -> None:
    tried = [one for found in asked.asker.found.values() for one in found]
    assert len(tried) > 1000
    assert sum(one.startswith("too long: ") for one in tried) > 50


_WRONG_KINDS: Mapping[str, tuple[str, ...]] = {
    "capture.capture_payment": ("capture", "refund", "reversed"),
    "reversal.auth_reversal": ("capture", "refund", "reversed"),
    "refund.refund_capture": ("authorization", "refund", "reversed"),
    "refund.refund_payment": ("authorization", "capture", "refund"),
    "void.void_payment": ("authorization", "refund"),
    "void.void_capture": ("authorization", "refund"),
    "void.void_refund": ("authorization", "capture"),
    "void.void_credit": ("authorization", "capture", "refund"),
}
"""By operation, ids of other kinds of payment operations."""


def test_an_id_of_another_kind_of_payment_moves_nothing(asked: Asked) -> None:
    ids = _payments(asked)
    before = asked.simulator.holds()
    for key, kinds in _WRONG_KINDS.items():
        body = _amount("1.00") if key.startswith("reversal") else _ordered("1.00")
        for kind in kinds:
            told = asked.asker.ask(recorded().operations[key], body, {"id": ids[kind]})
            assert told.status == 400, f"{key} with the id of a {kind}: {told}"
            assert told.reason, f"{key} with the id of a {kind}: {told}"
    assert asked.simulator.holds() == before


def test_no_more_is_given_back_than_was_taken_and_no_more_taken_than_held(asked: Asked) -> None:
    held = _do(asked, "payments.create_payment", _paying(asked, "30.00"))
    over = _ask(asked, "capture.capture_payment", _ordered("30.01"), held)
    taken = _do(asked, "capture.capture_payment", _ordered("30.00"), held)
    first = _do(asked, "refund.refund_capture", _ordered("20.00"), taken)
    beyond = _ask(asked, "refund.refund_capture", _ordered("10.01"), taken)
    _do(asked, "void.void_refund", {}, first)
    again = _ask(asked, "void.void_refund", {}, first)
    _do(asked, "refund.refund_capture", _ordered("30.00"), taken)
    more = _ask(asked, "refund.refund_capture", _ordered("0.01"), taken)
    answers = [(one.status, one.reason) for one in (over, beyond, again, more)]
    assert answers == [
        (400, "EXCEEDS_AUTH_AMOUNT"),
        (400, "INVALID_AMOUNT"),
        (400, "NOT_VOIDABLE"),
        (400, "INVALID_AMOUNT"),
    ]


@pytest.mark.parametrize(
    ("text", "currency", "status"),
    [
        *(("1000", "JPY", 201), ("1000.0", "JPY", 201), ("10.5", "JPY", 400)),
        *(("1.234", "KWD", 201), ("1.2345", "KWD", 400), ("0.001", "KWD", 201)),
        *(("0.01", "USD", 201), ("0.001", "USD", 400), ("1e2", "USD", 400)),
    ],
)
def test_amounts_have_the_digits_of_their_currency(
    asked: Asked, text: str, currency: str, status: int
) -> None:
    document = _paying(asked, "1.00")
    document["orderInformation"] = {"amountDetails": {"totalAmount": text, "currency": currency}}
    assert _ask(asked, "payments.create_payment", document).status == status


def _payments(asked: Asked) -> Mapping[str, str]:
    """One of each kind, by name."""
    held = _do(asked, "payments.create_payment", _paying(asked, "25.00"))
    taken = _do(asked, "payments.create_payment", _paying(asked, "25.00"))
    capture = _do(asked, "capture.capture_payment", _ordered("25.00"), taken)
    refund = _do(asked, "refund.refund_capture", _ordered("5.00"), capture)
    gone = _do(asked, "payments.create_payment", _paying(asked, "25.00"))
    reversed_ = _do(asked, "reversal.auth_reversal", _amount("25.00"), gone)
    return {"authorization": held, "capture": capture, "refund": refund, "reversed": reversed_}


def _do(asked: Asked, key: str, document: dict[str, Any], id_: str = "") -> str:
    told = _ask(asked, key, document, id_)
    assert told.status == 201, told
    return str(told.body["id"])


def _ask(asked: Asked, key: str, document: dict[str, Any], id_: str = "") -> Told:
    return asked.asker.ask(recorded().operations[key], document, {"id": id_} if id_ else {})


def _paying(asked: Asked, text: str) -> dict[str, Any]:
    token = asked.simulator.mint_token(kind="tms")
    return {
        "clientReferenceInformation": {"code": "bad-input"},
        "paymentInformation": {"paymentInstrument": {"id": token}},
    } | _ordered(text)


def _ordered(text: str) -> dict[str, Any]:
    return {"orderInformation": {"amountDetails": {"totalAmount": text, "currency": "USD"}}}


def _amount(text: str) -> dict[str, Any]:
    return {"reversalInformation": {"amountDetails": {"totalAmount": text, "currency": "USD"}}}
