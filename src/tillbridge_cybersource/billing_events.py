"""What notifications about invoices, payment links and subscriptions mean, in canonical words.

Sources: Webhooks Implementation Guide, "Supported Products and Event Types" and "Example:
Notification Payload" (an invoice's: invoiceNumber, currency, balanceAmount); Pay by Link Developer
Guide, "Webhooks for Pay by Link". The payloads of links and subscriptions are not documented: every
place where Cybersource's own answers have a thing is looked at (docs/systems/cybersource.md).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.invoices import Invoice, InvoiceState, PaymentLink
from tillbridge.canonical.money import Money
from tillbridge.canonical.subscriptions import Subscription
from tillbridge_cybersource.billing_states import SUBSCRIPTION_STATES
from tillbridge_cybersource.observations import money_of, part, text_of

KINDS: Final[Mapping[str, Kind]] = {
    "invoicing.customer.invoice.send": Kind.INVOICE_SENT,
    "invoicing.customer.invoice.partial-payment": Kind.INVOICE_PARTLY_PAID,
    "invoicing.customer.invoice.paid": Kind.INVOICE_PAID,
    "invoicing.customer.invoice.reminder": Kind.INVOICE_REMINDED,
    "invoicing.customer.invoice.overdue-reminder": Kind.INVOICE_OVERDUE,
    "invoicing.customer.invoice.cancel": Kind.INVOICE_CANCELLED,
    "payByLink.merchant.payment": Kind.LINK_PAID,
    "payByLink.customer.payment": Kind.LINK_PAID,
    "rbs.subscriptions.created": Kind.SUBSCRIPTION_CREATED,
    "rbs.subscriptions.charge.pre-notified": Kind.SUBSCRIPTION_RENEWAL_DUE,
    "rbs.subscriptions.charge.created": Kind.SUBSCRIPTION_RENEWED,
    "rbs.subscriptions.charge.failed": Kind.SUBSCRIPTION_RENEWAL_FAILED,
    "rbs.subscriptions.suspended": Kind.SUBSCRIPTION_SUSPENDED,
    "rbs.subscriptions.reactivated": Kind.SUBSCRIPTION_ACTIVATED,
    "rbs.subscriptions.cancelled": Kind.SUBSCRIPTION_CANCELLED,
}
_INVOICE_STATES: Final[Mapping[Kind, InvoiceState]] = {
    Kind.INVOICE_SENT: InvoiceState.SENT,
    Kind.INVOICE_PARTLY_PAID: InvoiceState.PARTLY_PAID,
    Kind.INVOICE_PAID: InvoiceState.PAID,
    Kind.INVOICE_CANCELLED: InvoiceState.CANCELLED,
}


def billing_event(
    event_type: str,
    payload: Mapping[str, Any],
    delivery_id: str,
    source: str,
    occurred_at: datetime,
) -> Event | None:
    """The event of a notification; None for one of another kind or without what it is about.

    One payment that two notifications tell of (a link's, to the merchant and to the reseller) is
    one event.
    """
    kind = KINDS.get(event_type)
    if kind is None:
        return None
    if kind is Kind.LINK_PAID:
        link = _link(payload, source)
        about, subject, payment = EventData(link=link), link.number, link.request_id
    elif event_type.startswith("invoicing."):
        invoice = _invoice(payload, source, _INVOICE_STATES.get(kind))
        about, subject, payment = EventData(invoice=invoice), invoice.number, invoice.request_id
    else:
        subscription = _subscription(payload, source)
        about, payment = EventData(subscription=subscription), subscription.request_id
        subject = subscription.order_number or subscription.code or subscription.id
    if not subject:
        return None
    id_ = f"{kind} {subject} {payment}" if payment else delivery_id
    return Event(id_, source, kind, subject, occurred_at, about)


def _invoice(payload: Mapping[str, Any], source: str, state: InvoiceState | None) -> Invoice:
    information = part(payload, "invoiceInformation")
    return Invoice(
        source,
        text_of(payload, "invoiceNumber")
        or text_of(information, "invoiceNumber")
        or text_of(payload, "id"),
        state,
        _money(payload, "totalAmount"),
        _money(payload, "balanceAmount") or _money(payload, "invoiceBalance"),
        _payment_id(payload),
    )


def _link(payload: Mapping[str, Any], source: str) -> PaymentLink:
    information = part(payload, "purchaseInformation")
    return PaymentLink(
        source,
        text_of(payload, "purchaseNumber")
        or text_of(information, "purchaseNumber")
        or text_of(payload, "id"),
        _money(payload, "amount") or _money(payload, "totalAmount"),
        _payment_id(payload),
    )


def _subscription(payload: Mapping[str, Any], source: str) -> Subscription:
    information = part(payload, "subscriptionInformation")
    error = part(payload, "errorInformation")
    return Subscription(
        connection=source,
        id=text_of(payload, "subscriptionId") or text_of(payload, "id"),
        code=text_of(information, "code") or text_of(payload, "subscriptionCode"),
        order_number=text_of(part(payload, "clientReferenceInformation"), "code"),
        state=SUBSCRIPTION_STATES.get(text_of(information, "status").upper()),
        amount=_money(payload, "billingAmount") or _money(payload, "totalAmount"),
        cycle=text_of(part(payload, "planInformation", "billingCycles"), "current"),
        request_id=_payment_id(payload),
        reason=text_of(error, "reason") or text_of(payload, "reason"),
    )


def _payment_id(payload: Mapping[str, Any]) -> str:
    return (
        text_of(payload, "transactionId")
        or text_of(payload, "transactionID")
        or text_of(part(payload, "transactionDetails"), "transactionId")
    )


def _money(payload: Mapping[str, Any], name: str) -> Money | None:
    """An amount beside its currency, at the top or in amountDetails; None when it cannot be read:
    the event is true all the same, and a flow reads the amount where it is kept."""
    for details in (payload, part(payload, "orderInformation", "amountDetails")):
        try:
            if (amount := money_of(details, name)) is not None:
                return amount
        except Rejected:
            continue
    return None
