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
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            for lease in list(self._leases.values()):
                try:
                    if not await renew(self._database, lease, self._lease_s):
                        self.discard(lease)
                except BROKEN as error:
                    _LOG.warning("a lease could not be renewed: %s", error)
