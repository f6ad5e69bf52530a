"""A town for journeys: simulators of every system, one house, its API and a worker, all real."""

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette

import tillbridge
from tillbridge.api.doors import doors
from tillbridge.assembly import Site, close_house, open_house, prepare, shop_of, worker
from tillbridge.canonical.money import Money
from tillbridge.connections.budget import PURPOSE
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.journeys.house import House
from tillbridge.runs.history import RunRow, runs
from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.cybersource.options import Options as CybersourceOptions
from tillbridge_simulators.cybersource.webhooks import Subscription
from tillbridge_simulators.dynamics365.simulator import DataverseSimulator
from tillbridge_simulators.sagepro.simulator import SageProSimulator
from tillbridge_simulators.shop.signing import signed
from tillbridge_simulators.shop.simulator import Options as ShopOptions
from tillbridge_simulators.shop.simulator import ShopSimulator

TEMPLATES = Path(tillbridge.__file__).parent / "templates"
SECRET = "a-secret-that-the-shop-and-we-share-0001"
WEBHOOKS = Subscription(url="")
FACTOR = 20.0


@dataclass
class Town:
    """Everything that runs. `house` is the workers'; `desk` is the API's."""

    cybersource: CybersourceSimulator
    dynamics: DataverseSimulator | None
    sage: SageProSimulator | None
    shop: ShopSimulator
    site: Site
    dsn: str
    house: House
    desk: House
    url: str
    subscription: Subscription
    stack: contextlib.AsyncExitStack = field(repr=False)

    async def runs(self, subject: str = "") -> list[RunRow]:
        return await runs(self.house.database, subject=subject, limit=500)

    async def quiet(self, timeout_s: float = 20.0) -> None:
        """Waits until no run is open and the shop has nothing under way."""
        async with asyncio.timeout(timeout_s):
            while await self._is_busy():  # noqa: ASYNC110 (nothing in the town rings for a test)
                await asyncio.sleep(0.05)

    async def _is_busy(self) -> bool:
        return self.shop.is_busy or any(run.ended_at is None for run in await self.runs())

    async def wait_for(self, subject: str, flow: str, waiting_for: str) -> None:
        """Waits until a run of the order waits for something."""
        async with asyncio.timeout(10):
            while True:
                for run in await self.runs(subject):
                    if run.flow == flow and run.waiting_for.startswith(waiting_for):
                        return
                await asyncio.sleep(0.02)

    def held(self, order: str) -> list[dict[str, str]]:
        return self.cybersource.live_holds().get(order, [])


