"""Keyrings: the keys connectors make with other systems, sealed at rest, read by every process.

A process reads them when it starts, and again when a delivery is signed with a key it does not
know: another process may have made it since.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tillbridge.connections.configuration import Configured
from tillbridge.connections.sealing import Seal
from tillbridge.connector.connector import Clock
from tillbridge.connector.keyring import HeldKey, KeySet
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.watch.log_line import hide

SQL = load_statements("tillbridge.connections", "webhooks.sql")
OVERLAP = timedelta(days=7)
"""A key that was replaced is taken for so long yet: what is delivered late was signed with it."""
FORGOTTEN = timedelta(days=30)
READ_AGAIN_S = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class SealedKeyring:
    """The keys of one connection."""

    connection: str
    _keeper: "Keyrings"
    sets: dict[str, KeySet] = field(default_factory=dict)

    def of(self, kind: str) -> KeySet:
        """What is held of a kind, as this process has read it."""
        return self.sets.get(kind, KeySet())

    async def ask(self, kind: str) -> None:
        """Remembers that a key is about to be asked for."""
        await self._keeper.ask(self.connection, kind)

    async def keep(self, kind: str, key: HeldKey) -> None:
        """Keeps a key; the older ones are good for a while yet."""
        await self._keeper.keep(self.connection, kind, key)


class Keyrings:
    """The keyrings of one process, by connection."""

    def __init__(self, database: Database, seal: Seal, clock: Clock, factor: float = 1.0) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._overlap = OVERLAP / factor
        self._by_name: dict[str, SealedKeyring] = {}
        self._read_at = float("-inf")
        self.monotonic: Callable[[], float] = time.monotonic

    def open(self, configured: Configured) -> SealedKeyring:
        """The keyring of a connection, as it was read last."""
        return self._by_name.setdefault(configured.name, SealedKeyring(configured.name, self))

    async def read(self) -> None:
        """Reads all keys. Raises Misconfigured where another seal was used."""
        self._read_at = self.monotonic()
        rows = await self._database.fetch(SQL["held_keys"])
        waiting = await self._database.fetch(SQL["asked_keys"])
        asked = {(row["connection"], row["kind"]) for row in waiting}
        found: dict[tuple[str, str], list[HeldKey]] = {}
        for row in rows:
            name, kind, key_id = row["connection"], row["kind"], row["key_id"]
            secret = self._seal.unseal(_name(name, kind, key_id), row["sealed"])
            hide([secret.value])
            dates = (row["made_at"], row["expires_at"], row["good_until"])
            found.setdefault((name, kind), []).append(HeldKey(key_id, secret, *dates))
        for keyring in self._by_name.values():
            keyring.sets = {}
        for name, kind in {*found, *asked}:
            keyring = self._by_name.setdefault(name, SealedKeyring(name, self))
            keys = sorted(found.get((name, kind), ()), key=_newest_first)
            keyring.sets[kind] = KeySet(keys, (name, kind) in asked)

    async def read_again(self) -> bool:
        """Reads what other processes made since; False when it was done within the last second."""
        if self.monotonic() - self._read_at < READ_AGAIN_S:
            return False
        await self.read()
        return True

    async def ask(self, connection: str, kind: str) -> None:
        """Remembers that a key is about to be asked for."""
        await self._database.execute(SQL["ask_key"], connection, kind)
        await self.read()

    async def keep(self, connection: str, kind: str, key: HeldKey) -> None:
        """Keeps a key in one commit with what it replaces."""
        sealed = self._seal.seal(_name(connection, kind, key.id), key.secret)
        now = self._clock()
        async with self._database.transaction() as tx:
            values = (connection, kind, key.id)
            await tx.execute(SQL["keep_key"], *values, sealed, key.made_at, key.expires_at)
            await tx.execute(SQL["answer_key"], connection, kind)
            await tx.execute(SQL["replace_keys"], *values, now + self._overlap)
            await tx.execute(SQL["drop_keys"], connection, kind, now - FORGOTTEN)
        await self.read()
        _LOG.info("%s: the key %s (%s) is in use", connection, key.id, kind)


def _name(connection: str, kind: str, key_id: str) -> str:
    """What a sealed key is bound to."""
    return f"key {connection} {kind} {key_id}"


def _newest_first(key: HeldKey) -> tuple[bool, float]:
    """The one in use before those it replaced, these by their age."""
    return key.good_until is not None, -key.made_at.timestamp()
