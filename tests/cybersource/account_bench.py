"""A bench for what an account keeps by id: a simulated account, and a session on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from tillbridge.canonical.errors import Place
from tillbridge.connector.conformance import Bench
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.faults import Fault, Rule

T = TypeVar("T")

_OPTIONS = Options()
SETTINGS: dict[str, object] = {
    "merchant_id": _OPTIONS.merchant_id,
    "key_id": _OPTIONS.key_id,
    "secret_key": _OPTIONS.secret_key,
}


@asynccontextmanager
async def account_bench(
    narrowed: Callable[[CybersourceSession, CybersourceSimulator], T],
    standing: Callable[[T, str], int],
) -> AsyncIterator[Bench]:
    """`narrowed` is the part of a session that a suite is about, `standing` how many effects of a
    kind the account shows."""
    simulator = CybersourceSimulator()
    await simulator.start()
    settings = parse_settings(CONNECTOR.settings, SETTINGS | {"base_url": simulator.url}, Place())
    session = CONNECTOR.open(settings, Opening("cards", lambda: datetime.now(UTC)))
    assert isinstance(session, CybersourceSession)
    about = narrowed(session, simulator)

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules = [Rule(kind, fault, times=1)]

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
            answer_oddly=simulator.options.odd.add,
        )
    finally:
        await session.close()
        await simulator.stop()
