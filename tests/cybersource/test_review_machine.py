"""State machine of review: a hold that somebody has to decide about, and what becomes of it.

In all three meanings (Decision Manager; a failed address or security code; a processor that wants
to be called), decided here and there, before and after money moved, with answers lost and late and
webhooks that come twice, in any order, or never. The books are the room `payments` itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from tests.cybersource.payment_machine import FAULTS, Act, Unknown, open_town, usd, when
from tests.cybersource.review_books import AMOUNT, ReviewBooks
from tests.cybersource.review_room import NUMBER, decided_here, is_over, wants_decision
from tests.cybersource.test_state_machines import PROFILE, STEPS

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.batches import close_batch
from tillbridge_simulators.cybersource.followons import capture, reverse
from tillbridge_simulators.cybersource.state import Movement
from tillbridge_simulators.cybersource.voids import void_capture

_PROFILE = settings(PROFILE, max_examples=2 * PROFILE.max_examples, stateful_step_count=STEPS)
_FAULTS = st.sampled_from(FAULTS)
_CENTS = st.sampled_from((100, 700, 2500))
_WHICH = st.integers(0, 9)
_HEARD = st.lists(st.integers(0, 99), max_size=5)
"""Which of the webhooks told so far arrive now: any, in any order, as often as they like."""
_TRY = st.tuples(
    st.sampled_from(
        (*("review",) * 4, "avs_failed", "cv_failed", "contact_processor", "authorized")
    ),
    _FAULTS,
    st.sampled_from((None, None, True, False)),
    _HEARD,
)
"""A payment: how it ends, the fault; then, before we know, whether Decision Manager accepts or
rejects it, and which webhooks arrive."""
_ASSIGNED: Final = "risk.casemanagement.assign"
_OF_ORDER: Final = {"clientReferenceInformation": {"code": NUMBER}}


def goes_on_with(outcome: str) -> Callable[[Act], Act]:
    """A rule that begins with another payment of this outcome when the last one is over."""

    def begun(act: Act) -> Act:
        @wraps(act)
        def acted(machine: "ReviewMachine", **drawn: Any) -> None:
            if is_over(machine.attempt):
                machine.pay((outcome, None, None, []))
            act(machine, **drawn)

        return cast(Act, acted)

    return begun


class ReviewMachine(ReviewBooks):
    """One order's payment, held while somebody decides."""

    # -- the order is paid ---------------------------------------------------------------------

    @initialize(fence=st.booleans(), lag_s=st.sampled_from((0.0, 4.0)), first=_TRY)
    def begin(self, fence: bool, lag_s: float, first: tuple[Any, ...]) -> None:
        self.comments = 0
        self.enter(self.run(open_town(fence=fence, lag_s=lag_s)))
        self.pay(first)

    @rule(next_try=_TRY)
    @when(lambda self: is_over(self.attempt))
    def try_again(self, next_try: tuple[Any, ...]) -> None:
        self.pay(next_try)

    def pay(self, one: tuple[Any, ...]) -> None:
        """The answer comes last: webhooks and a decision may come before it."""
        outcome, fault, accept, heard = one
        token = self.town.simulator.mint_token(outcome, "tms")
        fields: Fields = {
            "order_number": NUMBER, "amount": AMOUNT, "token_kind": "tms", "token": token
        }  # fmt: skip
        self.run(self.room.begin(self.effects.next_key, AMOUNT))
        sent = self.run(self.effects.send("authorization", fields, fault, "authorization"))
        if accept is not None:
            self._decide(accept, 0)
        self.hear(heard)
        if isinstance(sent, Unknown):
            self.run(self._end(sent))
        elif sent is None:
            self.run(self.room.abandon("refused"))
        else:
            self.run(self.room.take(sent.observations))

    async def _end(self, sent: Unknown) -> None:
        """As journeys/resolve.py ends a checkout that was not answered."""
        await self.room.lost()
        if (await self.room.attempt()).state is not AttemptState.UNKNOWN:
            return
        receipt = await self.effects.settle(sent, self.room.may_fence)
        if receipt is not None:
            await self.room.take(receipt.observations)
        await self.room.abandon("fenced")

    # -- somebody decides ----------------------------------------------------------------------

    @rule(accept=st.booleans(), which=_WHICH)
    @goes_on_with("review")
    def decide_in_the_business_center(self, accept: bool, which: int) -> None:
        self._decide(accept, which)

    def _decide(self, accept: bool, which: int) -> None:
        if cases := self._cases():
            id_ = cases[which % len(cases)]
            self.town.simulator.decide_review(id_, accept=accept)

    def _cases(self) -> list[str]:
        """Authorizations that Decision Manager waits for."""
        return [row["id"] for row in self.rows() if row["review"] == "pending"]

    @rule(decision=st.sampled_from(("accept", "reject")), fault=_FAULTS)
    @goes_on_with("review")
    def decide_by_a_flow(self, decision: str, fault: Any) -> None:
        if not wants_decision(self.attempt, elsewhere=True):
            return
        id_ = self.attempt.authorization_id
        case = {"authorization_id": id_, "decision": decision, "comments": "Called her"}
        if self.do("case_decision", case, fault):
            found = [row["review"] for row in self.rows() if row["id"] == id_]
            assert found == [f"{decision}ed"], "what counts as decided is decided there"

    @rule(accept=st.booleans())
    @goes_on_with("avs_failed")
    def decide_at_the_desk(self, accept: bool) -> None:
        attempt = self.attempt
        if not wants_decision(attempt, elsewhere=False):
            return
        self.decided[attempt.authorization_id] = accept
        self.run(self.room.take([decided_here(attempt, accept=accept)]))

    @rule(fault=_FAULTS, which=_WHICH)
    @when(lambda self: any(self._cases()))
    def comment(self, fault: Any, which: int) -> None:
        """A comment that was not answered is a person's to look up."""
        cases = self._cases()
        fields = {"authorization_id": cases[which % len(cases)], "comments": "Called her"}
        sent = self.run(self.effects.send("case_comment", fields, fault, "case_comment"))
        self.run(self.town.simulator.settle())
        kept = sum(map(len, self.town.simulator.state.case_comments.values()))
        least = self.comments + isinstance(sent, Receipt)
        most = self.comments + (sent is not None)
        assert least <= kept <= most
        self.comments = kept

    @rule(which=_WHICH)
    @when(lambda self: any(self._cases()))
    def assign(self, which: int) -> None:
        """An event that nobody has described is kept back."""
        cases = self._cases()
        self.tell(_ASSIGNED, NUMBER, {"data": {"id": cases[which % len(cases)], "status": "A"}})
        assert self.told[-1].kept_back

    # -- money moves ---------------------------------------------------------------------------

    @rule(cents=_CENTS, fault=_FAULTS)
    @goes_on_with("authorized")
    def capture(self, cents: int, fault: Any) -> None:
        """Covered by what is held, as far as we know (payments/claims.py)."""
        attempt = self.attempt
        covered = attempt.captured + usd(cents) <= attempt.amount
        if not covered or not self._takes(AttemptState.AUTHORIZED, AttemptState.CAPTURED):
            return
        fields = {"authorization_id": attempt.authorization_id, "amount": usd(cents)}
        ordinal = 1 + len(self._standing("capture"))
        self.do("capture", {**fields, "ordinal": ordinal, "final": False}, fault)

    @rule(cents=_CENTS)
    @when(lambda self: self._takes(AttemptState.IN_REVIEW, AttemptState.AUTHORIZED))
    def capture_in_the_business_center(self, cents: int) -> None:
        """Nobody there waits for a decision, or knows what we are about to capture."""
        amount = {"totalAmount": usd(cents).text, "currency": "USD"}
        document = {**_OF_ORDER, "orderInformation": {"amountDetails": amount}}
        self._there(capture, self.attempt.authorization_id, document)

    @rule(which=_WHICH, fault=_FAULTS)
    @when(lambda self: any(self._standing("capture")))
    def void(self, which: int, fault: Any) -> None:
        captures = self._standing("capture")
        self.do("void", {"capture_id": captures[which % len(captures)]}, fault)

    @rule(which=_WHICH)
    @when(lambda self: any(self._standing("capture")))
    def void_in_the_business_center(self, which: int) -> None:
        captures = self._standing("capture")
        self._there(void_capture, captures[which % len(captures)], _OF_ORDER)

    @rule(which=_WHICH, cents=_CENTS, fault=_FAULTS)
    @when(lambda self: any(self._standing("capture")))
    def refund(self, which: int, cents: int, fault: Any) -> None:
        captures = self._standing("capture")
        fields = {"capture_id": captures[which % len(captures)], "amount": usd(cents)}
        self.do("refund", fields, fault)

    @rule(which=_WHICH, fault=_FAULTS)
    @when(lambda self: any(self._standing("refund")))
    def void_a_refund(self, which: int, fault: Any) -> None:
        refunds = self._standing("refund")
        self.do("void", {"refund_id": refunds[which % len(refunds)]}, fault)

    @rule()
    def settle(self) -> None:
        """A batch closes: what it took with it is voided no more."""
        close_batch(self.town.simulator.account)

    @rule(fault=_FAULTS)
    @when(lambda self: self._takes(AttemptState.IN_REVIEW, AttemptState.AUTHORIZED))
    def cancel(self, fault: Any) -> None:
        """The order is cancelled, decided or not."""
        self.let_go(self.attempt.authorization_id, fault)

    @rule()
    @when(lambda self: self._takes(AttemptState.IN_REVIEW, AttemptState.AUTHORIZED))
    def reverse_in_the_business_center(self) -> None:
        amount = {"totalAmount": AMOUNT.text, "currency": "USD"}
        document = {**_OF_ORDER, "reversalInformation": {"amountDetails": amount}}
        self._there(reverse, self.attempt.authorization_id, document)

    @rule(fault=_FAULTS)
    @when(lambda self: bool(self.room.releases))
    def release(self, fault: Any) -> None:
        """The built-in flow release-hold comes to one that waits."""
        self.let_go(next(iter(self.room.releases)), fault)

    # -- we are told ---------------------------------------------------------------------------

    @rule(heard=_HEARD)
    def hear(self, heard: list[int]) -> None:
        """Webhooks arrive."""
        for one in heard if self.told else ():
            self.run(self.room.take(self.told[one % len(self.told)].observations))

    @rule(fault=_FAULTS)
    def ask(self, fault: Any) -> None:
        """The poll of open reviews (journeys/poll.py); one that fails is made again later."""
        if fault is not None:
            self.effects.fault("*", fault)
        call = Call("", datetime.now(UTC), 5.0, "machine", lambda: None)
        try:
            seen = self.run(self.town.session.observe(call, NUMBER))
        except TillbridgeError:
            return
        finally:
            self.effects.fault("", None)
        self.run(self.room.take(seen))

    # -- shorthand -----------------------------------------------------------------------------

    def _takes(self, *states: AttemptState) -> bool:
        return self.attempt.state in states

    def _standing(self, kind: str) -> list[str]:
        """Captures of the newest authorization that were not voided, or its refunds."""
        return [one.id for one in self._of_newest(kind) if not one.voided]

    def _of_newest(self, kind: str) -> list[Movement]:
        movements = self.town.simulator.state.movements
        found = movements.by("parent_id", self.attempt.authorization_id or "-")
        return [one for one in found if one.kind == kind]

    def _there(self, act: Any, id_: str, document: Mapping[str, Any]) -> None:
        """Somebody does it in the Business Center; what is refused there happens not."""
        try:
            act(self.town.simulator.account, id_, document)
        except Refusal:
            return


def test_after_any_decision_with_any_fault_the_books_are_the_accounts(dsn: str) -> None:
    class Here(ReviewMachine):
        def __init__(self) -> None:
            super().__init__(dsn)

    run_state_machine_as_test(Here, settings=_PROFILE)
