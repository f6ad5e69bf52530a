"""Settlement lines: what others say became of our payments' money, one row at a time.

A line is what one row of a report says, in our words; it is never changed. Which lines explain
each other, and what they mean in the books, is decided by rooms that read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money


class Stage(StrEnum):
    """How far the money has come, in the eyes of whoever wrote the report.

    GATEWAY: the payment system has done it. BATCH: it was sent to the processor. PROCESSOR: the
    processor has settled, charged or paid it.
    """

    GATEWAY = "gateway"
    BATCH = "batch"
    PROCESSOR = "processor"


class SettlementKind(StrEnum):
    """What a line is about.

    FAILURE: a capture or refund that was taken, and was turned down later. CLEARING: how a
    payment was priced, for those who check fees. TOTAL: a sum of a batch; FUNDING: a sum of a
    payout by type; both repeat what other lines say one by one. PAYOUT: what reached the bank.
    """

    AUTHORIZATION = "authorization"
    REVERSAL = "reversal"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"
    FAILURE = "failure"
    FEE = "fee"
    CHARGEBACK = "chargeback"
    CHARGEBACK_REVERSAL = "chargeback_reversal"
    RETRIEVAL = "retrieval"
    RESERVE_HOLD = "reserve_hold"
    RESERVE_RELEASE = "reserve_release"
    ADJUSTMENT = "adjustment"
    CLEARING = "clearing"
    TOTAL = "total"
    FUNDING = "funding"
    PAYOUT = "payout"


_K = SettlementKind
EARNING = frozenset({_K.CAPTURE, _K.CHARGEBACK_REVERSAL, _K.RESERVE_RELEASE})
"""More is owed to the merchant: their amounts are never below zero."""
COSTING = frozenset({_K.REFUND, _K.CHARGEBACK, _K.RESERVE_HOLD})
"""Less is owed to the merchant: their amounts are never above zero."""
EITHER = frozenset({_K.FEE, _K.ADJUSTMENT})
"""A fee is below zero; above zero it was given back."""
NEUTRAL = frozenset({_K.AUTHORIZATION, _K.REVERSAL, _K.VOID, _K.FAILURE, _K.RETRIEVAL, _K.CLEARING})
"""What is owed stays as it is: their amounts say how much it was about, never below zero."""


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One row of a report.

    Attributes:
        report: the report it stands in, as its connection knows it.
        line: where in the report: a line's number, or what tells the row apart. Report and line
            together are one row, however often it is read.
        amount: its sign is the kind's: above zero is owed to the merchant, below zero by him.
        request_id: the payment system's id of the operation.
        order_number: the reference both sides share.
        reference: the processor's reference of the operation (reconciliation id).
        batch_id, funding_id: what it was sent with, what it was paid out with.
        merchant_id: whose account it is there.
        occurred_at: when it was done; settled_on, funded_on, due_on: the days on which it was
            settled and paid out, and by which it has to be answered. None when it was not said.
        method, last4: what was paid with, in the report's own word.
        service: what the operation was, in the report's own word.
        fee_type: of a fee: "interchange", "assessment", "markup", "chargeback" or "other".
        reason: why, in the report's own word.
        other: what else the row says, by the names the report has for it.

    Raises Rejected for an amount whose sign is not the kind's.
    """

    report: str
    line: str
    stage: Stage
    kind: SettlementKind
    amount: Money
    request_id: str = ""
    order_number: str = ""
    reference: str = ""
    batch_id: str = ""
    funding_id: str = ""
    merchant_id: str = ""
    occurred_at: datetime | None = None
    settled_on: date | None = None
    funded_on: date | None = None
    due_on: date | None = None
    method: str = ""
    last4: str = ""
    service: str = ""
    fee_type: str = ""
    reason: str = ""
    other: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        units = self.amount.amount
        if units < 0 and (self.kind in EARNING or self.kind in NEUTRAL):
            raise self._wrong("below")
        if units > 0 and self.kind in COSTING:
            raise self._wrong("above")

    @property
    def owed(self) -> Money:
        """How it changes what is owed to the merchant; zero where other lines say it already."""
        if self.kind in EARNING or self.kind in COSTING or self.kind in EITHER:
            return self.amount
        return Money.zero(self.amount.currency)

    def _wrong(self, side: str) -> Rejected:
        return Rejected(
            f"{self.amount} is {side} zero, and that no {self.kind.value} is.",
            reason="bad_amount",
            next_step="Look the row up in the report.",
        )


def signed(kind: SettlementKind, size: Money) -> Money:
    """An amount that was stated without a sign, with the sign of its kind; a fee costs."""
    costs = kind in COSTING or kind is SettlementKind.FEE
    return -size if costs else size
