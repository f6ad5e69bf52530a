"""The events Cybersource tells by webhook, and what each means here.

Source: Webhooks Implementation Guide, "Supported Products and Event Types". Older names of the same
events are sent for some products still; an event that stands nowhere here is kept and shown.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillbridge.canonical.card_text import mask
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.news import News
from tillbridge_cybersource.observations import part, text_of

WANTED: Mapping[str, tuple[str, ...]] = {
    "payments": (
        "payments.authorization.status.accepted",
        "payments.authorization.status.reviewed",
        "payments.authorization.status.rejected",
        "payments.authorization.status.partiallyApproved",
        "payments.capture.status.accepted",
        "payments.capture.status.updated",
        "payments.refund.status.accepted",
        "payments.refund.status.updated",
        "payments.credit.status.accepted",
        "payments.credit.status.updated",
        "payments.void.status.accepted",
        "payments.void.status.rejected",
        "payments.reversal.status.accepted",
        "payments.reversal.status.rejected",
    ),
    "decisionManager": (
        "risk.casemanagement.decision.accept",
        "risk.casemanagement.decision.reject",
        "risk.casemanagement.addnote",
        "risk.profile.decision.reject",
        "risk.profile.decision.review",
        "risk.profile.decision.monitor",
    ),
    "fraudManagementEssentials": (
        "risk.casemanagement.decision.accept",
        "risk.casemanagement.decision.reject",
        "risk.casemanagement.addnote",
        "risk.profile.decision.reject",
        "risk.profile.decision.monitor",
        "risk.profile.decision.review",
    ),
    "eCheck": (
        "payments.payments.accepted",
        "payments.payments.failed",
        "payments.credits.accepted",
        "payments.credits.failed",
        "payments.voids.accepted",
        "payments.voids.failed",
    ),
    "alternativePaymentMethods": ("payments.payments.updated",),
    "customerInvoicing": (
        "invoicing.customer.invoice.send",
        "invoicing.customer.invoice.cancel",
        "invoicing.customer.invoice.paid",
        "invoicing.customer.invoice.partial-payment",
        "invoicing.customer.invoice.reminder",
        "invoicing.customer.invoice.overdue-reminder",
    ),
    "payByLink": ("payByLink.customer.payment", "payByLink.merchant.payment"),
    "recurringBilling": (
        "rbs.subscriptions.charge.created",
        "rbs.subscriptions.charge.failed",
        "rbs.subscriptions.charge.pre-notified",
        "rbs.subscriptions.created",
        "rbs.subscriptions.suspended",
        "rbs.subscriptions.reactivated",
        "rbs.subscriptions.cancelled",
    ),
    "tokenManagement": (
        "tms.networktoken.provisioned",
        "tms.networktoken.updated",
        "tms.networktoken.binding",
        "tms.token.created",
        "tms.token.updated",
    ),
    "unifiedCheckout": ("uc.orders.transactionresults",),
}
"""What is subscribed to, as far as the account offers it, by product."""

LEAST = ("payments", "decisionManager")
"""What is subscribed to when the account does not say what it offers."""

PAID_ON_A_PAGE = "uc.orders.transactionresults"
"""Unified Checkout: the whole reply of the payment it has made."""

_NEWS: Mapping[str, Kind] = {
    "risk.profile.decision.reject": Kind.PAYMENT_SCREENED,
    "risk.profile.decision.review": Kind.PAYMENT_SCREENED,
    "risk.profile.decision.monitor": Kind.PAYMENT_SCREENED,
    "risk.casemanagement.addnote": Kind.CASE_NOTED,
    "tms.token.created": Kind.TOKEN_CREATED,
    "tms.token.updated": Kind.TOKEN_UPDATED,
    "tms.networktoken.provisioned": Kind.TOKEN_PROVISIONED,
    "tms.networktoken.updated": Kind.TOKEN_UPDATED,
    "tms.networktoken.binding": Kind.TOKEN_BOUND,
}


def news_event(
    event_type: str,
    payload: Mapping[str, Any],
    delivery_id: str,
    source: str,
    occurred_at: datetime,
) -> Event | None:
    """The event of a notification that moves no money; None for another kind, or about nothing."""
    kind = _NEWS.get(event_type)
    about = text_of(payload, "id") or text_of(payload, "requestId")
    if kind is None or not about:
        return None
    order = text_of(part(payload, "clientReferenceInformation"), "code")
    said = text_of(payload, "status") or text_of(payload, "state") or text_of(payload, "comments")
    if kind is Kind.PAYMENT_SCREENED:
        said = said or event_type.rpartition(".")[2]
    order = order or text_of(payload, "referenceNumber")
    news = News(source, about, mask(order), mask(said))
    return Event(
        delivery_id, source, kind, news.order_number or about, occurred_at, EventData(news=news)
    )
