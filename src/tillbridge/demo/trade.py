"""The day's trade: who comes, what goes wrong outside, what is decided, and when it is over.

Everything is drawn from the demo's seed. Seconds are the world's own: a run divides them by its
factor.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tillbridge.demo.figures import Progress
from tillbridge.demo.site import Played
from tillbridge.outside.pointing import SHOP_SECRET
from tillbridge.outside.world import Outside

Rule: TypeAlias = dict[str, Any]
"""A fault as the simulators' control routes take it."""
Say: TypeAlias = Callable[[str], None]

SHOPPERS_AT_ONCE = 16
TICK_S = 0.2
STILL_S = 20.0
"""Real seconds without any movement after which the day is given up."""
ACCEPTED_SHARE = 0.7
DECISION_WAIT_S = 20.0

FIRST_CARDS = {
    "authorized": 76,
    "insufficient_fund": 7,
    "expired_card": 3,
    "avs_failed": 4,
    "review": 6,
    "risk_declined": 4,
}
"""Of a hundred shoppers, how the first card ends."""


def rule(operation: str, kind: str, chance: float, seconds: float = 0.0, status: int = 503) -> Rule:
    """One misbehaviour of one system."""
    fault = {"kind": kind, "seconds": seconds, "status": status}
    return {"operation": operation, "fault": fault, "chance": chance}


RULES: dict[str, list[Rule]] = {
    "cybersource": [
        rule("authorization", "lose_answer", 0.03),
        rule("authorization", "late", 0.02, seconds=90),  # commits after every deadline of ours
        rule("authorization", "break_before", 0.02),
        rule("capture", "lose_answer", 0.04),
        rule("capture", "late", 0.02, seconds=20),
        rule("reversal", "lose_answer", 0.05),
        rule("webhook", "lost", 0.10),
        rule("webhook", "twice", 0.10),
        rule("webhook", "late", 0.10, seconds=30),
        rule("authorization", "slow", 1.0, seconds=1.2),
    ],
    "dynamics365": [
        rule("sales_order", "lose_answer", 0.03),
        rule("sales_order", "late", 0.02, seconds=20),
        rule("sales_order", "refuse", 0.02),
        rule("sales_order", "refuse", 0.02, seconds=30, status=429),
        rule("payment_transaction", "lose_answer", 0.03),
    ],
    "sagepro": [
        rule("sales_order", "lose_answer", 0.03),
        rule("sales_order", "late", 0.02, seconds=20),
        rule("sales_order", "refuse", 0.03, status=1205),  # chosen as a deadlock's victim
        rule("payment_transaction", "lose_answer", 0.03),
    ],
    "shop": [
        rule("checkout", "twice", 0.04),
        rule("checkout", "lose_answer", 0.04),
        rule("fulfilment", "twice", 0.06),
        rule("fulfilment", "late", 0.06, seconds=30),
        rule("fulfilment", "lose_answer", 0.04),
        rule("cancellation", "twice", 0.10),
        rule("payment_status", "lose_answer", 0.04),
        rule("payment_status", "refuse", 0.02),
    ],
}


@dataclass(frozen=True, slots=True)
class Outage:
    """One system answers nobody.

    Attributes:
        from_share: it begins when this share of the day's shoppers has left the till.
        length_s: how long it lasts.
    """

    system: str
    title: str
    from_share: float
    length_s: float


OUTAGES = (
    Outage("cybersource", "Cybersource", 0.3, 20.0),
    Outage("dynamics365", "Dynamics 365", 0.55, 90.0),
)


@dataclass(slots=True)
class Shop:
    """How far the shop is."""

    busy: bool = True
    orders: int = 0
    states: dict[str, int] = field(default_factory=dict)

    @property
    def paid(self) -> int:
        """Orders whose shopper is no longer at the till."""
        return self.orders - self.states.get("new", 0)


