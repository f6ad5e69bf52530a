"""A stranger's connector carries a real order through a flow; no line of the engine is touched."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web
from tests.journeys.town import open_town, order_document, till

from tillbridge_simulators.effects import EffectLog

STRANGER = Path(__file__).parents[2] / "examples" / "stranger"

FLOW = """
flow: order-to-books
title: A paid order is written in Ledgerly
lane: books
starts_on: [payment.authorized]
steps:
  - write: ordered
    to: books
    document: sales_order
    ordinal: payment.attempt_key
    fields:
      number: order.number
      customer: order.customer.name
      total: order.total
      lines:
        each: order.lines
        as: line
        fields: {item: line.product, quantity: line.quantity, price: line.unit_price}
"""


async def test_a_strangers_connector_carries_an_order(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "installed", monkeypatch)
    books = Ledgerly()
    await books.start()
    monkeypatch.setenv("TILLBRIDGE_SECRET_LEDGERLY", "made-up")
    try:
        async with (
            open_town(tmp_path / "site", dsn, extend=books.join) as town,
            till(town) as shop,
        ):
            await shop.pay(order_document("1042"))
            await town.quiet()
            named = await town.house.database.fetch_value(
                "SELECT id FROM external_references WHERE subject = '1042' AND system = 'books'"
            )
    finally:
        await books.runner.cleanup()

    (order,) = books.log.entries("sales_order")
    assert order.facts["number"] == "1042"
    assert named == "L-1042"


class Ledgerly:
    """The made-up ERP: keeps orders by key."""

    def __init__(self) -> None:
        self.log = EffectLog()
        self.runner: web.AppRunner
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_put("/v1/orders/{key}", self.put_order)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def put_order(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.log.add("sales_order", number=order["number"], key=request.match_info["key"])
        return web.json_response({"id": f"L-{order['number']}", "status": "open"}, status=201)

    def join(self, folder: Path) -> None:
        """Adds the connection and its flow to a user's folder: text, and nothing else."""
        with (folder / "tillbridge.yaml").open("a") as file:
            file.write(
                "  books:\n    connector: ledgerly\n"
                f'    settings: {{address: "{self.url}", api_key: ledgerly}}\n'
            )
        (folder / "flows" / "order-to-books.yaml").write_text(FLOW)


def install(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a stranger's user would: pip, and nothing else."""
    source = target.with_name("source")
    source.mkdir()
    for name in ("pyproject.toml", "tillbridge_ledgerly.py"):
        (source / name).write_bytes((STRANGER / name).read_bytes())
    pip = ("pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    subprocess.run(  # noqa: S603 (our own interpreter with fixed arguments)
        [sys.executable, "-m", *pip, "--disable-pip-version-check", "--target", target, source],
        check=True,
    )
    monkeypatch.syspath_prepend(str(target))
    importlib.invalidate_caches()
