"""Shoppers of a benchmark: three lines each, one card each, one parcel each."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tillbridge_simulators.shop import Options, ShopSimulator
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import Purchase, purchase

LINES = 3
DECLINED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Bought:
    """One shopper's checkout: what the shop measured, when its order was answered at once."""

    order: ShopOrder
    checkout_s: float


class Crowd:
    """Comes at a fixed rate, whatever the answers do; each pays and then gets the parcel."""

    def __init__(self, api_url: str, secret: str, tokens: Mapping[str, Sequence[str]]) -> None:
        """`tokens` by the card's outcome; each is good for one shopper."""
        self._tokens = {outcome: list(values) for outcome, values in tokens.items()}
        self.shop = ShopSimulator(api_url, secret, self._mint, options=Options(ships=False))
        self.bought: list[Bought] = []
        self.in_flight = 0
        self.in_flight_most = 0

    async def come(self, purchases: Sequence[Purchase], per_s: float) -> None:
        """Returns when the last has paid and his goods have been reported shipped."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as all_of_them:
            for number, wanted in enumerate(purchases):
                await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
                all_of_them.create_task(self._one(wanted))

    async def _one(self, wanted: Purchase) -> None:
        order = ShopOrder(wanted)
        self.shop.orders[order.number] = order
        self.in_flight += 1
        self.in_flight_most = max(self.in_flight_most, self.in_flight)
        began = time.perf_counter()
        await self.shop.pay(order)
        self.bought.append(Bought(order, time.perf_counter() - began))
        self.in_flight -= 1
        await self.shop.settle(order)

    async def _mint(self, outcome: str) -> dict[str, str]:
        return {"kind": "transient", "value": self._tokens[outcome].pop()}


def purchases(seed: int, count: int) -> list[Purchase]:
    """So many orders of three lines, 5 % of them with a card that is declined."""
    draw = random.Random(seed)  # noqa: S311 (a load, not a secret)
    found: list[Purchase] = []
    shopper = 0
    while len(found) < count:
        shopper += 1
        wanted = purchase(seed, shopper, ("USD",), "B")
        if len(wanted.document["lines"]) == LINES:
            declined = draw.random() < DECLINED_SHARE
            card = "processor_declined" if declined else "authorized"
            found.append(replace(wanted, cards=(card,), ending="ship"))
    return found
