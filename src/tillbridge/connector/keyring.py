"""A connection's keyring: keys that were made with the other system, kept sealed by the engine.

A key that a person sets is a setting. These a connector makes itself, together with the other
system, and replaces in time; while one replaces another, both are good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.settings import Secret


class UnknownKeyError(Rejected):
    """A delivery was signed with a key that is not known here: it may have been made since."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The notification is refused: the signature key {key_id} is not known here.",
            reason="bad_signature",
        )
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One key.

    Attributes:
        id: what the other side calls it; of a pair of ours, its fingerprint.
        expires_at: when the other side stops using it; None when it did not say.
        good_until: when we stop accepting it; None: not replaced yet.
    """

    id: str
    secret: Secret
    made_at: datetime
    expires_at: datetime | None = None
    good_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one kind.

    Attributes:
        keys: newest first.
        is_asked: one was asked for, and no answer was kept: the other side may use a key that
            nobody here knows.
    """

    keys: Sequence[HeldKey] = ()
    is_asked: bool = False

    @property
    def newest(self) -> HeldKey | None:
        """The one to use; None when there is none."""
        return self.keys[0] if self.keys else None

    def good(self, at: datetime) -> list[HeldKey]:
        """Those that are accepted at a moment, newest first."""
        return [key for key in self.keys if key.good_until is None or key.good_until > at]


class Keyring(Protocol):
    """The keys of one connection by kind; reading them makes no call."""

    def of(self, kind: str) -> KeySet:
        """What is held of a kind."""
        ...

    async def ask(self, kind: str) -> None:
        """Remembers that a key is about to be asked for: before the call leaves."""
        ...

    async def keep(self, kind: str, key: HeldKey) -> None:
        """Keeps a key, and what was asked for is answered. Older ones are good for a while yet;
        the same key again renews what is known of it."""
        ...


@dataclass(slots=True)
class PlainKeyring:
    """A keyring that ends with its process: where no engine stands behind a connector."""

    sets: dict[str, KeySet] = field(default_factory=dict)

    def of(self, kind: str) -> KeySet:
        """What is held of a kind."""
        return self.sets.get(kind, KeySet())

    async def ask(self, kind: str) -> None:
        """Remembers that a key is about to be asked for."""
        self.sets[kind] = KeySet(self.of(kind).keys, is_asked=True)

    async def keep(self, kind: str, key: HeldKey) -> None:
        """Keeps a key before the older ones."""
        others = [one for one in self.of(kind).keys if one.id != key.id]
        self.sets[kind] = KeySet([key, *others])
