"""What was shipped."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tillbridge.canonical.money import Money


@dataclass(frozen=True, slots=True)
class FulfilledLine:
    """So many pieces of one order line (`number` is the order line's)."""

    number: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Goods that left, and what is due for them.

    Attributes:
        id: the shop's own number of the shipment; unique within the order.
        amount: what to capture for this shipment, tax and freight included; None means all that
            is still authorized.
        complete: True when nothing more will be shipped for the order.
    """

    order_number: str
    id: str
    lines: tuple[FulfilledLine, ...]
    amount: Money | None
    complete: bool
    shipped_at: datetime
    carrier: str = ""
    tracking_number: str = ""
