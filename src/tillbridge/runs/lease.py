"""A lease: who may advance a lane now, and until when bytes may still leave under it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tillbridge.canonical.errors import Transient


@dataclass(slots=True)
class Lease:
    """A numbered hold on one lane.

    Attributes:
        number: grows with every claim; every journal write carries it, and an older one is refused.
        arrivals: how many arrivals of the subject the holder has seen.
        own: committed arrivals that the holder brought itself and that concern other lanes only:
            they are no reason to look at this lane again.
        brought: their kinds.
        until: `time.monotonic()` moment, taken before the claim was sent, at which it ends.
        moved_at: monotonic moment at which its holder last got on.
    """

    subject: str
    target: str
    number: int
    arrivals: int | None
    until: float
    own: int = 0
    brought: set[str] = field(default_factory=set)
    moved_at: float = field(default_factory=time.monotonic)

    def prolong(self, until: float) -> None:
        """It ends later, unless its holder has ended it."""
        if self.until > float("-inf"):
            self.until = until

    def end(self) -> None:
        """Ends it for good: no bytes leave under it any more."""
        self.until = float("-inf")

    def guard(self, send_by: float) -> Callable[[], None]:
        """What a connector asks right before bytes leave; `send_by` is a monotonic moment."""

        def ask() -> None:
            self.moved_at = now = time.monotonic()
            late_s = now - min(self.until, send_by)
            if late_s >= 0:
                raise Transient(
                    f"The lease on {self.subject} at {self.target} ended {late_s:.3f} s ago;"
                    " nothing was sent.",
                    sent="no",
                    reason="lease_ended",
                )

        return ask


class LeaseLost(Exception):
    """Another worker holds the lane now: stop without writing anything more."""
