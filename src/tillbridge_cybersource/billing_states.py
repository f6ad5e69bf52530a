"""Statuses of invoices, links, plans, subscriptions, mandates and cases in our words, a table each.

Sources: REST API reference and the official client's models (invoices, payment links); Recurring
Billing Developer Guide, Plan Statuses and Subscription Statuses (its examples write them in small
letters, answers in capitals: both are read); Decision Manager, statuses of a decision. A status
that is not in its table is an error that names it.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.invoices import InvoiceState, LinkState
from tillbridge.canonical.mandates import MandateState
from tillbridge.canonical.payments import Verdict
from tillbridge.canonical.subscriptions import PlanState, SubscriptionState

State = TypeVar("State")

INVOICE_STATES: Final[Mapping[str, InvoiceState]] = {
    "DRAFT": InvoiceState.DRAFT,
    "CREATED": InvoiceState.OPEN,
    "SENT": InvoiceState.SENT,
    "PARTIAL": InvoiceState.PARTLY_PAID,
    "PENDING": InvoiceState.PENDING,
    "PAID": InvoiceState.PAID,
    "CANCELED": InvoiceState.CANCELLED,
    "CANCELLED": InvoiceState.CANCELLED,
}

LINK_STATES: Final[Mapping[str, LinkState]] = {
    "ACTIVE": LinkState.ACTIVE,
    "INACTIVE": LinkState.INACTIVE,
}

PLAN_STATES: Final[Mapping[str, PlanState]] = {
    "DRAFT": PlanState.DRAFT,
    "ACTIVE": PlanState.ACTIVE,
    "INACTIVE": PlanState.INACTIVE,
}

SUBSCRIPTION_STATES: Final[Mapping[str, SubscriptionState]] = {
    "CREATED": SubscriptionState.PENDING,
    "PENDING": SubscriptionState.PENDING,
    "ACTIVE": SubscriptionState.ACTIVE,
    "DELINQUENT": SubscriptionState.DELINQUENT,
    "SUSPENDED": SubscriptionState.SUSPENDED,
    "FAILED": SubscriptionState.FAILED,
    "COMPLETED": SubscriptionState.COMPLETED,
    "CANCELLED": SubscriptionState.CANCELLED,
    "CANCELED": SubscriptionState.CANCELLED,
}

MANDATE_STATES: Final[Mapping[str, MandateState]] = {state.name: state for state in MandateState}
"""The official client's models name just these, in capitals."""

DECISION_STATES: Final[Mapping[str, Verdict]] = {
    "ACCEPTED": Verdict.APPROVED,
    "PENDING_REVIEW": Verdict.IN_REVIEW,
    "DECLINED": Verdict.DECLINED,
    "REJECTED": Verdict.DECLINED,
    "PENDING_AUTHENTICATION": Verdict.CHALLENGE,
    "CHALLENGE": Verdict.CHALLENGE,
    "AUTHENTICATION_FAILED": Verdict.DECLINED,
}
"""What Decision Manager says of a transaction, before or after anything is held."""


def state_of(table: Mapping[str, State], status: str, what: str) -> State:
    """The state for a status. Raises Unreconciled for one that is not known, naming it.

    `what` is what has it, for the message: "invoice 1042".
    """
    state = table.get(status.upper())
    if state is None:
        raise Unreconciled(
            f"The status {status!r} of {what} is not known.",
            reason="unknown_status",
            next_step="Look it up in the Business Center, and tell the maintainers.",
        )
    return state
