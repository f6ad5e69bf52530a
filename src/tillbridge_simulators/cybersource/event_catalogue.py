"""The events this account can tell of, by product.

Source: Webhooks Implementation Guide, Supported Products and Event Types. `UNDOCUMENTED` are names
that do not stand on that page and are seen in samples and integrations; docs/systems/cybersource.md
lists them.
"""

from collections.abc import Iterator, Mapping

PRODUCTS: Mapping[str, tuple[str, ...]] = {
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
        "risk.profile.decision.reject",
        "risk.casemanagement.addnote",
        "risk.profile.decision.review",
        "risk.profile.decision.monitor",
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
        "invoicing.customer.invoice.paid",
        "invoicing.customer.invoice.partial-payment",
        "invoicing.customer.invoice.send",
        "invoicing.customer.invoice.cancel",
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

UNDOCUMENTED = frozenset(
    {
        "risk.casemanagement.addnote",  # of Decision Manager; the page has it of Essentials
        "risk.profile.decision.review",
        "risk.profile.decision.monitor",
        "rbs.subscriptions.created",
        "rbs.subscriptions.suspended",
        "rbs.subscriptions.reactivated",
        "rbs.subscriptions.cancelled",
        "tms.token.created",
        "tms.token.updated",
    }
)


def product_of(event_type: str) -> str:
    """Which product an event belongs to. Raises KeyError for one nobody offers."""
    for product, events in PRODUCTS.items():
        if event_type in events:
            return product
    raise KeyError(event_type)


def rows() -> Iterator[dict[str, object]]:
    """The catalogue as the service lists it."""
    for product, events in PRODUCTS.items():
        yield {
            "productId": product,
            "productName": product,
            "eventTypes": [
                {
                    "eventName": event,
                    "displayName": event.replace(".", " "),
                    "frequency": 0,
                    "timeSensitivity": True,
                    "payloadEncryption": event.startswith(("payments.", "uc.")),
                }
                for event in events
            ],
        }
