"""Cybersource's own client, unchanged, works against the simulator: over TLS, in both ways of
signing. It lives in an environment of its own, because it replaces urllib3.
"""

import asyncio
import fcntl
import json
import subprocess
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.state import Decision

VERSION = "0.0.80"
HOME = Path(__file__).parents[2] / ".tillbridge" / f"cybersource-client-{VERSION}"
SCRIPT = Path(__file__).with_name("official_client.py")

pytestmark = pytest.mark.official_client


@pytest.fixture(scope="module")
def interpreter() -> Path:
    """The client's own interpreter; installed once, kept, and shared by parallel workers."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HOME / "installed").exists():
            _install()
    return HOME / "bin" / "python"


@pytest.mark.parametrize("authentication", ["http_signature", "jwt"])
async def test_the_official_client_authorizes_captures_reverses_and_fences(
    interpreter: Path, authentication: str
) -> None:
    simulator = CybersourceSimulator(tls=True)
    simulator.state.decisions.append(Decision("7", "official-0", "ACCEPT", time.time() - 60))
    await simulator.start()
    try:
        told = await _run(interpreter, simulator, authentication)
        holds = simulator.holds()
    finally:
        await simulator.stop()
    assert {name: step.get("status") for name, step in told.items()} == {
        "authorization": "AUTHORIZED",
        "capture": "PENDING",
        "void": "VOIDED",
        "reversal": "REVERSED",
        "fence": "REVERSED",
        "third": "AUTHORIZED",
        "search": None,
        "decisions": None,
        "details": None,
    }
    assert told["search"]["found"] == 3
    assert told["decisions"] == {"http": 200, "found": [["7", "ACCEPT"]]}
    assert told["details"]["id"] == told["authorization"]["id"]
    states = {code: row["state"] for code, [row] in holds.items()}
    assert states == {"official-1": "held", "official-2": "reversed", "official-3": "undone"}


def _install() -> None:
    venv.create(HOME, with_pip=True)
    command: list[str | Path] = [
        HOME / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        "setuptools==81.0.0",  # the newest it allows; older ones do not know its dependencies
        f"cybersource-rest-client-python=={VERSION}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (fixed words)
    if done.returncode:
        pytest.skip(f"the official client cannot be installed here: {done.stderr[-300:]}")
    (HOME / "installed").write_text(VERSION, encoding="utf-8")


async def _run(interpreter: Path, simulator: CybersourceSimulator, authentication: str) -> Any:
    asked = {
        "host": f"127.0.0.1:{simulator.port}",
        "authority": str(simulator.authority_path),
        "authentication": authentication,
        "merchant_id": simulator.options.merchant_id,
        "key_id": simulator.options.key_id,
        "secret_key": simulator.options.secret_key,
        "tokens": [simulator.mint_token() for _ in range(3)],
    }
    process = await asyncio.create_subprocess_exec(
        interpreter, "-W", "ignore", SCRIPT, json.dumps(asked),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, complaints = await asyncio.wait_for(process.communicate(), 60)
    refusals = [entry.facts["refusal"] for entry in simulator.log.entries("request")]
    assert process.returncode == 0, f"{refusals}\n{complaints.decode()[-3000:]}"
    return json.loads(output)
