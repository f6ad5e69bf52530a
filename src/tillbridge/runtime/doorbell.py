"""The doorbell: PostgreSQL tells every listening worker that some lane has become due.

It says that there is something, never what: what is waiting, until when, and who may advance it
stands in `lanes`, whose due rows a worker then claims. A bell that is lost costs no more than the
time until the next sweep. Lanes ring in the transaction that makes them due (`ring()`); of those
that commit at the same time one rings for all.
"""

import asyncio
from contextlib import suppress

import asyncpg

from tillbridge.database.database import BROKEN, SESSION

CHANNEL = "tillbridge_bell"


class Doorbell:
    """One worker's ear, on a connection of its own."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def listen(self, dsn: str) -> None:
        """Hears bells until the connection is lost. Raises one of BROKEN."""
        connection = await asyncpg.connect(dsn, server_settings=SESSION)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._rung.set())
            self.ring()  # what was rung for before we listened
            await lost.wait()
            raise ConnectionResetError("the doorbell's connection was closed")
        finally:
            with suppress(*BROKEN):
                await connection.close(timeout=1)

    def ring(self) -> None:
        """Rings in this process alone."""
        self._rung.set()

    async def rung(self) -> None:
        """Waits for a bell; all that rang since the last call are one."""
        await self._rung.wait()
        self._rung.clear()