@contextlib.asynccontextmanager
async def open_town(
    folder: Path,
    dsn: str,
    *,
    template: str = "order-to-cash-dynamics",
    options: CybersourceOptions | None = None,
    settings: dict[str, str] | None = None,
    ships: bool = True,
    turns_by_target: int = 20,
    extend: Callable[[Path], None] | None = None,
) -> AsyncIterator[Town]:
    """A town over a migrated database.

    `settings` are added to the Cybersource connection; `extend` changes the folder before it is
    read.
    """
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        subscription = Subscription(url=f"{url}/doors/cybersource")
        cybersource = CybersourceSimulator(options, subscription=subscription, factor=FACTOR)
        await cybersource.start()
        stack.push_async_callback(cybersource.stop)
        shop = ShopSimulator(
            url,
            SECRET,
            f"http://127.0.0.1:{cybersource.port}",
            options=ShopOptions(currencies=("USD",), factor=FACTOR, ships=ships),
        )
        await shop.start()
        stack.push_async_callback(shop.stop)
        dynamics = sage = None
        if template.endswith(("dynamics", "both")):
            dynamics = DataverseSimulator(factor=FACTOR, key_lag_s=0.0)
            await dynamics.start()
            stack.push_async_callback(dynamics.stop)
        if template.endswith(("sage", "both")):
            sage = SageProSimulator(factor=FACTOR)
            await sage.start()
            stack.push_async_callback(sage.stop)
        copy_template(folder, template)
        write_connections(folder, cybersource, shop, dynamics, sage, settings=settings or {})
        if extend is not None:
            extend(folder)
        patch = pytest.MonkeyPatch()
        stack.callback(patch.undo)
        for name, value in secrets(cybersource, dynamics, sage, subscription).items():
            patch.setenv(f"TILLBRIDGE_SECRET_{name}", value)
        await prepare(dsn)
        site = Site(folder, factor=FACTOR)
        desk = await open_house(site, dsn, role="api", pool=8)
        stack.push_async_callback(close_house, desk)
        house = await open_house(site, dsn, role="worker", pool=8)
        stack.push_async_callback(close_house, house)
        await provision(house)
        await stack.enter_async_context(serving(desk, port))
        await stack.enter_async_context(working(house, dsn, turns_by_target))
        yield Town(
            cybersource, dynamics, sage, shop, site, dsn, house, desk, url, subscription, stack
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def copy_template(folder: Path, template: str) -> None:
    shutil.copytree(TEMPLATES / template, folder, dirs_exist_ok=True)


def write_connections(
    folder: Path,
    cybersource: CybersourceSimulator,
    shop: ShopSimulator,
    dynamics: DataverseSimulator | None,
    sage: SageProSimulator | None,
    *,
    settings: dict[str, str],
) -> None:
    given = {"search_lag_s": "1"} | settings
    extra = "".join(f"      {name}: {value}\n" for name, value in given.items())
    text = f"""
connections:
  webshop:
    connector: shop
    pays_through: cybersource
    settings: {{id: webshop, signing_secret: shop, status_url: "{shop.status_url}"}}
  cybersource:
    connector: cybersource
    settings:
      merchant_id: {cybersource.options.merchant_id}
      key_id: {cybersource.options.key_id}
      secret_key: cybersource
      base_url: {cybersource.url}
      webhook_keys: webhooks
{extra}"""
    if dynamics is not None:
        text += f"""
  dynamics:
    connector: dynamics365
    settings:
      organization_url: {dynamics.url}
      authority_url: {dynamics.url}
      tenant: contoso
      client_id: tillbridge-app
      client_secret: dynamics
"""
    if sage is not None:
        text += f"""
  sage:
    connector: sagepro
    settings:
      host: 127.0.0.1
      port: {sage.port}
      user: {sage.user}
      password: sage
      company_database: PRO05
      company_id: "05"
      location: MAIN
"""
    (folder / "tillbridge.yaml").write_text(text)


def secrets(
    cybersource: CybersourceSimulator,
    dynamics: DataverseSimulator | None,
    sage: SageProSimulator | None,
    subscription: Subscription,
) -> dict[str, str]:
    return {
        "SHOP": SECRET,
        "CYBERSOURCE": cybersource.options.secret_key,
        "WEBHOOKS": f"{subscription.key_id}:{subscription.key}",
        "DYNAMICS": dynamics.sign_in.client_secret if dynamics is not None else "",
        "SAGE": sage.password if sage is not None else "",
    }


async def provision(house: House) -> None:
    """What `tillbridge provision` does: the other systems get what the connectors need there."""
    call = Call("", house.clock(), 30.0, "a test", lambda: None)
    purpose = PURPOSE.set("probe")  # as the only one who asks, and not held up
    for connection in house.connections.all():
        if isinstance(connection.session, Provisions):
            for line in await connection.session.provision(call):
                assert line.passed, line
    PURPOSE.reset(purpose)


@contextlib.asynccontextmanager
async def serving(desk: House, port: int) -> AsyncIterator[None]:
    app = Starlette(routes=doors(lambda: desk, shop_of))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def working(house: House, dsn: str, turns_by_target: int) -> AsyncIterator[None]:
    toil = worker(house, turns_by_target=turns_by_target)
    task = asyncio.create_task(toil.run(dsn))
    try:
        yield
    finally:
        toil.stop()
        await asyncio.wait_for(task, 10)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def order_document(number: str, *, total: str = "31.95") -> dict[str, Any]:
    """A small order in dollars: two mugs, tax, freight."""
    lines = str(Decimal(total) - Decimal("6.95"))
    price = str((Decimal(lines) / 2).quantize(Decimal("0.0001")))
    address = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "line1": "1 High Street",
        "city": "New York",
        "region": "NY",
        "postal_code": "10001",
        "country": "US",
    }
    return {
        "number": number,
        "currency": "USD",
        "placed_at": "2026-03-02T10:15:00Z",
        "lines": [
            {"product": "MUG-BLUE", "description": "Mug", "quantity": "2", "unit_price": price}
        ],
        "tax": "1.95",
        "freight": "5.00",
        "total": total,
        "customer": {"id": "C-7", "name": "Ada Lovelace", "email": "ada@example.com"},
        "billing": address,
        "shipping": address,
    }


@dataclass
class Till:
    """The shop's side by hand: signed posts to the town's API."""

    town: Town
    session: aiohttp.ClientSession

    async def pay(
        self,
        order: dict[str, Any],
        *,
        outcome: str = "authorized",
        key: str = "",
        token: str = "",
        amount: str = "",
    ) -> tuple[int, dict[str, Any]]:
        minted = token or self.town.cybersource.mint_token(outcome)
        body = {"order": order, "token": {"kind": "transient", "value": minted}}
        return await self.post("/checkout/payments", body, key or f"key-{order['number']}")

    async def ship(self, order: str, *, id_: str = "1", amount: str = "") -> int:
        fulfilment: dict[str, Any] = {"id": id_, "lines": [], "complete": True}
        if amount:
            fulfilment["amount"] = amount
        status, _ = await self.post(
            "/doors/webshop",
            {
                "id": f"ship-{order}-{id_}",
                "type": "order.fulfilled",
                "order_number": order,
                "occurred_at": "2026-03-03T10:00:00Z",
                "fulfilment": fulfilment,
            },
            f"ship-{order}-{id_}",
        )
        return status

    async def post(self, path: str, body: object, key: str) -> tuple[int, dict[str, Any]]:
        return await self.send("POST", path, json.dumps(body).encode(), key)

    async def send(
        self, method: str, path: str, data: bytes, key: str, secret: str = SECRET
    ) -> tuple[int, dict[str, Any]]:
        headers = signed(secret, method, path, data) | {
            "content-type": "application/json",
            "idempotency-key": key,
        }
        async with self.session.request(
            method, self.town.url + path, data=data, headers=headers
        ) as answer:
            return answer.status, json.loads(await answer.read())


@contextlib.asynccontextmanager
async def till(town: Town) -> AsyncIterator[Till]:
    async with aiohttp.ClientSession() as session:
        yield Till(town, session)
