"""A simulated account and a session on it, over real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks.official_peer import NotInstalledError, install
from cryptography.hazmat.primitives.serialization import Encoding
from tests.cybersource.coverage import connector_calls, key_of

from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.http import Http, Reply
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.capture_contexts import PUBLIC_KEYS
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_simulators.cybersource import CybersourceSimulator, Options, Subscription
from tillbridge_simulators.faults import Fault, Rule

KEY = "abcdefghijklmnopqrstuvwxyz"
BILLING = {
    "first_name": "Maya", "last_name": "Ortiz", "line1": "1 Market St", "city": "San Francisco",
    "region": "CA", "postal_code": "94105", "country": "US", "email": "maya@example.com",
}  # fmt: skip


def allowed() -> None:
    """Nothing stops the call."""


def now() -> datetime:
    return datetime.now(UTC)


def new_call(key: str = "", timeout_s: float = 5.0) -> Call:
    return Call(key, now(), timeout_s, "test", allowed)


@dataclass
class World:
    """A simulator and a session that talk to each other."""

    simulator: CybersourceSimulator
    session: CybersourceSession
    settings: CybersourceSettings

    def call(self, key: str = "", timeout_s: float = 5.0) -> Call:
        return new_call(key, timeout_s)

    def payment(self, outcome: str = "authorized", **changes: Any) -> dict[str, Any]:
        """The fields of an authorization with a token of that outcome."""
        return {
            "order_number": "1042",
            "amount": Money.of("25.00", "USD"),
            "token_kind": "transient",
            "token": self.simulator.mint_token(outcome),
            "attempt_key": KEY,
            "billing": BILLING,
        } | changes

    async def authorize(self, outcome: str = "authorized", **changes: Any) -> Receipt:
        return await self.write("authorization", self.payment(outcome, **changes))

    async def write(self, kind: str, fields: Fields, key: str = "effect-key-1") -> Receipt:
        return await self.session.writes[kind].send(self.call(key), fields)

    async def capture(self, authorization_id: str, amount: str, **changes: Any) -> Receipt:
        key = changes.pop("key", "capture-key-1")
        fields: dict[str, Any] = {
            "order_number": "1042",
            "authorization_id": authorization_id,
            "amount": Money.of(amount, "USD"),
        } | changes
        return await self.write("capture", fields, key)

    def fault(self, operation: str, kind: Any, seconds: float = 0.0, status: int = 503) -> None:
        """The next request of this operation misbehaves."""
        self.simulator.faults.rules.append(
            Rule(operation, Fault(kind, seconds=seconds, status=status), times=1)
        )


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """The official client's own."""
    try:
        return install()
    except NotInstalledError as missing:
        pytest.skip(f"the official client cannot be installed here: {missing}")


@pytest.fixture(autouse=True)
def _called_as_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the connector calls in any test here stands in the CALLS of one of its files."""
    request, undeclared = Http.request, set()
    declared = {key for keys in connector_calls().values() for key in keys}

    async def noted(self: Http, call: Call, method: str, path: str, **rest: Any) -> Reply:
        if key_of(method, path) not in declared and not path.startswith(PUBLIC_KEYS):
            undeclared.add(f"{method} {path}: {key_of(method, path)}")
        return await request(self, call, method, path, **rest)

    monkeypatch.setattr(Http, "request", noted)
    yield
    assert not undeclared, "a file of tillbridge_cybersource calls it without saying so in CALLS"


MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world() -> AsyncIterator[MakeWorld]:
    """Makes worlds; keyword arguments that are simulator options or settings go where they fit."""
    worlds: list[World] = []

    async def make(
        options: Options | None = None, subscription: Subscription | None = None, **changes: Any
    ) -> World:
        simulator = CybersourceSimulator(options, subscription=subscription, factor=1000)
        await simulator.start()
        settings = CybersourceSettings(
            merchant_id=simulator.options.merchant_id,
            key_id=simulator.options.key_id,
            secret_key=Secret(simulator.options.secret_key),
            base_url=simulator.url,
        )
        settings = replace(settings, **changes)
        session = CybersourceSession(settings, Opening("cybersource", now, factor=1000))
        worlds.append(World(simulator, session, settings))
        return worlds[-1]

    yield make
    for world in worlds:
        await world.session.close()
        await world.simulator.stop()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    return await make_world()


@pytest.fixture
async def sealed(make_world: MakeWorld, tmp_path: Path) -> World:
    """A world whose session encrypts what it asks."""
    world = await make_world(encrypt_requests=True, encryption_certificate=str(tmp_path / "m.pem"))
    mle = world.simulator.credentials.mle_certificate().public_bytes(Encoding.PEM)
    (tmp_path / "m.pem").write_bytes(mle)
    return world
