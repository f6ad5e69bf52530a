"""A connector's session against the simulated company, over real sockets."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from tillbridge.canonical.errors import Place
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_sagepro.connector import SageProSession
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.sagepro import SageProSimulator

FACTOR = 20.0


def settings_of(simulator: SageProSimulator, **changed: object) -> SageProSettings:
    given: dict[str, object] = {
        "host": simulator.host,
        "port": simulator.port,
        "user": simulator.user,
        "password": simulator.password,
        "company_database": "PRO05",
        "company_id": "05",
        "location": "WEB",
    }
    return parse_settings(SageProSettings, given | changed, Place())


def call_of(
    key: str = "", *, timeout_s: float = 5.0, guard: Callable[[], None] = lambda: None
) -> Call:
    return Call(key, datetime.now(UTC), timeout_s, "order-1042", guard)


@dataclass(slots=True)
class World:
    simulator: SageProSimulator
    session: SageProSession

    async def write(self, kind: str, fields: Fields, key: str = "KEY1") -> Receipt:
        return await self.session.writes[kind].send(call_of(key), fields)

    def entries(self, kind: str) -> list[Mapping[str, object]]:
        return [entry.facts for entry in self.simulator.log.entries(kind)]

    def misbehave(self, operation: str, fault: Fault, times: int = 1) -> None:
        self.simulator.faults.rules.append(Rule(operation, fault, times=times))

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Straight from the company's tables."""
        return self.simulator.store.rows(sql, *values)


@asynccontextmanager
async def opened(
    simulator: SageProSimulator, provision: bool = True, **changed: object
) -> AsyncIterator[World]:
    """A started simulator and a session; stops and closes both."""
    await simulator.start()
    try:
        session = SageProSession(
            settings_of(simulator, **changed),
            Opening("sage", lambda: datetime.now(UTC), FACTOR),
        )
        try:
            if provision:
                lines = await session.provision(call_of())
                assert all(line.passed for line in lines), lines
            yield World(simulator, session)
        finally:
            await session.close()
    finally:
        await simulator.stop()
