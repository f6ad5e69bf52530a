"""The account alone, for people who learn or test: `tillbridge sandbox`."""

import asyncio
import signal
from collections.abc import Callable

from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.cybersource.options import Options


def serve(port: int, *, tls: bool, batch_every_s: float | None, say: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM. Raises OSError for a port that is taken."""
    asyncio.run(_serve(port, tls=tls, batch_every_s=batch_every_s, say=say))


async def _serve(
    port: int, *, tls: bool, batch_every_s: float | None, say: Callable[[str], None]
) -> None:
    options = Options(partial_captures=True, batch_every_s=batch_every_s)
    simulator = CybersourceSimulator(options, tls=tls)
    await simulator.start(port)
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    try:
        say(f"The Cybersource sandbox listens on {simulator.url}")
        say(f"What it imitates, and how to sign in: {simulator.url}/")
        if tls:
            say(f"Its certificate: {simulator.authority_path}")
        say("Ctrl-C ends it; what it knows ends with it.")
        await asked.wait()
    finally:
        await simulator.stop()
