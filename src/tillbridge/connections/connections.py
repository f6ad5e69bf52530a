"""Opened connections: the session of each, and what it can do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import Configured
from tillbridge.connector.abilities import (
    Closes,
    Read,
    ReadsDocuments,
    TranslatesDeliveries,
    VerifiesDeliveries,
    Write,
    WritesDocuments,
)
from tillbridge.connector.connector import Clock, Opening
from tillbridge.connector.keyring import Keyring, PlainKeyring
from tillbridge.connector.permits import Permits, Unlimited
from tillbridge.connector.settings import Secret
from tillbridge.watch.abilities import watched_reads, watched_writes


@runtime_checkable
class Door(VerifiesDeliveries, TranslatesDeliveries, Protocol):
    """A session that takes deliveries."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One opened connection.

    Attributes:
        session: what the connector's `open` answered; its abilities are its protocols.
        timeout_s: seconds until an unanswered call counts as unanswered, factor applied.
        door: the same session where it takes deliveries: asked of every one, so found once.
    """

    configured: Configured
    session: object
    timeout_s: float
    writes: Mapping[str, Write]
    reads: Mapping[str, Read]
    door: Door | None = None

    @property
    def name(self) -> str:
        return self.configured.name

    def write(self, kind: str) -> Write:
        """The write of a document kind. Raises Misconfigured."""
        if kind not in self.writes:
            raise Misconfigured(
                f"The connection {self.name!r} ({self.configured.connector.title}) writes no"
                f" {kind!r}; it writes {', '.join(sorted(self.writes)) or 'nothing'}.",
                reason="unknown_document",
            )
        return self.writes[kind]

    def read(self, kind: str) -> Read:
        """The read of a kind. Raises Misconfigured."""
        if kind not in self.reads:
            raise Misconfigured(
                f"The connection {self.name!r} reads no {kind!r}.", reason="unknown_read"
            )
        return self.reads[kind]


class Connections:
    """All connections of one environment, opened."""

    def __init__(self, connections: Iterable[Connection]) -> None:
        self._by_name = {connection.name: connection for connection in connections}

    @classmethod
    def open(
        cls,
        configured: Mapping[str, Configured],
        secret_of: Callable[[str], Secret],
        clock: Clock,
        factor: float,
        permits: Callable[[Configured, float], Permits] | None = None,
        *,
        keyring: Callable[[Configured], Keyring] | None = None,
    ) -> "Connections":
        """Opens every connection; makes no call. Without `permits` nothing is counted, without
        `keyring` no key is kept for longer than the process.

        Raises:
            Misconfigured: a setting is wrong or a secret is missing, with the place.
        """
        return cls(
            _open(
                item,
                secret_of,
                Opening(
                    connection=item.name,
                    clock=clock,
                    factor=factor,
                    permits=permits(item, factor) if permits is not None else Unlimited(),
                    keyring=keyring(item) if keyring is not None else PlainKeyring(),
                ),
            )
            for item in configured.values()
        )

    def __getitem__(self, name: str) -> Connection:
        """Raises Misconfigured for an unknown name."""
        if name not in self._by_name:
            raise Misconfigured(
                f"There is no connection {name!r}.",
                reason="unknown_connection",
                next_step="Add it to tillbridge.yaml.",
            )
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def all(self) -> list[Connection]:
        """Every connection, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    async def close(self) -> None:
        """Releases every connection's sockets and threads."""
        for connection in self.all():
            if isinstance(connection.session, Closes):
                await connection.session.close()


def _open(item: Configured, secret_of: Callable[[str], Secret], opening: Opening) -> Connection:
    session = item.connector.open(item.parse(secret_of), opening)
    return Connection(
        configured=item,
        session=session,
        timeout_s=item.timeout_s / opening.factor,
        writes=watched_writes(item.name, session.writes)
        if isinstance(session, WritesDocuments)
        else {},
        reads=watched_reads(item.name, session.reads)
        if isinstance(session, ReadsDocuments)
        else {},
        door=session if isinstance(session, Door) else None,
    )
