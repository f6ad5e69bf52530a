"""State machines: after any sequence with any fault, our books are those of the simulated account.

Short and the same each time in `make test`; SCALE=long tries hundreds of sequences, new ones.
"""

import asyncio
import os
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from tests.cybersource.payment_machine import (
    FAULTS,
    Books,
    Effects,
    Town,
    decided,
    open_town,
    usd,
    when,
)

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState
from tillbridge.payments.attempts import Attempt
from tillbridge_simulators.cybersource.batches import close_batch

_IS_LONG = os.environ.get("SCALE") == "long"
PROFILE = settings(
    max_examples=400 if _IS_LONG else 12,
    stateful_step_count=25 if _IS_LONG else 10,
    derandomize=not _IS_LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
STEPS = PROFILE.stateful_step_count * 3 // 2
"""For machines of which about every third step comes at a time when it does nothing."""
_FAULTS = st.sampled_from(FAULTS)
_OUTCOMES = st.sampled_from(
    ("authorized",) * 6 + ("review", "avs_failed", "general_decline", "risk_declined", "partial")
)
_PAYS = st.sampled_from(("authorized",) * 3 + ("partial", "general_decline", "review"))
_LAGS = st.sampled_from((0.0, 4.0))
_CENTS = st.sampled_from((100, 700, 900, 2500, 2600))
_AGAIN = (AttemptState.STARTED, AttemptState.DECLINED, AttemptState.REVERSED)
_HELD = (AttemptState.AUTHORIZED, AttemptState.CAPTURED)


def _sum(parts: list[Attempt]) -> Money:
    return sum((one.amount for one in parts), usd(0))


class PaymentMachine(RuleBasedStateMachine):
    """One order's money: held, taken, given back and let go, with answers lost and late."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self.town: Town | None = None
        self.books = Books()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run(work)

    @initialize(fence=st.booleans(), lag_s=_LAGS, outcome=_OUTCOMES)
    def open(self, fence: bool, lag_s: float, outcome: str) -> None:
        self.town = self.run(open_town(fence=fence, lag_s=lag_s))
        self.effects = Effects(self.town)
        self.books.begin(usd(2500))
        self.authorize(None, outcome)

    @property
    def attempt(self) -> Any:
        return self.books.attempt

    def do(self, kind: str, fields: dict[str, Any], fault: Any, operation: str = "") -> bool:
        """Whether it took effect."""
        fields = {"order_number": "1042", **fields}
        receipt = self.run(self.effects.do(kind, fields, fault, operation or kind))
        if receipt is None:
            return False
        self.books.take(receipt)
        return True

    @rule(fault=_FAULTS, outcome=_OUTCOMES)
    @when(lambda self: self.attempt.state in _AGAIN)
    def try_again(self, fault: Any, outcome: str) -> None:
        """Another card, once the try before holds nothing."""
        self.books.begin(usd(2500))
        self.authorize(fault, outcome)

    def authorize(self, fault: Any, outcome: str, before: Money | None = None) -> None:
        assert self.town is not None
        token = self.town.simulator.mint_token(outcome, "tms")
        owed = usd(2500)
        if before is not None:
            owed -= before
            self.books.begin(owed)
        fields = {"amount": owed, "token_kind": "tms", "token": token}
        if not self.do("authorization", fields, fault):
            self.books.begin(owed)

    @rule(fault=_FAULTS, cents=_CENTS)
    @when(lambda self: self.attempt.state in _HELD)
    def capture(self, fault: Any, cents: int) -> None:
        fields = {"authorization_id": self.attempt.authorization_id, "amount": usd(cents)}
        ordinal = len(self.books.captures) + 1
        self.do("capture", {**fields, "ordinal": ordinal, "final": False}, fault)

    @rule(fault=_FAULTS, cents=_CENTS, which=st.integers(0, 9))
    @when(lambda self: any(self.books.standing_captures()))
    def refund(self, fault: Any, cents: int, which: int) -> None:
        captures = list(self.books.standing_captures())
        capture_id, _ = captures[which % len(captures)]
        self.do("refund", {"capture_id": capture_id, "amount": usd(cents)}, fault)

    @rule(fault=_FAULTS, which=st.integers(0, 9))
    @when(lambda self: any(self.books.standing_captures()))
    def void_capture(self, fault: Any, which: int) -> None:
        captures = list(self.books.standing_captures())
        self.do("void", {"capture_id": captures[which % len(captures)][0]}, fault)

    @rule(fault=_FAULTS, which=st.integers(0, 9))
    @when(lambda self: bool(self.books.refunds))
    def void_refund(self, fault: Any, which: int) -> None:
        refunds = list(self.books.refunds)
        self.do("void", {"refund_id": refunds[which % len(refunds)]}, fault)

    @rule(fault=_FAULTS)
    @when(
        lambda self: (
            self.attempt.state
            in (
                *(AttemptState.PARTIAL, AttemptState.AUTHORIZED),
                *(AttemptState.IN_REVIEW, AttemptState.REVERSING),
            )
        )
    )
    def reverse(self, fault: Any) -> None:
        held = self.attempt.amount
        assert self.town is not None
        (row,) = [one for one in self.rows() if one["id"] == self.attempt.authorization_id]
        amount = usd(int(Decimal(row["open"]) * 100)) if row["open"] != "0" else held
        if amount.amount <= 0:
            return
        fields = {"authorization_id": self.attempt.authorization_id, "amount": amount}
        self.do("reversal", fields, fault)
        if self.books.parts and not self.attempt.held:
            self.books.fall_back()

    @rule(accept=st.booleans())
    @when(
        lambda self: (
            self.attempt.state is AttemptState.IN_REVIEW
            and self.attempt.review == "decision_manager"
        )
    )
    def decide(self, accept: bool) -> None:
        assert self.town is not None
        self.town.simulator.decide_review(self.attempt.authorization_id, accept=accept)
        self.books.see(decided(self.attempt.authorization_id, accept=accept))

    @rule()
    def close_batch(self) -> None:
        if self.town is not None:
            close_batch(self.town.simulator.account)

    def rows(self) -> list[dict[str, str]]:
        assert self.town is not None
        return self.town.simulator.holds().get("1042", [])

    @invariant()
    def books_agree(self) -> None:
        if self.town is None:
            return
        self.run(self.town.simulator.settle())
        attempt = self.attempt
        held = [row for row in self.rows() if Decimal(row["open"]) > 0]
        ours = {one.authorization_id for one in (attempt, *self.books.parts) if one.held}
        assert {row["id"] for row in held} <= ours, f"an orphan hold: {held}, ours {attempt}"
        parts = [one for one in (attempt, *self.books.parts) if one.part and not one.captured]
        there = {(row["id"], Decimal(row["open"])) for row in held}
        for one in parts:
            if one.state is not AttemptState.REVERSED and one.held:
                assert (one.authorization_id, one.amount.amount) in there, (one, there)
        assert _sum([attempt, *self.books.parts]) <= usd(2500)
        if attempt.authorization_id and attempt.held:
            (row,) = [one for one in self.rows() if one["id"] == attempt.authorization_id]
            assert Decimal(row["captured"]) == attempt.captured.amount, (row, attempt)
            assert attempt.captured.amount <= Decimal(row["amount"]), (row, attempt)
        moved = self.town.simulator.state.movements.values()
        given_back = sum(one.amount for one in moved if one.kind == "refund" and not one.voided)
        assert self.books.refunded.amount == given_back
        assert given_back <= attempt.captured.amount
        if attempt.state is AttemptState.REVERSED:
            assert not held

    def teardown(self) -> None:
        if self.town is not None:
            self.run(self.town.stop())
        self._loop.close()


class SplitTenderMachine(PaymentMachine):
    """The same where a card holds a part, and others are to pay the rest."""

    @initialize(fence=st.booleans(), lag_s=_LAGS, faults=st.tuples(_FAULTS, _FAULTS), outcome=_PAYS)
    def open(self, fence: bool, lag_s: float, faults: Any, outcome: str) -> None:
        self.town = self.run(open_town(fence=fence, lag_s=lag_s, splits=True))
        self.effects = Effects(self.town)
        self.books.begin(usd(2500))
        self.authorize(faults[0], "partial")
        self.books_agree()
        if self.attempt.state is AttemptState.PARTIAL:
            self.pay_rest(faults[1], outcome)

    @rule(fault=_FAULTS, outcome=_PAYS)
    @when(lambda self: self.attempt.state is AttemptState.PARTIAL)
    def pay_another_part(self, fault: Any, outcome: str) -> None:
        self.pay_rest(fault, outcome)

    def pay_rest(self, fault: Any, outcome: str) -> None:
        """Another card for what is owed; one that holds nothing leaves the part as it was."""
        self.books.parts.append(self.attempt)
        self.authorize(fault, outcome, _sum(self.books.parts))
        if not self.attempt.held:
            self.books.fall_back()


TestPayment = PaymentMachine.TestCase
TestSplitTender = SplitTenderMachine.TestCase
TestSplitTender.settings = settings(PROFILE, stateful_step_count=STEPS // 2)
TestPayment.settings = settings(PROFILE, stateful_step_count=STEPS)
