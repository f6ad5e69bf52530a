"""Cybersource's own client does every row of the certification against the simulator."""

import asyncio
import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.certification import (
    ROWS,
    Question,
    Row,
    Script,
    Told,
    run,
    unproven,
)
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans

ENCRYPTED = [
    row for row in ROWS if row.keys[0] in ("capture.capture_payment", "customer.post_customer")
]
"""A few: for each answer the client reads its private key anew, which takes it a tenth of a second.
"""
STRANGER = base64.b64encode(b"the secret of another merchant..").decode()
SCRIPT = Path(__file__).with_name("official_hand.py")


class Hand:
    """The official client in a process of its own, for one simulator."""

    def __init__(
        self, interpreter: Path, simulator: CybersourceSimulator, ways: dict[str, object]
    ) -> None:
        options = simulator.options
        self._configuration = {
            "authentication_type": "jwt",
            "jwt_key_type": "SHARED_SECRET",
            "merchantid": options.merchant_id,
            "run_environment": f"127.0.0.1:{simulator.port}",
            "merchant_keyid": options.key_id,
            "merchant_secretkey": options.secret_key,
            "timeout": 10_000,
        } | ways
        command: list[str | Path] = [interpreter, "-W", "ignore", SCRIPT, simulator.authority_path]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603 (fixed words)

    def put(self, question: Question) -> Told:
        changes = {"merchant_secretkey": STRANGER} if question.by_stranger else {}
        asked = {
            "key": question.key,
            "document": question.document,
            "parameters": dict(question.parameters),
            "configuration": self._configuration | changes,
        }
        _pipe(self._process.stdin).write(json.dumps(asked) + "\n")
        _pipe(self._process.stdin).flush()
        line = _pipe(self._process.stdout).readline()
        assert line, f"the client broke off at {asked}"
        told = json.loads(line)
        return Told(told["status"], _read(told["text"]))

    def close(self) -> None:
        with self._process:
            _pipe(self._process.stdin).close()
            self._process.wait(10)


def _pipe(given: IO[str] | None) -> IO[str]:
    assert given is not None
    return given


def _read(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


@pytest.mark.official_client
@pytest.mark.parametrize("authentication", ["http_signature", "jwt"])
async def test_the_official_client_does_every_row(
    interpreter: Path, authentication: str, tmp_path: Path
) -> None:
    simulator = CybersourceSimulator(Options(partial_captures=True), tls=True)
    await simulator.start()
    ways: dict[str, object] = {"authentication_type": authentication}
    if authentication == "jwt":  # for the services that take nothing but encrypted bodies
        ways["mleForRequestPublicCertPath"] = str(_mle(simulator, tmp_path))
    hand = Hand(interpreter, simulator, ways)
    try:
        flaws = await asyncio.to_thread(lambda: list(_flaws(hand, simulator)))
    finally:
        hand.close()
        await simulator.stop()
    assert not flaws, "\n".join(flaws)


@pytest.mark.official_client
async def test_the_official_client_signs_with_certificates_and_encrypts_both_ways(
    interpreter: Path, tmp_path: Path
) -> None:
    """A meta key of the portfolio, in a P12 file; rows whose services take encrypted bodies."""
    simulator = CybersourceSimulator(Options(portfolio_id="portfolio_test"), tls=True)
    await simulator.start()
    keys = simulator.credentials
    (tmp_path / "keys.p12").write_bytes(keys.issue_p12("a password", by_portfolio=True))
    answer_key_id, private = keys.issue_answer_key()
    (tmp_path / "answers.pem").write_bytes(private)
    mle = _mle(simulator, tmp_path)
    ways: dict[str, object] = {
        "jwt_key_type": "P12",
        "keys_directory": str(tmp_path),
        "key_file_name": "keys",
        "key_alias": "portfolio_test",
        "key_password": "a password",
        "use_metakey": 1,  # the client cannot write its settings down with true in them
        "portfolio_id": "portfolio_test",
        "enableRequestMLEForOptionalApisGlobally": 1,
        "mleForRequestPublicCertPath": str(mle),
        "enableResponseMleGlobally": 1,
        "responseMlePrivateKeyFilePath": str(tmp_path / "answers.pem"),
        "responseMleKID": answer_key_id,
    }
    hand = Hand(interpreter, simulator, ways)
    try:
        flaws = await asyncio.to_thread(lambda: list(_flaws(hand, simulator, ENCRYPTED)))
    finally:
        hand.close()
        await simulator.stop()
    assert not flaws, "\n".join(flaws)
    requests = [entry.facts for entry in simulator.log.entries("request")]
    assert {one["answer_key"] for one in requests} == {answer_key_id}
    bare = {one["operation"] for one in requests if not one["encrypted"]}
    sealed = {one["operation"] for one in requests if one["encrypted"]}
    assert {"authorization", "capture"} <= sealed - bare
    assert "details" in bare - sealed, "it has no body"


def _mle(simulator: CybersourceSimulator, folder: Path) -> Path:
    """The file with the certificate that requests are encrypted to."""
    path = folder / "mle.pem"
    path.write_bytes(simulator.credentials.mle_certificate().public_bytes(Encoding.PEM))
    return path


def _flaws(
    hand: Hand, simulator: CybersourceSimulator, rows: Iterable[Row] = ROWS
) -> Iterator[str]:
    for row in rows:
        script = Script(hand.put, SandboxMeans(simulator.account))
        left_out = run(row, script)
        if left_out:
            yield f"{row.keys}: {left_out}"
        yield from (
            f"{step.question.key} {dict(step.question.parameters)}: {flaw} in {step.told.body}"
            for step in script.steps
            for flaw in step.flaws
        )
        yield from unproven(row, script.steps)
