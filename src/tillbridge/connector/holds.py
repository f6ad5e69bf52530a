"""What a payment session says of its holds."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class CapturesHolds(Protocol):
    """Says how often a hold can be captured; a session that does not: while money of it is left."""

    @property
    def captures_once(self) -> bool:
        """A hold takes one capture only: what ships later is authorized anew, with the card that
        was stored."""
        ...


@runtime_checkable
class SplitsTender(Protocol):
    """Says how long a part of an order's payment is kept while the rest is owed. One that is kept
    is told as `Verdict.PARTIAL`."""

    @property
    def rest_within_s(self) -> float:
        """Seconds from the first part on."""
        ...
