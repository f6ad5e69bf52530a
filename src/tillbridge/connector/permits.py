"""Permits: leave to make one request of another system, within what it takes.

The HTTP seam asks for them by itself. A connector with a driver of its own asks before each call.
"""

from typing import Protocol

OVER_LIMITS = "over_limits"
"""The reason of a Transient error: no permit came in time, and nothing was sent."""


class Permits(Protocol):
    """The permits of one connection in this process."""

    async def take(self) -> None:
        """Waits until one request may be made.

        Raises:
            Transient: none came in time; nothing was sent.
        """
        ...

    def ended(self, seconds: float) -> None:
        """The request that a permit was taken for has ended, so long after it was made."""
        ...

    def told(self, requests: int, busy_s: float | None) -> None:
        """The other side says what it still takes in its present window."""
        ...


class Unlimited:
    """Leave for everything."""

    async def take(self) -> None:
        """At once."""

    def ended(self, seconds: float) -> None:
        """Nobody counts."""

    def told(self, requests: int, busy_s: float | None) -> None:
        """Nobody counts."""
