"""Manners: how an outside system is down, and how long it is in each before the next.

Two hours are rarely one kind of trouble. The first minute takes effect and loses its answers, then
the system hangs, refuses connections, answers that it is overloaded or that it limits, and lets
nobody in; then all is well again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.world import World

Act: TypeAlias = Callable[[World], Awaitable[None]]

CYBERSOURCE, DYNAMICS, SAGE = "cybersource", "dynamics365", "sagepro"
RETRY_AFTER_S: Final = 1.0
"""Retry-After is in whole seconds of the real clock."""
_PAUSED: Final = 17142
"""SQL Server: the service has been paused."""
_READS_AND_WRITES: Final = (
    *("read", "sales_order", "sales_order_release", "sales_order_cancellation"),
    "payment_transaction",
)


@dataclass(frozen=True, slots=True)
class Manner:
    """One way of being down.

    Attributes:
        share: of the outage's time.
        begin: sets it in; what was set in before is taken back first.
    """

    name: str
    share: float
    begin: Act


def _rules(system: str, *faults: tuple[str, Fault]) -> Act:
    async def begin(world: World) -> None:
        rules = [Rule(operation, fault) for operation, fault in faults]
        getattr(world, system).faults.rules[:] = rules

    return begin


def _refuses(system: str) -> Act:
    async def begin(world: World) -> None:
        await getattr(world, system).refuse()

    return begin


def _hangs(*operations: str) -> tuple[tuple[str, Fault], ...]:
    return tuple((operation, Fault("hang")) for operation in operations)


async def _other_secret(world: World) -> None:
    """The application's secret has run out: the token endpoint refuses, and no token holds."""
    assert world.dynamics365 is not None, "it is down"
    world.dynamics365.sign_in.client_secret = "another one"  # noqa: S105 (a simulator's)
    world.dynamics365.sign_in.revoke()


async def _other_password(world: World) -> None:
    assert world.sagepro is not None, "it is down"
    world.sagepro.password = "another one"  # noqa: S105 (a simulator's)
    world.sagepro.cut_clients()


MANNERS: Final[Mapping[str, tuple[Manner, ...]]] = {
    CYBERSOURCE: (
        Manner(
            "loses its answers",
            0.04,
            _rules(
                CYBERSOURCE,
                ("authorization", Fault("lose_answer")),
                ("capture", Fault("lose_answer")),
                *_hangs("search", "timeout_reversal", "timeout_void", "details", "reversal"),
            ),
        ),
        Manner("hangs", 0.26, _rules(CYBERSOURCE, *_hangs("*"))),
        Manner("refuses connections", 0.2, _refuses(CYBERSOURCE)),
        Manner("answers 503", 0.2, _rules(CYBERSOURCE, ("*", Fault("refuse", 0.0, 503)))),
        Manner("limits", 0.15, _rules(CYBERSOURCE, ("*", Fault("refuse", RETRY_AFTER_S, 429)))),
        Manner("lets nobody in", 0.15, _rules(CYBERSOURCE, ("*", Fault("refuse", 0.0, 401)))),
    ),
    DYNAMICS: (
        Manner("loses its answers", 0.04, _rules(DYNAMICS, ("sales_order", Fault("lose_answer")))),
        Manner("hangs", 0.26, _rules(DYNAMICS, *_hangs("*"))),
        Manner("refuses connections", 0.2, _refuses(DYNAMICS)),
        Manner("answers 503", 0.2, _rules(DYNAMICS, ("*", Fault("refuse", 0.0, 503)))),
        Manner("limits", 0.15, _rules(DYNAMICS, ("*", Fault("refuse", 0.0, 429)))),
        Manner("refuses to sign us in", 0.15, _other_secret),
    ),
    SAGE: (
        Manner("loses its answers", 0.04, _rules(SAGE, ("sales_order", Fault("lose_answer")))),
        Manner("hangs", 0.31, _rules(SAGE, *_hangs(*_READS_AND_WRITES))),
        Manner("refuses connections", 0.25, _refuses(SAGE)),
        Manner("is paused", 0.2, _rules(SAGE, ("login", Fault("refuse", 0.0, _PAUSED)))),
        Manner("refuses to log us in", 0.2, _other_password),
    ),
}
"""By simulator, in this order."""


class Trouble:
    """One system's outage; what the simulator is like when all is well is kept aside."""

    def __init__(self, world: World, system: str) -> None:
        self._world = world
        self._system = system
        assert world.dynamics365 is not None and world.sagepro is not None, "a whole world"
        self._secret = world.dynamics365.sign_in.client_secret
        self._password = world.sagepro.password

    async def last(self, seconds: float, said: Callable[[str], None]) -> None:
        """Down for so many real seconds, in each manner for its share; up again afterwards."""
        try:
            for manner in MANNERS[self._system]:
                await self.end()
                await manner.begin(self._world)
                if self._system == SAGE:
                    self._world_sage_cut()
                said(manner.name)
                await asyncio.sleep(seconds * manner.share)
        finally:
            await self.end()

    async def end(self) -> None:
        """All is well with this system."""
        simulator = getattr(self._world, self._system)
        simulator.faults.rules[:] = []
        await simulator.accept()
        assert self._world.dynamics365 is not None and self._world.sagepro is not None
        self._world.dynamics365.sign_in.client_secret = self._secret
        self._world.sagepro.password = self._password

    def _world_sage_cut(self) -> None:
        """A database in trouble keeps no session: whoever had one logs in anew."""
        assert self._world.sagepro is not None, "it is down"
        self._world.sagepro.cut_clients()
