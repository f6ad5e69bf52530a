"""A connector's session against the simulated organization, over real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tillbridge.canonical.errors import Place
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import Secret, parse_settings
from tillbridge_dynamics365.session import DynamicsSession
from tillbridge_dynamics365.settings import DynamicsSettings
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.faults import Fault, Rule

FACTOR = 100.0


class Clock:
    """A clock that a test can move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def settings_of(simulator: DataverseSimulator, **changed: object) -> DynamicsSettings:
    given: dict[str, object] = {
        "organization_url": simulator.url,
        "tenant": simulator.sign_in.tenant,
        "client_id": simulator.sign_in.client_id,
        "client_secret": Secret(simulator.sign_in.client_secret),
        "authority_url": simulator.url,
    }
    return parse_settings(DynamicsSettings, given | changed, Place())


def call_of(key: str = "", *, timeout_s: float = 5.0) -> Call:
    return Call(key, datetime.now(UTC), timeout_s, "order-1042", lambda: None)


@dataclass(slots=True)
class World:
    simulator: DataverseSimulator
    session: DynamicsSession
    clock: Clock

    async def write(self, kind: str, fields: Fields, key: str = "KEY1") -> Receipt:
        return await self.session.writes[kind].send(call_of(key), fields)

    def entries(self, kind: str) -> list[Mapping[str, object]]:
        return [entry.facts for entry in self.simulator.log.entries(kind)]

    def calls(self, operation: str) -> int:
        return sum(1 for facts in self.entries("request") if facts["operation"] == operation)

    def misbehave(self, operation: str, fault: Fault, times: int = 1) -> None:
        self.simulator.faults.rules.append(Rule(operation, fault, times=times))


@asynccontextmanager
async def opened(
    simulator: DataverseSimulator, *, provision: bool = True, **changed: object
) -> AsyncIterator[World]:
    """A started simulator and a session; stops and closes both."""
    clock = Clock()
    await simulator.start()
    try:
        session = DynamicsSession(
            settings_of(simulator, **changed), Opening("dynamics", clock, FACTOR)
        )
        try:
            if provision:
                lines = await session.provision(call_of())
                assert all(line.passed for line in lines), lines
            yield World(simulator, session, clock)
        finally:
            await session.close()
    finally:
        await simulator.stop()
