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
    """

    subject: str
    target: str
    number: int
    arrivals: int | None
    until: float
    own: int = 0
    brought: set[str] = field(default_factory=set)

    def guard(self, send_by: float) -> Callable[[], None]:
        """What a connector asks right before bytes leave; `send_by` is a monotonic moment."""

        def ask() -> None:
            late_s = time.monotonic() - min(self.until, send_by)
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
