"""Keeps the leases alive that this process holds."""

import asyncio
import logging

from tillbridge.database.database import BROKEN, Database
from tillbridge.runs.lanes import renew
from tillbridge.runs.lease import Lease

_LOG = logging.getLogger(__name__)


class HeldLeases:
    """Renews every held lease at a third of its length."""

    def __init__(self, database: Database, lease_s: float) -> None:
        self._database = database
        self._lease_s = lease_s
        self._leases: dict[int, Lease] = {}

    def add(self, lease: Lease) -> None:
        self._leases[id(lease)] = lease

    def discard(self, lease: Lease) -> None:
        self._leases.pop(id(lease), None)

    async def keep(self) -> None:
        """Runs until cancelled; all leases are prolonged in one statement."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            held = list(self._leases.values())
            try:
                for lost in await renew(self._database, held, self._lease_s):
                    self.discard(lost)
            except BROKEN as error:
                _LOG.warning("leases could not be renewed: %s", error)
