"""CPU of a signed call to Cybersource: our connector beside the official client, the same calls.

Both authorize a card by a transient token and capture it, one call after another, over TLS with
JSON Web Tokens, each in a process of its own, against the same simulator in a third.

    make bench NAME=cybersource_calls
"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.official_peer import NotInstalledError, install
from benchmarks.report import end_with
from tillbridge_simulators.cybersource import CybersourceSimulator

RATIO_MIN = 3.0
_PAIRS = {"short": 30, "full": 500, "long": 3000}
_WARM_UP = 20
_BILL_TO = {
    "firstName": "Maya", "lastName": "Ortiz", "address1": "1 Market St",
    "locality": "San Francisco", "administrativeArea": "CA", "postalCode": "94105",
    "country": "US", "email": "maya@example.com",
}  # fmt: skip
_TIMEOUT_S = 600
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Result:
    """`ratio` is the official client's CPU a call over ours; `calls_per_s` with ten under way.

    `fsync` stands for every benchmark's word that nothing is left unwritten: there is no database.
    """

    calls: int
    calls_per_s: float
    cpu_ms_per_call: float
    sdk_cpu_ms_per_call: float
    ratio: float
    fsync: bool
    factor: float
    ok: bool


async def measure(pairs: int, *, short: bool) -> Result:
    """Both, one after the other; `short` judges no ratio.

    Raises:
        NotInstalledError: no packages can be fetched here.
    """
    python = await asyncio.to_thread(install)
    simulator = CybersourceSimulator(tls=True)
    await simulator.start()
    try:
        print("our connector ...", file=sys.stderr)
        ours = await _run(
            [sys.executable, "-m", "benchmarks.connector_calls"], simulator, pairs, spare=pairs
        )
        print("the official client ...", file=sys.stderr)
        script = str(Path(__file__).with_name("official_calls.py"))
        theirs = await _run([str(python), "-W", "ignore", script], simulator, pairs)
    finally:
        await simulator.stop()
    calls = 2 * pairs
    our_ms, their_ms = (told["cpu_s"] * 1000 / calls for told in (ours, theirs))
    ratio = their_ms / our_ms
    return Result(
        calls=calls,
        calls_per_s=round(calls / ours["at_once_s"], 1),
        cpu_ms_per_call=round(our_ms, 3),
        sdk_cpu_ms_per_call=round(their_ms, 3),
        ratio=round(ratio, 2),
        fsync=True,
        factor=1.0,
        ok=short or ratio >= RATIO_MIN,
    )


async def _run(
    command: list[str], simulator: CybersourceSimulator, pairs: int, spare: int = 0
) -> dict[str, Any]:
    options = simulator.options
    asked = {
        "url": simulator.url,
        "host": f"127.0.0.1:{simulator.port}",
        "authority": str(simulator.authority_path),
        "merchant_id": options.merchant_id,
        "key_id": options.key_id,
        "secret_key": options.secret_key,
        "tokens": [simulator.mint_token() for _ in range(_WARM_UP + pairs + spare)],
        "bill_to": _BILL_TO,
        "warm_up": _WARM_UP,
        "pairs": pairs,
    }
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(_TIMEOUT_S):
        said, complaints = await process.communicate(json.dumps(asked).encode())
    assert process.returncode == 0, complaints.decode()[-2000:]
    told: dict[str, Any] = json.loads(said)
    return told


def main() -> None:
    """Measures and reports; without packages to fetch it says so and fails."""
    scale = os.environ.get("SCALE", "full")
    try:
        result = asyncio.run(measure(_PAIRS[scale], short=scale == "short"))
    except NotInstalledError as missing:
        sys.exit(f"The official client cannot be installed here: {missing}")
    end_with(result, {})


if __name__ == "__main__":
    main()
