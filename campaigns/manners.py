"""Manners: how an outside system is down, and how long it is in each before the next.

Two hours are rarely one kind of trouble. The first minutes take effect and lose their answers, then
the system hangs, refuses connections, answers that it is overloaded or that it limits, and lets
nobody in; then all is well again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from campaigns.sage_process import SageProcess
from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.dynamics365.simulator import DataverseSimulator
from tillbridge_simulators.faults import Fault, Rule

CYBERSOURCE, DYNAMICS, SAGE = "cybersource", "dynamics365", "sagepro"
RETRY_AFTER_S: Final = 1.0
"""Retry-After is in whole seconds of the real clock."""
_PAUSED: Final = 17142
"""SQL Server: the service has been paused."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The systems that can be down, and what their sign-in takes when all is well."""

    cybersource: CybersourceSimulator
    dynamics365: DataverseSimulator
    sagepro: SageProcess
    secret: str

    async def mend(self) -> None:
        """All is well everywhere."""
        for simulator in (self.cybersource, self.dynamics365):
            simulator.faults.rules[:] = []
            await simulator.accept()
        self.dynamics365.sign_in.client_secret = self.secret
        await self.sagepro.mend()


Act: TypeAlias = Callable[[Outside], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Manner:
    """One way of being down, for its share of the outage's time; `begin` sets it in."""

    name: str
    share: float
    begin: Act


def _cybersource(*faults: tuple[str, Fault]) -> Act:
    async def begin(outside: Outside) -> None:
        outside.cybersource.faults.rules[:] = _rules(*faults)

    return begin


def _dynamics(*faults: tuple[str, Fault]) -> Act:
    async def begin(outside: Outside) -> None:
        outside.dynamics365.faults.rules[:] = _rules(*faults)

    return begin


def _sage(*faults: tuple[str, Fault]) -> Act:
    async def begin(outside: Outside) -> None:
        await outside.sagepro.plan(_rules(*faults))

    return begin


def _rules(*faults: tuple[str, Fault]) -> list[Rule]:
    return [Rule(operation, fault) for operation, fault in faults]


def _hangs(*operations: str) -> tuple[tuple[str, Fault], ...]:
    return tuple((operation, Fault("hang")) for operation in operations)


async def _other_secret(outside: Outside) -> None:
    """The application's secret has run out: the token endpoint refuses, and no token holds."""
    outside.dynamics365.sign_in.client_secret = "another one"  # noqa: S105 (a simulator's)
    outside.dynamics365.sign_in.revoke()


_REST: Final = ("search", "details", "timeout_reversal", "timeout_void", "reversal")
_SQL: Final = (
    *("read", "sales_order", "sales_order_release", "sales_order_cancellation"),
    "payment_transaction",
)
MANNERS: Final[Mapping[str, tuple[Manner, ...]]] = {
    CYBERSOURCE: (
        Manner(
            "loses its answers",
            0.04,
            _cybersource(
                ("authorization", Fault("lose_answer")),
                ("capture", Fault("lose_answer")),
                *_hangs(*_REST),
            ),
        ),
        Manner("hangs", 0.26, _cybersource(*_hangs("*"))),
        Manner("refuses connections", 0.2, lambda outside: outside.cybersource.refuse()),
        Manner("answers 503", 0.2, _cybersource(("*", Fault("refuse", 0.0, 503)))),
        Manner("limits", 0.15, _cybersource(("*", Fault("refuse", RETRY_AFTER_S, 429)))),
        Manner("lets nobody in", 0.15, _cybersource(("*", Fault("refuse", 0.0, 401)))),
    ),
    DYNAMICS: (
        Manner("loses its answers", 0.04, _dynamics(("sales_order", Fault("lose_answer")))),
        Manner("hangs", 0.26, _dynamics(*_hangs("*"))),
        Manner("refuses connections", 0.2, lambda outside: outside.dynamics365.refuse()),
        Manner("answers 503", 0.2, _dynamics(("*", Fault("refuse", 0.0, 503)))),
        Manner("limits", 0.15, _dynamics(("*", Fault("refuse", RETRY_AFTER_S, 429)))),
        Manner("refuses to sign us in", 0.15, _other_secret),
    ),
    SAGE: (
        Manner("loses its answers", 0.04, _sage(("sales_order", Fault("lose_answer")))),
        Manner("hangs", 0.31, _sage(*_hangs(*_SQL))),
        Manner("refuses connections", 0.25, lambda outside: outside.sagepro.refuse()),
        Manner("is paused", 0.2, _sage(("login", Fault("refuse", 0.0, _PAUSED)))),
        Manner("refuses to log us in", 0.2, lambda outside: outside.sagepro.lock_out()),
    ),
}
"""By simulator, in this order."""


async def trouble(
    outside: Outside, system: str, seconds: float, said: Callable[[str], None]
) -> None:
    """The system is down for so many real seconds, in each manner for its share; then up again."""
    try:
        for manner in MANNERS[system]:
            await outside.mend()
            await manner.begin(outside)
            said(manner.name)
            await asyncio.sleep(seconds * manner.share)
    finally:
        await outside.mend()
