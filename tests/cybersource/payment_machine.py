"""One payment at a simulated account, whose answers are lost and late, as the engine sees it.

What the engine does with a call is done here in small: a receipt's observations move the attempt by
the engine's own rules; a lost answer ends by evidence or a fence, as the journal ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, Final, TypeVar, cast

from tests.payments.book import order

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import (
    AttemptState,
    Card,
    Observation,
    Operation,
    Source,
    Verdict,
)
from tillbridge.connector.abilities import Absent, Call, Found, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.judge import judge
from tillbridge.payments.known import Known
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.faults import Fault, Rule

FACTOR: Final = 2000.0
FAULTS: Final[tuple[Fault | None, ...]] = (
    *(None,) * 6,
    Fault("lose_answer"),
    Fault("break_before"),
    Fault("refuse", status=503),
    Fault("refuse", status=500),
    Fault("refuse", status=429),
    Fault("late", seconds=20.0),
    Fault("late", seconds=200.0),
)
"""Those that take effect late do so before, and after, a fence may leave; never after the proof of
absence."""
Act = TypeVar("Act", bound=Callable[..., None])
_ASKED_MAX: Final = 400
_ZERO: Final = Money.zero("USD")


def when(holds: Callable[[Any], bool]) -> Callable[[Act], Act]:
    """A rule that does nothing at another time.

    Hypothesis's own preconditions decide what is drawn next, so they may not depend on who was
    faster; on a busy machine a fence may overtake the search that would have found the effect.
    """

    def timely(act: Act) -> Act:
        @wraps(act)
        def acted(machine: Any, **drawn: Any) -> None:
            if holds(machine):
                act(machine, **drawn)

        return cast(Act, acted)

    return timely


@dataclass
class Town:
    """The account and the session; every wait is divided by the factor."""

    simulator: CybersourceSimulator
    session: CybersourceSession
    lag_s: float

    async def stop(self) -> None:
        await self.session.close()
        await self.simulator.stop()


async def open_town(*, fence: bool, lag_s: float, splits: bool = False) -> Town:
    """A new account. `lag_s`: of search, before it is divided; `splits`: parts are kept."""
    options = Options(search_lag_s=lag_s, partial_captures=True)
    simulator = CybersourceSimulator(options, factor=FACTOR)
    await simulator.start()
    given: dict[str, object] = {
        "merchant_id": options.merchant_id,
        "key_id": options.key_id,
        "secret_key": options.secret_key,
        "base_url": simulator.url,
        "fence": "yes" if fence else "no",
        "partial_captures": "yes",
        "partial_authorizations": "yes" if splits else "no",
        "absent_after_s": 300,
        "kept_absent_after_s": 300,
        "decision_lag_s": 300,
        "search_lag_s": 10,
    }
    opening = Opening("cards", lambda: datetime.now(UTC), factor=FACTOR)
    session = CONNECTOR.open(parse_settings(CONNECTOR.settings, given, Place()), opening)
    assert isinstance(session, CybersourceSession)
    return Town(simulator, session, lag_s)


@dataclass(frozen=True)
class Unknown:
    """A document that was sent and not answered."""

    kind: str
    key: str
    fields: Fields
    sent_at: datetime


async def _any_time() -> bool:
    return True


@dataclass
class Effects:
    """Sends documents until what became of each is known."""

    town: Town
    made: int = 0

    @property
    def next_key(self) -> str:
        """The key that the next document goes out under."""
        return f"effect{self.made + 1:020d}"

    def fault(self, operation: str, fault: Fault | None) -> None:
        """The next request of this operation misbehaves; None: none does."""
        rules = [] if fault is None else [Rule(operation, fault, times=1)]
        self.town.simulator.faults.rules = rules

    async def do(
        self, kind: str, fields: Fields, fault: Fault | None, operation: str
    ) -> Receipt | None:
        """What came of it: None when it certainly did not happen, or was undone."""
        sent = await self.send(kind, fields, fault, operation)
        return await self.settle(sent) if isinstance(sent, Unknown) else sent

    async def send(
        self, kind: str, fields: Fields, fault: Fault | None, operation: str
    ) -> Receipt | Unknown | None:
        """How it was answered; None when it certainly did not happen."""
        key = self.next_key
        self.made += 1
        if kind == "authorization":
            fields = {**fields, "attempt_key": key}
        self.fault(operation, fault)
        sent_at = datetime.now(UTC)
        try:
            return await self.town.session.writes[kind].send(self._call(key), fields)
        except Transient as error:
            if error.sent == "no":
                return None
        except (Rejected, Misconfigured):
            return None
        finally:
            self.fault("", None)
        return Unknown(kind, key, fields, sent_at)

    async def settle(
        self, sent: Unknown, may_fence: Callable[[], Awaitable[bool]] = _any_time
    ) -> Receipt | None:
        """Ends an unknown: by evidence, a fence, or sending it again under its natural key.

        `may_fence`: asked before each fence; where it says no, somebody has told meanwhile.
        """
        write, key, fields = self.town.session.writes[sent.kind], sent.key, sent.fields
        for _ in range(_ASKED_MAX):
            try:
                if write.find is not None:
                    finding = await write.find(self._call(key), fields, sent.sent_at)
                    if isinstance(finding, Found):
                        return finding.receipt
                    if isinstance(finding, Absent):
                        return None
                if write.safety == "natural_key":
                    return await write.send(self._call(key), fields)
                if write.fence is not None:
                    if await may_fence():
                        await write.fence(self._call(key), fields)
                    return None
            except Transient:
                pass
            except (Rejected, Unreconciled):
                return None
            await asyncio.sleep(0.005)
        raise AssertionError(f"{sent.kind} {key} stays unknown")

    def _call(self, key: str) -> Call:
        return Call(key, datetime.now(UTC), 5.0, "machine", lambda: None)


@dataclass
class Books:
    """What the engine knows: the attempts, by the engine's own rules, and what was given back.

    Attributes:
        parts: those that hold money of the order beside the latest attempt.
        captures: by id, what is known of each capture.
        refunds: by id, what was given back and stands.
    """

    attempts: list[Attempt] = field(default_factory=list)
    parts: list[Attempt] = field(default_factory=list)
    captures: dict[str, Known] = field(default_factory=dict)
    refunds: dict[str, Money] = field(default_factory=dict)

    @property
    def attempt(self) -> Attempt:
        """The latest."""
        return self.attempts[-1]

    def begin(self, amount: Money) -> None:
        """A new try; a later part where another is kept."""
        started = _started(amount)
        if self.parts:
            started = replace(started, part=len(self.parts) + 1, follows="the first")
        self.attempts.append(started)

    def fall_back(self) -> None:
        """The latest attempt holds nothing: the part before it is what there is."""
        self.attempts.append(self.parts.pop())

    def take(self, receipt: Receipt) -> None:
        """Everything that a receipt proves."""
        for seen in receipt.observations:
            self.see(seen)

    def see(self, seen: Observation) -> None:
        """One observation, as `payments.observe` takes it."""
        if seen.operation is Operation.REFUND:
            if seen.verdict is Verdict.APPROVED and seen.amount is not None:
                self.refunds[seen.request_id] = seen.amount
            return
        is_void = seen.operation is Operation.VOID
        if is_void and seen.parent_id in self.refunds:
            del self.refunds[seen.parent_id]
            return
        about = seen.parent_id if is_void else seen.request_id
        known = self.captures.get(about, Known())
        move = judge(self.attempt, seen, known)
        assert move.meaning != "conflict", (seen, self.attempt)
        if seen.operation is Operation.CAPTURE and seen.verdict is Verdict.APPROVED:
            self.captures[about] = replace(known, captured=seen.amount)
        if is_void:
            self.captures[about] = replace(known, undone=True)
        if move.attempt is not None:
            self.attempts[-1] = move.attempt

    def standing_captures(self) -> Iterator[tuple[str, Money]]:
        """Captures that were not undone."""
        for id_, known in self.captures.items():
            if known.captured is not None and not known.undone:
                yield id_, known.captured

    @property
    def refunded(self) -> Money:
        """All that stands."""
        return sum(self.refunds.values(), _ZERO)


def _started(amount: Money) -> Attempt:
    return Attempt(
        wire_key="", connection="cards", shop="shop", attempt_key="1", order_number="1042",
        request_sha256=b"", state=AttemptState.STARTED, amount=amount, captured=_ZERO,
        reversed=_ZERO, refunded=_ZERO, authorization_id="", approval_code="", reason="", review="",
        token="", card=Card(), held=False, order=order(), authorized_at=None,
    )  # fmt: skip


def decided(authorization_id: str, *, accept: bool) -> Observation:
    """A case of Decision Manager, decided by a person."""
    return Observation(
        operation=Operation.REVIEW,
        verdict=Verdict.APPROVED if accept else Verdict.DECLINED,
        source=Source.WEBHOOK,
        order_number="1042",
        request_id=f"{authorization_id}:decided",
        occurred_at=datetime.now(UTC),
        parent_id=authorization_id,
    )


def usd(cents: int) -> Money:
    """So many cents."""
    return Money(Decimal(cents) / 100, "USD")
