"""The events Cybersource tells by webhook, and what each means here.

Source: Webhooks Implementation Guide, "Supported Products and Event Types". Older names of the same
events are sent for some products still; an event that stands nowhere here is kept and shown.
"""

from collections.abc import Mapping

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
        "risk.profile.decision.reject",
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
    ),
    "tokenManagement": (
        "tms.networktoken.provisioned",
        "tms.networktoken.updated",
        "tms.networktoken.binding",
    ),
    "unifiedCheckout": ("uc.orders.transactionresults",),
}
"""What is subscribed to, as far as the account offers it, by product."""

LEAST = ("payments", "decisionManager")
"""What is subscribed to when the account does not say what it offers."""
