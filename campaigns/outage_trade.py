"""The shoppers of an outage: they come at a rate, wait as long as people do, and get parcels later.

Who is told that nothing was attempted tries again twice and leaves. Who is told nothing for too
long leaves as well; the shop cancels that order. What is authorized is shipped within the next
hours, whatever is down then.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Final

from campaigns.site import Erp
from campaigns.two_books import BOOK, PREFIXES
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import purchase
from tillbridge_simulators.world import World

CURRENCIES: Final = ("USD",)
FIRST_CARDS: Final = {"authorized": 95, "processor_declined": 5}


@dataclass
class Trade:
    """The shop's day.

    Attributes:
        per_s: orders a real second from now on.
        parcel_s: a parcel leaves within so long (the world's seconds).
        aged: orders whose hold was old when we first heard of it.
    """

    world: World
    seed: int
    factor: float
    per_s: float
    parcel_s: float
    aged: list[str] = field(default_factory=list)
    _count: int = 0
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _coming: "asyncio.Task[None] | None" = None
    _broken: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(f"outage/{self.seed}")  # noqa: S311 (shoppers, not secrets)

    def open(self) -> None:
        """Shoppers come from now on, whatever becomes of those before them."""
        self._coming = asyncio.create_task(self._come())

    def close(self) -> None:
        """Nobody comes any more."""
        if self._coming is not None:
            self._coming.cancel()

    @property
    def is_over(self) -> bool:
        """Whether everybody has left and every parcel is on its way."""
        assert self.world.shop is not None, "a day has a shop"
        return not self._tasks and not self.world.shop.is_busy

    async def stop(self) -> None:
        """Everybody leaves at once. Raises what went wrong in the shop itself."""
        self.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in self._broken:
            raise error

    def sell_old(self, count: int, age_s: float, parcel_s: float) -> None:
        """Orders whose holds are `age_s` old (world seconds), shipped in `parcel_s` (real)."""
        assert self.world.cybersource is not None, "a day has payments"
        for _ in range(count):
            order = self._order()
            self.aged.append(order.number)
            self.world.cybersource.options.aged_s[order.number] = age_s / self.factor
            self._start(order, "authorized", parcel_s)

    async def _come(self) -> None:
        due = time.monotonic()
        while True:
            due += 1 / self.per_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            parcel_s = self._draw.uniform(0, self.parcel_s) / self.factor
            self._start(self._order(), "", parcel_s)

    def _order(self) -> ShopOrder:
        self._count += 1
        erp: Erp = self._draw.choice(("dynamics", "sage"))
        wanted = purchase(self.seed, self._count, CURRENCIES, PREFIXES[erp], FIRST_CARDS)
        wanted.document["custom"][BOOK] = erp
        order = ShopOrder(wanted)
        assert self.world.shop is not None, "a day has a shop"
        self.world.shop.orders[order.number] = order
        return order

    def _start(self, order: ShopOrder, card: str, parcel_s: float) -> None:
        if card:
            order.purchase = type(order.purchase)(order.purchase.document, (card,), "ship")
        task = asyncio.create_task(self._shop(order, parcel_s))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(error)

    async def _shop(self, order: ShopOrder, parcel_s: float) -> None:
        shop = self.world.shop
        assert shop is not None, "a day has a shop"
        await shop.pay(order)
        if order.state == "unanswered":
            await self._give_up(order)
        elif order.state == "authorized":
            await asyncio.sleep(parcel_s)
            await shop.settle(order)

    async def _give_up(self, order: ShopOrder) -> None:
        """The shopper has left without an answer: the shop cancels the order."""
        assert self.world.shop is not None, "a day has a shop"
        order.state = "cancelled"
        cancellation = {
            "id": f"cancel-{order.number}",
            "type": "order.cancelled",
            "order_number": order.number,
            "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        }
        await self.world.shop.tell("cancellation", cancellation)
