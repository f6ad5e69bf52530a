"""The events this account can tell of, by product.

Source: Webhooks Implementation Guide, Supported Products and Event Types. Names that are not on
that page in our copy are marked unverified in docs/systems/cybersource.md.
"""

from collections.abc import Iterator, Mapping

_PAYMENTS = ("authorization", "capture", "reversal", "refunds", "credits", "void")
_ENDS = ("accepted", "reviewed", "rejected", "partiallyApproved")

PRODUCTS: Mapping[str, tuple[str, ...]] = {
    "payments": tuple(f"payments.{noun}.status.{end}" for noun in _PAYMENTS for end in _ENDS),
    "decisionManager": (
        "risk.casemanagement.decision.accept",
        "risk.casemanagement.decision.reject",
        "risk.casemanagement.addnote",
        "risk.profile.decision.review",
        "risk.profile.decision.reject",
        "risk.profile.decision.monitor",
    ),
    "customerInvoicing": (
        "invoicing.customer.invoice.paid",
        "invoicing.customer.invoice.partial-payment",
        "invoicing.customer.invoice.send",
        "invoicing.customer.invoice.cancel",
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
        "tms.token.created",
        "tms.token.updated",
    ),
}


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
                    "payloadEncryption": event.startswith("payments."),
                }
                for event in events
            ],
        }
