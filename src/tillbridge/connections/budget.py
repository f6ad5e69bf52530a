"""A budget: what this process may still ask of one connection.

Permits come in slices that all processes take from PostgreSQL beforehand (budgets.py), and are
spent here: an ordinary call costs no statement. A slice ends soon; what is left of it goes back.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Transient
from tillbridge.connector.limits import Limits, Span
from tillbridge.connector.permits import OVER_LIMITS

Purpose: TypeAlias = Literal["work", "checkout", "probe"]
"""What a request is made for: a checkout has a share of its own, a probe is never held up."""

PURPOSE: ContextVar[Purpose] = ContextVar("purpose", default="work")
LIFE_MIN_S = 0.05
LIFE_MAX_S = 1.0
LEASE_S = 10.0
"""How long the share of a process that says nothing is kept for it: a busy one may be late."""
KEPT_BACK = 5
"""Permits of each span that only a probe gets: a token, a look, and both again."""
PATIENCE_S = 5.0
"""How long a request waits for its permit: a busy database may be slow to give a slice out. When it
is known that there is none for longer, nobody waits for it here."""
START = 8
"""Entries before anything is known of how much is left."""
SPARE = 1.5
"""Asked for is this much more than was spent the last time."""


@dataclass(slots=True)
class Slice:
    """Permits that may be used until a monotonic moment; `taken_ms` is the database's clock."""

    work: int
    checkout: int
    until: float
    taken_ms: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What goes to the database: the type `asked` (migration 0014), field by field."""

    connection: str
    work: int
    checkout: int
    spent: int
    busy_ms: int
    ended: int
    busy_each_ms: float
    wanted: int
    in_flight: int
    back_ms: list[int]
    back_work: list[int]
    back_checkout: list[int]
    span_ms: list[int]
    requests_max: list[int]
    busy_max_ms: list[int]
    at_once_max: int
    checkout_percent: int
    kept_back: int
    life_ms: int
    lease_ms: int
    told_requests: int | None
    told_busy_ms: int | None


@dataclass(frozen=True, slots=True)
class Given:
    """What came of a wish: permits, how many requests may be in flight, and how long it is until
    there are permits for work again (0: there are)."""

    taken_ms: int
    work: int
    checkout: int
    at_once: int
    free_in_ms: int


@dataclass(slots=True)
class _Waiter:
    purpose: Purpose
    permit: "asyncio.Future[None]"


@dataclass(slots=True)
class _Counts:
    """What happened since the last slice was taken."""

    work: int = 0
    checkout: int = 0
    unasked: int = 0
    entries: int = 0
    ended: int = 0
    busy_s: float = 0.0
    answered: int = 0
    peak: int = 0
    told: tuple[int, float | None] | None = None

    @property
    def any(self) -> bool:
        return bool(self.work or self.checkout or self.unasked or self.ended or self.answered)


class Budget:
    """The permits of one connection (connector/permits.py), and who waits for one."""

    def __init__(
        self,
        connection: str,
        limits: Limits,
        *,
        factor: float,
        checkout_percent: int,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called when a slice is wanted."""
        self.connection = connection
        self.limits = limits
        self.spans: tuple[Span, ...] = limits.spans(factor)
        self._is_counted = any(span.requests or span.busy_s for span in self.spans)
        self.life_s = max(LIFE_MIN_S, min(LIFE_MAX_S, self._shortest_s() / 20))
        self._checkout_percent = checkout_percent
        self._wake = wake
        self._slices: deque[Slice] = deque()
        self._waiting: deque[_Waiter] = deque()
        self._at_once = 0
        self._at_once_until = float("-inf")
        self._in_flight = 0
        self._expected = 0
        self._entering: list[Purpose] = []
        self._free_at = float("-inf")
        self._is_hungry = False
        self._counts = _Counts()
        self._busy_each_s = 0.1
        self._calls_each = 1.0

    @property
    def is_limited(self) -> bool:
        """Whether anything is ever held up here."""
        return self._is_counted or self.limits.at_once > 0

    @property
    def has_slice(self) -> bool:
        """Whether it takes part at present."""
        return self._at_once_until > time.monotonic()

    @property
    def is_awake(self) -> bool:
        """Whether there is something to ask for, to hand back, or to tell."""
        return bool(
            self._counts.any
            or self._in_flight
            or self._waiting
            or self._slices
            or self._entering
            or self._is_hungry
        )

    @property
    def wait_s(self) -> float:
        """How long until there is a permit, as far as that is known."""
        return max(self._free_at - time.monotonic(), self.life_s)

    # The permits of the connector.

    async def take(self) -> None:
        purpose = PURPOSE.get()
        if not self._waiting and self._spend(purpose):
            return
        if self._free_at > time.monotonic() + PATIENCE_S:
            raise self._over()
        waiter = _Waiter(purpose, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._wake()
        try:
            await asyncio.wait_for(waiter.permit, PATIENCE_S)
        except TimeoutError:
            raise self._over() from None
        except asyncio.CancelledError:
            if waiter.permit.done() and not waiter.permit.cancelled():
                self.ended(0.0)
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def ended(self, seconds: float) -> None:
        self._in_flight -= 1
        self._counts.busy_s += seconds
        self._counts.answered += 1
        self._serve()

    def told(self, requests: int, busy_s: float | None) -> None:
        self._counts.told = (requests, busy_s)

    # The gate.

    async def expect(self, purpose: Purpose) -> bool:
        """Whether work may begin: there is a permit for it, now or in a moment."""
        self._counts.entries += 1
        if not self._is_counted:
            return True
        until = time.monotonic() + PATIENCE_S
        self._entering.append(purpose)
        try:
            while self._left(purpose) - self._expected <= 0:
                self._wake()
                if time.monotonic() >= until or self._free_at > until:
                    return False
                await asyncio.sleep(self.life_s / 10)
        finally:
            self._entering.remove(purpose)
        self._expected += 1
        return True

    def room(self) -> int | None:
        """How many more turns may begin; None for any number."""
        if not self.is_limited:
            return None
        rooms = []
        if self._is_counted:
            left = self._left("work") - self._expected
            if not self._slices and self._free_at <= time.monotonic():
                left = START
            rooms.append(int(left / self._calls_each))
        if self._at_once_until > time.monotonic():
            rooms.append(2 * self._at_once - self._in_flight - len(self._waiting))
        return max(0, min(rooms, default=START))

    def want_more(self) -> None:
        """All that was offered was taken: more is waiting."""
        if self.is_limited and not self._is_hungry:
            self._is_hungry = True
            self._wake()

    def count_ended(self) -> None:
        """A run at this connection has ended."""
        self._counts.ended += 1

    # The keeper of all budgets.

    def wish(self, turns_max: int) -> Wish:
        """What is asked for now; what it tells is forgotten here."""
        counts, now = self._counts, time.monotonic()
        back = [one for one in self._slices if one.until <= now]
        self._slices = deque(one for one in self._slices if one.until > now)
        if counts.answered:
            each_s = counts.busy_s / counts.answered
            self._busy_each_s += (each_s - self._busy_each_s) / 4
        if counts.entries:
            each = max(1.0, (counts.work + counts.checkout) / counts.entries)
            self._calls_each += (each - self._calls_each) / 4
        hungry = turns_max * self._calls_each if self._is_hungry else 0
        wish = Wish(
            connection=self.connection,
            work=self._asked("work", counts.work, self._count_waiting("work") + hungry),
            checkout=self._asked("checkout", counts.checkout, self._count_waiting("checkout")),
            spent=counts.unasked,
            busy_ms=round(counts.busy_s * 1000),
            ended=counts.ended,
            busy_each_ms=self._busy_each_s * 1000,
            wanted=max(START, round(SPARE * counts.peak) + len(self._waiting)),
            in_flight=self._in_flight,
            back_ms=[one.taken_ms for one in back],
            back_work=[one.work for one in back],
            back_checkout=[one.checkout for one in back],
            span_ms=[round(span.seconds * 1000) for span in self.spans],
            requests_max=[span.requests for span in self.spans],
            busy_max_ms=[round(span.busy_s * 1000) for span in self.spans],
            at_once_max=self.limits.at_once,
            checkout_percent=self._checkout_percent,
            kept_back=KEPT_BACK if self._is_counted else 0,
            life_ms=round(self.life_s * 1000),
            lease_ms=round(LEASE_S * 1000),
            told_requests=counts.told[0] if counts.told else None,
            told_busy_ms=_ms(counts.told[1]) if counts.told else None,
        )
        self._counts = _Counts(peak=self._in_flight)
        self._is_hungry = False
        return wish

    def give(self, began: float, given: Given) -> None:
        """A slice has come; `began` is the monotonic moment before it was asked for."""
        if given.work or given.checkout:
            until = began + self.life_s
            self._slices.append(Slice(given.work, given.checkout, until, given.taken_ms))
        self._at_once = given.at_once
        self._at_once_until = began + LEASE_S
        free_in_s = given.free_in_ms / 1000
        self._free_at = began + free_in_s if free_in_s else float("-inf")
        self._expected = 0
        self._serve()

    def _shortest_s(self) -> float:
        """The shortest span in which something is limited."""
        return min(
            (span.seconds for span in self.spans if span.requests or span.busy_s),
            default=LIFE_MAX_S * 20,
        )

    def _asked(self, purpose: Purpose, spent: int, waiting: float) -> int:
        if not self._is_counted or not (spent or waiting):
            return 0
        return max(0, round(max(START, SPARE * spent) + waiting) - self._left(purpose))

    def _spend(self, purpose: Purpose) -> bool:
        """Uses a permit, if there is one."""
        if purpose == "probe" or not self.is_limited:
            self._counts.unasked += 1
        elif not self._may_fly() or not self._pay(purpose):
            return False
        self._in_flight += 1
        self._counts.peak = max(self._counts.peak, self._in_flight)
        return True

    def _may_fly(self) -> bool:
        if not self.limits.at_once:
            return True
        return self._in_flight < self._at_once and time.monotonic() < self._at_once_until

    def _pay(self, purpose: Purpose) -> bool:
        if not self._is_counted:
            self._counts.unasked += 1
            return True
        now = time.monotonic()
        for one in self._slices:
            left = one.checkout if purpose == "checkout" else one.work
            if one.until > now and left:
                if purpose == "checkout":
                    one.checkout -= 1
                    self._counts.checkout += 1
                else:
                    one.work -= 1
                    self._counts.work += 1
                self._expected = max(0, self._expected - 1)
                if self._left(purpose) * 4 < self._counts.work + self._counts.checkout:
                    self._wake()
                return True
        return False

    def _left(self, purpose: Purpose) -> int:
        now = time.monotonic()
        return sum(
            one.checkout if purpose == "checkout" else one.work
            for one in self._slices
            if one.until > now
        )

    def _count_waiting(self, purpose: Purpose) -> int:
        waiting = sum(waiter.purpose == purpose for waiter in self._waiting)
        return waiting + self._entering.count(purpose)

    def _serve(self) -> None:
        """Permits for those that wait, in the order in which they came."""
        for waiter in list(self._waiting):
            if waiter.permit.done():
                continue
            if not self._spend(waiter.purpose):
                continue
            self._waiting.remove(waiter)
            waiter.permit.set_result(None)

    def _over(self) -> Transient:
        return Transient(
            f"{self.connection} takes no more for now: {self.told_limits()}; nothing was sent.",
            wait_s=self.wait_s,
            sent="no",
            reason=OVER_LIMITS,
        )

    def told_limits(self) -> str:
        """The limits, for people."""
        limits = self.limits
        told = [
            f"{count:,} {what}"
            for count, what in (
                (limits.per_second, "requests a second"),
                (limits.per_minute, "requests a minute"),
                (limits.requests, f"requests in {limits.window_s:.0f} s"),
                (int(limits.busy_s), f"s of its time in {limits.window_s:.0f} s"),
                (limits.at_once, "at once"),
            )
            if count
        ]
        return ", ".join(told) or "no limit"


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
