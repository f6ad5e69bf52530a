"""Invoices that a payment system sends for us, and payment links it shows for us."""

from dataclasses import dataclass
from enum import StrEnum

from tillbridge.canonical.money import Money


class InvoiceState(StrEnum):
    """Where an invoice stands. PENDING: somebody has paid and the payment is not settled yet."""

    DRAFT = "draft"
    OPEN = "open"
    SENT = "sent"
    PARTLY_PAID = "partly_paid"
    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"


class LinkState(StrEnum):
    """Whether anybody can pay by a link."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as an event carries it.

    Attributes:
        connection: where it was made.
        number: ours; the order's number where an order is billed.
        state: as it was told; None where the message does not say.
        total: what it comes to; None where the message does not say.
        balance: what is still to be paid; None where the message does not say.
        request_id: the payment system's id of the payment that the event is about; "" without one.
    """

    connection: str
    number: str
    state: InvoiceState | None = None
    total: Money | None = None
    balance: Money | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """A payment link as an event carries it.

    Attributes:
        connection: where it was made.
        number: ours; the order's number where an order is paid by it.
        paid: what somebody has paid by it; None where the message does not say.
        request_id: the payment system's id of that payment; "" where the message does not say.
    """

    connection: str
    number: str
    paid: Money | None = None
    request_id: str = ""
