"""The account alone, for people who learn or test: `tillbridge sandbox`."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.samples import stock

TEST_HOST = "apitest.cybersource.com"
"""What official clients call the test host; the sandbox answers to it as well."""
_PORTFOLIO = "tillbridge_portfolio"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of the account; "" and () leave what is usual.

    Attributes:
        merchant_id, key_id, secret_key: who signs, where a client has been set up already.
        p12: a file with his certificate, and its password ("" is the merchant id).
        hosts: further names that the sandbox is called by.
        refunds_beyond: more may be refunded than was captured.
        tls_folder: where its certificate's authority is kept; None forgets it.
    """

    tls: bool = False
    tls_folder: Path | None = None
    batch_every_s: float | None = None
    merchant_id: str = ""
    key_id: str = ""
    secret_key: str = ""
    p12: Path | None = None
    p12_password: str = ""
    hosts: Sequence[str] = ()
    refunds_beyond: bool = False


def serve(port: int, wanted: Wanted, say: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM. Raises OSError for a port that is taken, ValueError for a
    secret or a P12 file that is none."""
    asyncio.run(_serve(port, wanted, say))


async def _serve(port: int, wanted: Wanted, say: Callable[[str], None]) -> None:
    simulator = simulator_of(wanted)
    await simulator.start(port)
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    try:
        say(f"The Cybersource sandbox listens on {simulator.url}")
        say(f"What it imitates, and how to sign in: {simulator.url}/")
        if wanted.tls:
            say(f"The authority of its certificate: {simulator.authority_path}")
        say("Ctrl-C ends it; what it knows ends with it.")
        await asked.wait()
    finally:
        await simulator.stop()


def simulator_of(wanted: Wanted) -> CybersourceSimulator:
    """The account, not started. Raises ValueError for a secret or a P12 file that is none."""
    usual = Options()
    options = Options(
        merchant_id=wanted.merchant_id or usual.merchant_id,
        key_id=wanted.key_id or usual.key_id,
        secret_key=wanted.secret_key or usual.secret_key,
        portfolio_id=_PORTFOLIO,
        hosts=(TEST_HOST, *wanted.hosts),
        partial_captures=True,
        refunds_beyond=wanted.refunds_beyond,
        batch_every_s=wanted.batch_every_s,
    )
    simulator = CybersourceSimulator(options, tls=wanted.tls, tls_folder=wanted.tls_folder)
    if wanted.p12 is not None:
        password = wanted.p12_password or options.merchant_id
        simulator.credentials.admit_p12(wanted.p12.read_bytes(), password)
    stock(simulator.account)
    return simulator
