"""What the shop believes of each order: campaigns compare it with what is true elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.shop.shoppers import Purchase, shipments

State: TypeAlias = Literal[
    "new",  # no answer so far
    "authorized",
    "in_review",
    "declined",  # every card was declined
    "challenge",  # the shopper had to authenticate and left
    "refused",  # the request itself was refused
    "gave_up",  # the shopper left; the last try was not begun, as every answer or the last one said
    "unanswered",  # the shop gave up asking; messages may still tell
    "cancelled",
    "shipped",
]
_REVIEW_ENDS: Mapping[str, State] = {
    "authorized": "authorized",
    "reversed": "declined",
    "declined": "declined",
}
"""How a review ended, by the word of the message that tells it."""


@dataclass(slots=True)
class Attempt:
    """One try with one card.

    `status` is the last answer's word ("authorized", "declined", "pending", "refused", ...);
    `posts` counts how often the same key was posted.
    """

    key: str
    outcome: str
    status: str = ""
    transaction_id: str = ""
    amount: str = ""
    reason: str = ""
    posts: int = 0
    answers: list[int] = field(default_factory=list)


@dataclass(slots=True)
class ShopOrder:
    """One order: what was posted, what was answered, what was told, what the shop makes of it.

    `held` is what the shop believes is authorized, `paid` what was captured, `released` what was
    reversed, `refunded` what went back of what was paid, all in the order's currency. `keys` are
    those of its tries, when they are given: then each is tried once. `owed`: a part of it is paid,
    and this much is to be paid with another card.
    """

    purchase: Purchase
    state: State = "new"
    attempts: list[Attempt] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    shipments_sent: list[str] = field(default_factory=list)
    held: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    released: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    keys: tuple[str, ...] = ()
    owed: str = ""

    @property
    def number(self) -> str:
        return str(self.purchase.document["number"])

    @property
    def currency(self) -> str:
        return str(self.purchase.document["currency"])

    @property
    def total(self) -> Decimal:
        return Decimal(self.purchase.document["total"])

    def answered(self, attempt: Attempt, answer: Mapping[str, Any]) -> None:
        """Takes in a 200 answer to a checkout or its status address. A message of how its review
        ended may have overtaken it, and counts then."""
        attempt.status = str(answer.get("status", ""))
        attempt.transaction_id = str(answer.get("transaction_id") or "")
        attempt.reason = str(answer.get("reason") or "")
        attempt.amount = _amount(answer)
        if attempt.status in ("authorized", "in_review"):
            self.state = "authorized" if attempt.status == "authorized" else self._reviewed(attempt)
            self.held = Decimal(attempt.amount or 0)

    def told(self, message: Mapping[str, Any]) -> None:
        """Takes in a message about the payment."""
        self.messages.append(dict(message))
        amount = Decimal(_amount(message) or 0)
        status = message.get("status")
        if status == "authorized" and self.state in ("new", "in_review", "unanswered"):
            self.state = "authorized"
            self.held = amount or self.held
        elif status == "captured":
            self.paid += amount
        elif status == "reversed":
            self.released += amount
            self.state = "declined" if self.state == "in_review" else self.state
        elif status == "refunded":
            self.refunded += amount
        elif status == "refund_failed":
            self.refunded -= amount
        elif status == "declined" and self.state in ("in_review", "unanswered"):
            self.state = "declined"

    def _reviewed(self, attempt: Attempt) -> State:
        """How the attempt's review ended, by what was told so far."""
        for message in reversed(self.messages):
            ended = _REVIEW_ENDS.get(str(message.get("status")))
            if ended is not None and message.get("attempt_key") == attempt.key:
                return ended
        return "in_review"

    def due(self) -> Decimal:
        """What the shipments that were sent come to; one without an amount means all of it."""
        sent = [part for part in shipments(self.purchase) if part["id"] in self.shipments_sent]
        amounts = [part["amount"] for part in sent]
        if None in amounts:
            return self.total
        return sum((Decimal(amount["amount"]) for amount in amounts), Decimal(0))

    def summary(self) -> dict[str, Any]:
        """The order as plain JSON; amounts as text."""
        return {
            "number": self.number,
            "state": self.state,
            "currency": self.currency,
            "total": str(self.total),
            "held": str(self.held),
            "paid": str(self.paid),
            "released": str(self.released),
            "refunded": str(self.refunded),
            "due": str(self.due()),
            "lines": [
                {name: line[name] for name in ("product", "quantity", "amount")}
                for line in self.purchase.document["lines"]
            ],
            "ending": self.purchase.ending,
            "shipments_sent": list(self.shipments_sent),
            "messages": list(self.messages),
            "attempts": [
                {
                    "key": attempt.key,
                    "outcome": attempt.outcome,
                    "status": attempt.status,
                    "transaction_id": attempt.transaction_id,
                    "amount": attempt.amount,
                    "reason": attempt.reason,
                    "posts": attempt.posts,
                    "answers": list(attempt.answers),
                }
                for attempt in self.attempts
            ],
        }


def _amount(answer: Mapping[str, Any]) -> str:
    amount = answer.get("amount")
    return str(amount["amount"]) if isinstance(amount, Mapping) else ""
