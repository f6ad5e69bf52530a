"""Keys that end: a session says which it signs with, so that people are told long before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class KeyLife:
    """One key or certificate that a person put there and has to replace.

    Attributes:
        title: what it is, with its id: "Shared secret 08c94330".
        ends_at: when it ends; None where nobody has said.
        warn_days: so many days before, people are told.
        next_step: where to get another.
    """

    title: str
    ends_at: datetime | None
    warn_days: int
    next_step: str

    def days_left(self, now: datetime) -> int | None:
        """Whole days until it ends, below zero once it has; None where nobody has said when."""
        return None if self.ends_at is None else (self.ends_at - now).days

    def is_ending(self, now: datetime) -> bool:
        """Whether it is time to tell people."""
        days = self.days_left(now)
        return days is not None and days < self.warn_days


@runtime_checkable
class HoldsKeys(Protocol):
    """Knows the keys it signs with. No I/O but reading files once; raises nothing."""

    @property
    def key_lives(self) -> Sequence[KeyLife]: ...
