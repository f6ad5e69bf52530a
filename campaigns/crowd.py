"""The crowd: shoppers of a closed loop, so many orders under way at a time and no more.

Whoever leaves makes room for the next: when his order has come to rest, or after a while, so that
what is stuck keeps nobody out. Only so many are ever paying: most of those wait to try again.
"""

import asyncio
import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace

from campaigns.site import Erp
from campaigns.two_books import BOOK, PREFIXES
from tillbridge_simulators.shop import ShopSimulator
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import Purchase, purchase

SAGE_SHARE = 0.1
"""Of all orders; the rest goes to Dynamics 365."""
TYPO_SHARE = 0.005
"""Orders of a product that nobody knows: a person has to correct them."""
TYPO = "-TYPO"
PAYING = 2
"""Times as many as may be under way."""
_LOOK_S = 0.05
_ENDED = ("declined", "challenge", "refused", "gave_up", "unanswered", "in_review")


class Crowd:
    """Buys. `come` returns when the last shopper has gone home."""

    def __init__(self, shop: ShopSimulator, seed: int, at_most: int, patience_s: float) -> None:
        """`at_most` orders are under way at a time; one that takes `patience_s` counts no more."""
        self._shop = shop
        self._seed = seed
        self._at_most = at_most
        self._patience_s = patience_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._paying = 0
        self._under_way: dict[str, tuple[ShopOrder, float]] = {}

    @property
    def count(self) -> int:
        """How many have come."""
        return len(self._shop.orders)

    @property
    def under_way(self) -> int:
        """Orders that have not come to rest."""
        return len(self._under_way)

    @property
    def passed(self) -> int:
        """Orders that have, or that nobody waits for any more."""
        return self.count - self.under_way

    @property
    def is_over(self) -> bool:
        """Nobody shops, and no parcel is on its way."""
        return not self._tasks and not self._shop.is_busy

    async def come(self, count: int, last_s: float) -> None:
        """So many shoppers, one after the other as there is room; nobody waits longer than `last_s`
        for those who are still there when the last has come."""
        wanted = purchases(self._seed, count)
        until = math.inf
        while (self._tasks or count) and time.monotonic() < until:
            room = min(self._room(), count)
            for one in (next(wanted) for _ in range(room)):
                self._enter(one)
            count -= room
            if not count:
                until = min(until, time.monotonic() + last_s)
            await asyncio.sleep(_LOOK_S)

    async def stop(self) -> None:
        """Sends everybody home."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _room(self) -> int:
        latest = time.monotonic() - self._patience_s
        self._under_way = {
            number: (order, came_at)
            for number, (order, came_at) in self._under_way.items()
            if came_at > latest and not is_at_rest(order)
        }
        most = self._at_most
        return max(0, min(most - len(self._under_way), PAYING * most - self._paying))

    def _enter(self, wanted: Purchase) -> None:
        order = ShopOrder(wanted)
        self._shop.orders[order.number] = order
        self._under_way[order.number] = (order, time.monotonic())
        task = asyncio.create_task(self._one(order))
        self._tasks.add(task)
        task.add_done_callback(self._left)

    async def _one(self, order: ShopOrder) -> None:
        self._paying += 1
        try:
            await self._shop.pay(order)
        finally:
            self._paying -= 1
        await self._shop.settle(order)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._shop.log.add("shopper_broke", error=repr(task.exception()))


def is_at_rest(order: ShopOrder) -> bool:
    """Whether nothing more is to happen by itself, as far as the shop knows."""
    if order.state == "shipped":
        return order.paid >= order.due()
    if order.state == "cancelled":
        return order.released >= order.held
    return order.state in _ENDED


def purchases(seed: int, count: int) -> Iterator[Purchase]:
    """What so many shoppers buy; some type a product wrong."""
    draw = random.Random(seed)  # noqa: S311 (a load, not a secret)
    for shopper in range(1, count + 1):
        erp: Erp = "sage" if draw.random() < SAGE_SHARE else "dynamics"
        wanted = purchase(seed, shopper, ("USD",), PREFIXES[erp])
        wanted.document["custom"][BOOK] = erp
        if draw.random() < TYPO_SHARE:
            lines = wanted.document["lines"]
            first = lines[0] | {"product": lines[0]["product"] + TYPO}
            wanted = replace(wanted, document=wanted.document | {"lines": [first, *lines[1:]]})
        yield wanted


def correct(order: ShopOrder) -> None:
    """The shop mends in its own books what a shopper had typed wrong."""
    for line in order.purchase.document["lines"]:
        line["product"] = line["product"].removesuffix(TYPO)
