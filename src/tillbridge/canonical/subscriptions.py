"""Subscriptions that a payment system bills for us, and the plans they follow."""

from dataclasses import dataclass
from enum import StrEnum

from tillbridge.canonical.money import Money


class PlanState(StrEnum):
    """INACTIVE: nobody can subscribe any more, and who has is billed on."""

    DRAFT = "draft"
    ACTIVE = "active"
    INACTIVE = "inactive"


class SubscriptionState(StrEnum):
    """Where a subscription stands. DELINQUENT: a payment was declined and is tried again."""

    PENDING = "pending"
    ACTIVE = "active"
    DELINQUENT = "delinquent"
    SUSPENDED = "suspended"
    FAILED = "failed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as an event carries it.

    Attributes:
        connection: where it was made.
        id: the payment system's own.
        code: by which people and reports know it; "" where the message does not say.
        order_number: our reference of it; "" where the message does not say.
        state: as it was told; None where the message does not say.
        amount: what was billed, or failed to be; None where the message does not say.
        cycle: which payment of it, as the payment system counts; "" where it does not say.
        request_id: the payment system's id of that payment; "" without one.
        reason: why it failed, in the payment system's own word; "" when it did not.
    """

    connection: str
    id: str
    code: str = ""
    order_number: str = ""
    state: SubscriptionState | None = None
    amount: Money | None = None
    cycle: str = ""
    request_id: str = ""
    reason: str = ""
