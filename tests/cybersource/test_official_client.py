"""Cybersource's own client, unchanged, works against the simulator: over TLS, in both ways of
signing. It lives in an environment of its own, because it replaces urllib3.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.state import Decision

SCRIPT = Path(__file__).with_name("official_client.py")

pytestmark = pytest.mark.official_client


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
