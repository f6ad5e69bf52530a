"""One web shop with its shoppers, on one port."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.checkout import Checkout, Mint, Patience
from tillbridge_simulators.shop.client import Client
from tillbridge_simulators.shop.control import Control
from tillbridge_simulators.shop.deliveries import Deliveries
from tillbridge_simulators.shop.messages import PATH as MESSAGES_PATH
from tillbridge_simulators.shop.messages import Messages
from tillbridge_simulators.shop.shoppers import FIRST_CARD, purchase

TIMEOUT_S = 35.0
"""The API answers within 25 s; a good shop waits a little longer before it asks again."""


@dataclass(frozen=True, slots=True)
class Options:
    """What kind of shop it is.

    Attributes:
        connection: the name of the shop's connection; its door is /doors/<connection>.
        seed: which shoppers come.
        currencies: drawn from for each order.
        prefix: of order numbers.
        factor: every wait is divided by it.
        ships: False: the shop only checks out, and whoever runs it calls `settle`.
        posts_max, pending_s: how often the shop posts one key, and for how long it asks about
            it, before the shopper leaves.
        patience_min_s: however sped up the world is, a call is waited for so long.
        first_cards: the weights of how the first card ends (outcomes of the Cybersource
            simulator).
    """

    connection: str = "webshop"
    seed: int = 1
    currencies: Sequence[str] = ("USD", "EUR")
    prefix: str = "W"
    factor: float = 1.0
    ships: bool = True
    posts_max: int = 20
    pending_s: float = 120.0
    patience_min_s: float = 3.0
    first_cards: Mapping[str, int] = field(default_factory=lambda: dict(FIRST_CARD))


class ShopSimulator:
    """A shop that checks out, ships, cancels and listens; it keeps what it believes."""

    def __init__(
        self,
        api_url: str,
        secret: str,
        mint: Mint | str,
        *,
        options: Options | None = None,
        faults: Faults | None = None,
        log: EffectLog | None = None,
        port: int = 0,
    ) -> None:
        """`mint` makes tokens, or is the address of a Cybersource simulator that does."""
        self.options = options or Options()
        self.faults = faults or Faults()
        self.log = log or EffectLog()
        self.port = port
        self.orders: dict[str, ShopOrder] = {}
        self._minter = mint if isinstance(mint, str) else ""
        self._session: aiohttp.ClientSession | None = None
        factor = self.options.factor
        patience = Patience(self.options.posts_max, self.options.pending_s, factor)
        self._client = Client(
            api_url, secret, self.log, max(TIMEOUT_S / factor, self.options.patience_min_s)
        )
        self._checkout = Checkout(
            self._client,
            self._mint_there if isinstance(mint, str) else mint,
            self.faults,
            self.log,
            patience,
        )
        self._deliveries = Deliveries(
            self._client, f"/doors/{self.options.connection}", self.faults, self.log, patience
        )
        self._messages = Messages(secret, self.faults, self.log, factor, self._told)
        self._runner: web.AppRunner | None = None
        self._background: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """Where the shop's calls go."""
        return self._client.api_url

    @api_url.setter
    def api_url(self, url: str) -> None:
        self._client.api_url = url

    @property
    def status_url(self) -> str:
        """Where the shop takes messages about payments."""
        return self.url + MESSAGES_PATH

    async def start(self) -> None:
        """Binds 127.0.0.1; with port 0 any free port, known afterwards."""
        app = web.Application()
        self._messages.add_routes(app)
        Control(self).add_routes(app)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops shopping at once and closes everything."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._messages.stop()
        await self._client.close()
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.log.close()

    async def shop_once(self, shopper: int) -> ShopOrder:
        """One shopper from basket to parcel (or to the last declined card)."""
        order = self.order(shopper)
        await self._checkout.pay(order)
        if self.options.ships:
            await self.settle(order)
        return order

    def order(self, shopper: int) -> ShopOrder:
        """The shopper's order, new in the shop's books."""
        options = self.options
        wanted = purchase(
            options.seed, shopper, options.currencies, options.prefix, options.first_cards
        )
        order = ShopOrder(wanted)
        self.orders[order.number] = order
        self.log.add(
            "order",
            order_number=order.number,
            total=str(order.total),
            currency=order.currency,
            ending=wanted.ending,
        )
        return order

    async def pay(self, order: ShopOrder) -> None:
        """The checkout alone."""
        await self._checkout.pay(order)

    async def tell(self, operation: str, delivery: Mapping[str, Any]) -> bool:
        """Posts one delivery as it is; False when the door refused it, or it was lost."""
        return await self._deliveries.tell(operation, delivery)

    async def settle(self, order: ShopOrder) -> None:
        """Ships or cancels what is authorized; what is in review waits for a message."""
        if order.state != "authorized":
            return
        if order.purchase.ending == "cancel":
            await self._deliveries.cancel(order)
        else:
            await self._deliveries.ship(order)

    def shop(self, shoppers: Sequence[int], at_once: int) -> None:
        """Shoppers in the background, so many at once."""
        self._start(self._shop_all(list(shoppers), at_once))

    @property
    def is_busy(self) -> bool:
        """True while shoppers or parcels are under way in the background."""
        return bool(self._background)

    def progress(self) -> dict[str, Any]:
        """How far the shop is: busy or not, and its orders by state."""
        states = Counter(order.state for order in self.orders.values())
        return {"busy": self.is_busy, "orders": len(self.orders), "states": states}

    async def idle(self) -> None:
        """Waits until nothing is under way in the background."""
        while self._background:
            await asyncio.wait(self._background)

    def state(self) -> dict[str, Any]:
        """What the shop believes, as plain JSON."""
        return {
            "busy": self.is_busy,
            "orders": {number: order.summary() for number, order in self.orders.items()},
        }

    async def _shop_all(self, shoppers: list[int], at_once: int) -> None:
        waiting = iter(shoppers)

        async def lane() -> None:
            for shopper in waiting:
                await self.shop_once(shopper)

        await asyncio.gather(*(lane() for _ in range(at_once)))

    def _told(self, message: dict[str, Any]) -> None:
        order = self.orders.get(str(message.get("order_number", "")))
        if order is None:
            self.log.add("shop_message_stray", order_number=str(message.get("order_number", "")))
            return
        was_waiting = order.state in ("in_review", "unanswered")
        order.told(message)
        if was_waiting and self.options.ships:
            self._start(self.settle(order))

    def _start(self, work: Any) -> None:  # a coroutine
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.log.add("shop_broke", error=repr(task.exception()))

    async def _mint_there(self, outcome: str) -> dict[str, str]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        address = f"{self._minter.rstrip('/')}/_simulator/tokens"
        async with self._session.post(address, json={"outcome": outcome}) as reply:
            reply.raise_for_status()
            minted = await reply.json()
        return {"kind": "transient", "value": str(minted["token"])}
