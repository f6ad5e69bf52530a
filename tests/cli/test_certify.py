"""`tillbridge certify`: every operation is asked, and what answers otherwise is told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.cli.conftest import Tell, point_till

from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.certification import ROWS
from tillbridge_simulators.faults import Fault, Rule

ADDRESS = "http://127.0.0.1:1"


@pytest.fixture
async def simulator(books: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A sandbox that the folder's connection `till` is to; what it sends is encrypted."""
    running = CybersourceSimulator(Options(partial_captures=True))
    await running.start()
    mle = books / "mle.pem"
    mle.write_bytes(running.credentials.mle_certificate().public_bytes(Encoding.PEM))
    encrypted = ("encrypt_requests: yes", f"encryption_certificate: {mle}")
    point_till(books, monkeypatch, running, *encrypted)
    yield running
    await running.stop()


def lines(report: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.read_text().splitlines()]


async def test_the_sandbox_answers_as_the_sandbox_does(
    tell: Tell, simulator: CybersourceSimulator, tmp_path: Path
) -> None:
    report = tmp_path / "certified.jsonl"
    told = await tell("certify", "till", "--report", str(report))
    assert told.exit_code == 0, told.output
    found = lines(report)
    assert not [one for one in found if one.get("differs") or one.get("missing")]
    asked = {one["key"] for one in found if "left_out" not in one}
    left_out = {one["row"]: one["left_out"] for one in found if "left_out" in one}
    assert set(left_out.values()) <= {
        "A card number would have to be sent.",
        "A connection of ours uploads no file of transactions.",
    }
    whole = [row for row in ROWS if row.keys[0] not in left_out]
    assert {key for row in whole for key in row.keys} <= asked
    assert len(whole) > 0.8 * len(ROWS)
    digits = "4" + "1" * 14
    card = digits + check_digit(digits)
    assert card not in report.read_text() + told.output


async def test_what_answers_otherwise_is_told_and_written_down(
    tell: Tell, simulator: CybersourceSimulator, tmp_path: Path
) -> None:
    simulator.faults.rules.append(Rule("refund", Fault("refuse", status=503), times=1))
    simulator.faults.rules.append(Rule("reversal", Fault("break_before"), times=1))
    report = tmp_path / "certified.jsonl"
    only = ("--only", "refund.refund_payment", "--only", "reversal.auth")
    told = await tell("certify", "till", *only, "--report", str(report))
    assert told.exit_code == 1
    differing = {one["key"]: one for one in lines(report) if "differs" in one}
    assert differing["refund.refund_payment"]["answered"] == "503 SYSTEM_ERROR"
    assert differing["refund.refund_payment"]["expected"] == "201 PENDING"
    assert differing["reversal.auth_reversal"]["answered"].startswith("0 ")
    assert "503 SYSTEM_ERROR, not 2xx" in told.output


async def test_where_money_moves_it_asks_nothing_unless_the_host_is_written_out(
    tell: Tell, books: Path, tmp_path: Path
) -> None:
    file = books / "tillbridge.yaml"
    file.write_text(file.read_text().replace(ADDRESS, "https://api.cybersource.com"))
    report = tmp_path / "certified.jsonl"
    for more in ((), ("--this-host-moves-money", "api.example.com")):
        told = await tell("certify", "till", "--report", str(report), *more)
        assert told.exit_code == 1
        assert "Money moves at api.cybersource.com" in told.output
        assert "--this-host-moves-money api.cybersource.com" in told.output
    assert not report.exists()


async def test_a_test_host_is_asked_with_the_tokens_that_are_named(
    tell: Tell, simulator: CybersourceSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = "tillbridge_simulators.cybersource.certification"
    monkeypatch.setattr(f"{room}.is_sandbox", lambda _: False)
    report = tmp_path / "certified.jsonl"
    unknown = await tell("certify", "till", "--report", str(report))
    assert "Money moves at 127.0.0.1, or may" in unknown.output, "somebody else may answer there"
    assert not list(simulator.log.entries("request"))
    token = simulator.mint_token(kind="tms")
    told = await tell(
        "certify", "till", "--report", str(report), "--token", f"authorized={token}",
        "--only", "void.void_payment", "--only", "decision_manager.action",
        "--only", "plans.get_plans", "--this-host-moves-money", "127.0.0.1",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    found = lines(report)
    assert {one["row"]: one["left_out"] for one in found if "left_out" in one} == {
        "decision_manager.action_decision_manager_case": "No token is named whose payments end so:"
        " --token review=ID."
    }
    assert {"void.void_payment", "plans.get_plans"} <= {one["key"] for one in found}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("webshop",), "webshop cannot be certified"),
        (("till", "--only", "toys"), "No operation begins with toys"),
        (("till", "--token", "authorized"), "write OUTCOME=ID"),
        (("nobody",), "nobody"),
    ],
)
async def test_what_cannot_be_is_said(
    tell: Tell, simulator: CybersourceSimulator, arguments: tuple[str, ...], said: str
) -> None:
    told = await tell("certify", *arguments)
    assert told.exit_code != 0
    assert said in told.output
    assert not list(simulator.log.entries("request"))
