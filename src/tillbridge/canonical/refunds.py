"""Refunds: captured money that is to be given back, or was."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.money import Money


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back to a shopper who has paid.

    Attributes:
        id: of one that the shop asks for, the shop's own number of it, unique within the order; of
            one that took place, the payment system's id.
        amount: None means all that was captured and not given back yet.
        occurred_at: when it was asked for, or took place, UTC.
        capture_id: the capture that it gives back, where that is known.
    """

    order_number: str
    id: str
    amount: Money | None
    occurred_at: datetime
    reason: str = ""
    capture_id: str = ""
