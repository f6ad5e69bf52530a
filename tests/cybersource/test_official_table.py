"""Cybersource's own client does every row of the certification against the simulator."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

import pytest
from benchmarks.official_peer import NotInstalledError, install

from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.certification import (
    ROWS,
    Question,
    Script,
    Told,
    run,
    unproven,
)
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans

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
        command = [interpreter, "-W", "ignore", SCRIPT, simulator.authority_path]
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


@pytest.fixture(scope="module")
def interpreter() -> Path:
    """The client's own interpreter."""
    try:
        return install()
    except NotInstalledError as missing:
        pytest.skip(f"the official client cannot be installed here: {missing}")


@pytest.mark.official_client
@pytest.mark.parametrize("authentication", ["http_signature", "jwt"])
async def test_the_official_client_does_every_row(interpreter: Path, authentication: str) -> None:
    simulator = CybersourceSimulator(Options(partial_captures=True), tls=True)
    await simulator.start()
    hand = Hand(interpreter, simulator, {"authentication_type": authentication})
    try:
        flaws = await asyncio.to_thread(lambda: list(_flaws(hand, simulator)))
    finally:
        hand.close()
        await simulator.stop()
    assert not flaws, "\n".join(flaws)


def _flaws(hand: Hand, simulator: CybersourceSimulator) -> Iterator[str]:
    for row in ROWS:
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