class Trade:
    """One day. `shop`, `down` and `decided` are looked at while it runs."""

    def __init__(self, outside: Outside, orders: int, seed: int, factor: float) -> None:
        self.shop = Shop()
        self.down: frozenset[str] = frozenset()
        self.decided = {"accepted": 0, "rejected": 0}
        self._outside = outside
        self._orders = orders
        self._factor = factor
        self._draw = random.Random(seed)  # noqa: S311 (a simulation, not a secret)
        self._outages = [one for one in OUTAGES if one.system in outside.addresses]
        self._ends_at = 0.0
        self._seen_at: dict[str, float] = {}
        self._seen: tuple[Progress, Shop] | None = None
        self._moved_at = time.monotonic()

    async def run(self, look: Callable[[], Awaitable[Progress]], say: Say) -> bool:
        """Opens the shop and returns when everything is at rest; False when nothing moves though
        something is still open.

        `look` tells how far the house is; `say` hears what happens.
        """
        await self._outside.plan(RULES, self.down)
        content = {"first": 1, "count": self._orders, "at_once": SHOPPERS_AT_ONCE}
        await self._outside.tell("shop", "shoppers", content)
        while not await self._is_over(look):
            if time.monotonic() - self._moved_at > STILL_S:
                say(f"Nothing moved for {STILL_S:g} s, and not everything has ended.")
                return False
            await self._come_and_go(say)
            await self._decide_reviews()
            await asyncio.sleep(TICK_S)
        return True

    async def _is_over(self, look: Callable[[], Awaitable[Progress]]) -> bool:
        """Nothing is under way, nobody is asked to decide, and it stays so."""
        for _ in range(2):
            progress = await self._outside.ask("shop", "progress")
            self.shop = Shop(progress["busy"], progress["orders"], progress["states"])
            house = await look()
            if (house, self.shop) != self._seen:
                self._seen, self._moved_at = (house, self.shop), time.monotonic()
            if self.shop.busy or self.down or not house.at_rest:
                return False
            if self.shop.states.get("in_review") and await self._open_reviews():
                return False
        return True

    async def _come_and_go(self, say: Say) -> None:
        """Begins and ends outages."""
        if self.down:
            if time.monotonic() >= self._ends_at:
                self.down = frozenset()
                await self._outside.plan(RULES, self.down)
                say("It answers again.")
            return
        if self._outages and self.shop.paid >= self._outages[0].from_share * self._orders:
            outage = self._outages.pop(0)
            self.down = frozenset((outage.system,))
            self._ends_at = time.monotonic() + outage.length_s / self._factor
            await self._outside.plan(RULES, self.down)
            say(f"{outage.title} answers nobody for {outage.length_s:g} s of its time.")

    async def _decide_reviews(self) -> None:
        """Somebody at Cybersource decides about each review, a while after it was opened."""
        if not self.shop.states.get("in_review"):
            return
        now = time.monotonic()
        for request_id in await self._open_reviews():
            opened_at = self._seen_at.setdefault(request_id, now)
            if now - opened_at < DECISION_WAIT_S / self._factor:
                continue
            accept = self._draw.random() < ACCEPTED_SHARE
            await self._outside.tell(
                "cybersource", "reviews", {"request_id": request_id, "accept": accept}
            )
            self.decided["accepted" if accept else "rejected"] += 1

    async def _open_reviews(self) -> list[str]:
        holds = (await self._outside.ask("cybersource", "state"))["holds"]
        rows = [row for rows in holds.values() for row in rows]
        return [row["id"] for row in rows if row["review"] == "pending" and row["state"] == "held"]


def world_settings(url: str, seed: int, factor: float, played: Played) -> dict[str, Any]:
    """The outside world for a house whose API answers at that address."""
    teaching = played.texts.teaching
    known: dict[str, dict[str, Any]] = {
        "cybersource": {
            "options": {"partial_captures": True, "search_lag_s": 5.0},
            "subscription": {"url": f"{url}/doors/{played.payments}"},
        },
        "dynamics365": {"products": list(teaching.products), "columns": list(teaching.columns)},
        "sagepro": {"products": list(teaching.products)},
        "shop": {
            "api_url": url,
            "secret": SHOP_SECRET,
            "options": {
                "connection": played.shop,
                "currencies": ["USD"],
                "first_cards": FIRST_CARDS,
            },
        },
    }
    used = {name: known[name] for name in played.systems}
    return {"factor": factor, "seed": seed, "systems": played.systems, **used}
