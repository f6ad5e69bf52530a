"""Keeps the leases alive that this process holds."""

import asyncio
import logging
import time

from tillbridge.database.database import BROKEN, Database
from tillbridge.runs.lanes import renew
from tillbridge.runs.lease import Lease

_LOG = logging.getLogger(__name__)


class HeldLeases:
    """Renews every held lease at a third of its length, as long as its holder gets on.

    Attributes:
        is_ending: the process wants to go: what has not begun is left to others.
        alone: held by the one suspected turn that this process takes.
    """

    def __init__(self, database: Database, lease_s: float, silent_max_s: float) -> None:
        self._database = database
        self._lease_s = lease_s
        self._silent_max_s = silent_max_s
        self._leases: dict[int, Lease] = {}
        self._turns: dict[int, asyncio.Task[object] | None] = {}
        self.is_ending = False
        self.alone = asyncio.Lock()

    def add(self, lease: Lease) -> None:
        """Keeps a lease; the task that adds it is its turn."""
        self._leases[id(lease)] = lease
        self._turns[id(lease)] = asyncio.current_task()

    def discard(self, lease: Lease) -> None:
        self._leases.pop(id(lease), None)
        self._turns.pop(id(lease), None)

    def end(self) -> list[Lease]:
        """Ends every lease here and now. Answers those that were held."""
        held = list(self._leases.values())
        self._leases.clear()
        for lease in held:
            lease.end()
        return held

    async def keep(self) -> None:
        """Runs until cancelled; all leases are prolonged in one statement."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            self._let_go_of_the_silent()
            held = list(self._leases.values())
            try:
                for lost in await renew(self._database, held, self._lease_s):
                    self.discard(lost)
            except BROKEN as error:
                _LOG.warning("leases could not be renewed: %s", error)

    def _let_go_of_the_silent(self) -> None:
        silent_since = time.monotonic() - self._silent_max_s
        for lease in [each for each in self._leases.values() if each.moved_at < silent_since]:
            _LOG.error(
                "the turn of %s at %s has not got on for %g s: its lane is left to others",
                lease.subject,
                lease.target,
                self._silent_max_s,
            )
            turn = self._turns.get(id(lease))
            lease.end()
            self.discard(lease)
            if turn is not None:
                turn.cancel()  # it would keep its slot, and others from being taken alone
