"""A bench for what an account keeps by id: a simulated account, and a session on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from tillbridge.canonical.errors import Place
from tillbridge.connector.conformance import Bench
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.credentials import Credentials
from tillbridge_simulators.faults import Fault, Rule

T = TypeVar("T")

_OPTIONS = Options()
SETTINGS: dict[str, object] = {
    "merchant_id": _OPTIONS.merchant_id,
    "key_id": _OPTIONS.key_id,
    "secret_key": _OPTIONS.secret_key,
}


@cache
def _keys() -> Credentials:
    """Keys of an account with the certificate that requests are encrypted to: slow to make."""
    made = Credentials(_OPTIONS.merchant_id)
    made.mle_certificate()
    return made


@asynccontextmanager
async def account_bench(
    narrowed: Callable[[CybersourceSession, CybersourceSimulator], T],
    standing: Callable[[T, str], int],
    *,
    operation: Callable[[str], str] = str,
    sealed_in: Path | None = None,
) -> AsyncIterator[Bench]:
    """`narrowed` is the part of a session that a suite is about, `standing` how many effects of a
    kind the account shows, `operation` what the account calls its writing. With a folder for the
    certificate it encrypts."""
    simulator = CybersourceSimulator()
    await simulator.start()
    given = SETTINGS | {"base_url": simulator.url}
    if sealed_in is not None:
        simulator.credentials.mle = _keys().mle
        path = sealed_in / "mle.pem"
        path.write_bytes(_keys().mle_certificate().public_bytes(Encoding.PEM))
        given |= {"encrypt_requests": "yes", "encryption_certificate": str(path)}
    settings = parse_settings(CONNECTOR.settings, given, Place())
    session = CONNECTOR.open(settings, Opening("cards", lambda: datetime.now(UTC)))
    assert isinstance(session, CybersourceSession)
    about = narrowed(session, simulator)

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules = [Rule(operation(kind), fault, times=1)]

    try:
        yield Bench(
            about,
            "cards",
            count_effects=lambda kind: standing(about, kind),
            lose_next_answer=lambda kind: misbehave(kind, Fault("lose_answer")),
            answer_late=lambda kind, seconds: misbehave(kind, Fault("late", seconds)),
            answer_status=lambda kind, status, wait_s: misbehave(
                kind, Fault("refuse", wait_s, status)
            ),
            answer_oddly=lambda kind: simulator.options.odd.add(operation(kind)),
        )
    finally:
        await session.close()
        await simulator.stop()
