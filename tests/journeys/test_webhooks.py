"""Webhooks are kept: one subscription however many ask, keys that every process learns."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.cybersource.conftest import BILLING, new_call
from tests.journeys.town import free_port, serving, usd
from tests.journeys.webhook_runs import FACTOR

from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.connections import Connection
from tillbridge.connections.webhooks import WebhookRow, all_webhooks, take_webhooks
from tillbridge.inbox.inbox import kept_back
from tillbridge.journeys.alert import conditions
from tillbridge.journeys.house import House
from tillbridge.journeys.webhooks import keep_webhooks, sample_webhook, watch_webhooks
from tillbridge_cybersource.webhook_keys import SIGNATURE
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.faults import Fault, Rule

RUNS, PROCESSES = 100, 3
SHOP_SECRET = "a-secret-that-the-shop-and-we-share-0001"
CONFIGURATION = """\
connections:
  webshop:
    connector: shop
    pays_through: cybersource
    settings: {{id: webshop, signing_secret: shop}}
  cybersource:
    connector: cybersource
    timeout: 600  # 6 s here: a busy machine is not a lost answer
    settings:
      merchant_id: {merchant_id}
      key_id: {key_id}
      secret_key: cybersource
      base_url: {base_url}
      webhook_url: {url}/doors/cybersource
      pull_every_s: 0
      fence: no
"""


@dataclass
class Post:
    """A simulated account, the API's house behind its doors, and a worker's house."""

    cybersource: CybersourceSimulator
    site: Site
    dsn: str
    url: str
    api: House
    house: House
    stack: contextlib.AsyncExitStack = field(repr=False)

    @property
    def at(self) -> Connection:
        return self.house.connections["cybersource"]

    def subscriptions(self) -> list[dict[str, Any]]:
        return list(self.cybersource.state.subscribers.where(lambda _: True))

    async def row(self) -> WebhookRow:
        (row,) = await all_webhooks(self.house.database)
        return row

    async def authorize(self, order: str) -> None:
        """Somebody pays there; we hear of it by webhook alone."""
        fields: Any = {
            "order_number": order,
            "amount": usd("75.00"),
            "token_kind": "transient",
            "token": self.cybersource.mint_token(),
            "attempt_key": f"made elsewhere {order}"[:26],
            "billing": BILLING,
        }
        await self.at.writes["authorization"].send(new_call(), fields)

    async def heard(self) -> set[str]:
        """The orders of observations that came by webhook."""
        await self.cybersource.settle()
        rows = await self.house.database.fetch(
            "SELECT order_number FROM observations WHERE source = 'webhook'"
        )
        return {row["order_number"] for row in rows}

    async def meets_unknown_key(self) -> None:
        """Waits until a webhook has come that nobody here has the key of."""
        async with asyncio.timeout(5):
            while not (await self.row()).unknown_key_id:  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)

    async def due(self) -> None:
        """The chore looks, as if its time had come."""
        await self.house.database.execute("UPDATE webhooks SET next_at = now()")
        await watch_webhooks(self.house)


@pytest.fixture
async def post(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        cybersource = CybersourceSimulator(Options(webhooks_once=False), factor=FACTOR)
        await cybersource.start()
        stack.push_async_callback(cybersource.stop)
        options = cybersource.options
        text = CONFIGURATION.format(
            merchant_id=options.merchant_id,
            key_id=options.key_id,
            base_url=cybersource.url,
            url=url,
        )
        (tmp_path / "flows").mkdir()
        (tmp_path / "tillbridge.yaml").write_text(text)
        monkeypatch.setenv("TILLBRIDGE_SECRET_CYBERSOURCE", options.secret_key)
        monkeypatch.setenv("TILLBRIDGE_SECRET_SHOP", SHOP_SECRET)
        await prepare(dsn)
        site = Site(tmp_path, factor=FACTOR)
        api = await open_house(site, dsn, role="api", pool=4, publishing=False)
        stack.push_async_callback(close_house, api)
        house = await open_house(site, dsn, role="worker", pool=4, publishing=False)
        stack.push_async_callback(close_house, house)
        await stack.enter_async_context(serving(api, port))
        yield Post(cybersource, site, dsn, url, api, house, stack)


@pytest.mark.complaint("I10")
async def test_a_hundred_looks_at_once_leave_exactly_one_subscription(post: Post) -> None:
    """From several processes, while answers are lost and come late."""
    faults = post.cybersource.faults.rules
    for kind in ("lose_answer", "late", "lose_answer", "refuse", "lose_answer"):
        faults.append(Rule("subscription_of_webhooks", Fault(kind, seconds=1.0), times=2))
    faults.append(Rule("subscription_of_webhooks", Fault("lose_answer"), chance=0.05))
    command = [sys.executable, "-m", "tests.journeys.webhook_runs"]
    runs = [
        await asyncio.create_subprocess_exec(
            *command, str(post.site.folder), post.dsn, str(RUNS // PROCESSES + 1), stdout=-1
        )
        for _ in range(PROCESSES)
    ]
    said = await asyncio.gather(*(run.communicate() for run in runs))
    ended = sum(int(number) for out, _ in said for number in out.split())
    assert ended >= RUNS
    faults.clear()
    await post.cybersource.settle()
    found = await keep_webhooks(post.house, post.at)
    assert [row["webhookId"] for row in post.subscriptions()] == [found.id]
    assert found.telling == "telling"
    await post.authorize("ONE")
    assert await post.heard() == {"ONE"}


async def test_a_rotated_key_loses_no_event_at_the_door(post: Post) -> None:
    """The API learns of a key from the database when the first delivery comes with it."""
    await keep_webhooks(post.house, post.at)
    for number in range(4):
        await post.authorize(f"R-{number}")
        if number % 2:
            await keep_webhooks(post.house, post.at, rotate=True)
    assert await post.heard() == {f"R-{number}" for number in range(4)}


async def test_a_key_that_nobody_here_made_is_replaced_once_and_its_events_come_again(
    post: Post,
) -> None:
    await keep_webhooks(post.house, post.at)
    assert post.house.keyrings is not None
    held = post.house.keyrings.open(post.at.configured).of(SIGNATURE).newest
    assert held is not None
    key = {"keyId": "made-elsewhere", "key": "bWFkZSBlbHNld2hlcmUgYW5kIG5vdCB0b2xk"}
    shelf = post.cybersource.state.signature_keys
    newest = shelf.copy(held.id)
    shelf.put("made-elsewhere", newest | key)
    await post.authorize("U-1")
    await post.meets_unknown_key()
    found = [one.name for one in await conditions(post.house)]
    assert "webhook_key" in found
    await watch_webhooks(post.house)  # due, for that reason
    assert await post.heard() == {"U-1"}
    assert (await post.row()).unknown_key_id == ""
    shelf.put("made-again", newest | key | {"keyId": "made-again"})
    count = len(shelf)
    await post.authorize("U-2")
    await post.meets_unknown_key()
    await watch_webhooks(post.house)  # not so soon again
    assert len(shelf) == count


async def test_a_subscription_that_was_suspended_is_an_alert_until_it_tells_again(
    post: Post,
) -> None:
    made = await keep_webhooks(post.house, post.at)
    assert not [one for one in await conditions(post.house) if one.name == "webhooks"]
    row = post.cybersource.state.subscribers.copy(made.id)
    post.cybersource.state.subscribers.put(made.id, row | {"status": "SUSPENDED"})
    await post.due()
    (alert,) = [one for one in await conditions(post.house) if one.name == "webhooks"]
    assert (alert.about, alert.level, "SUSPENDED" in alert.content) == (
        "cybersource",
        "urgent",
        True,
    )
    await post.cybersource.webhooks.check_health()  # the door says that it is well
    await post.due()
    assert not [one for one in await conditions(post.house) if one.name == "webhooks"]


async def test_a_sample_comes_through_the_door_and_is_kept_back(post: Post) -> None:
    with pytest.raises(Misconfigured, match="Nothing is subscribed"):
        await sample_webhook(post.house, post.at)
    await keep_webhooks(post.house, post.at)
    event = await sample_webhook(post.house, post.at)
    await post.cybersource.settle()
    (kept,) = await kept_back(post.house.database, 10)
    assert event in kept.why


async def test_a_key_that_may_not_manage_webhooks_stops_no_payment(post: Post) -> None:
    rule = Rule("subscription_of_webhooks", Fault("refuse", status=403))
    post.cybersource.faults.rules.append(rule)
    await post.due()
    await post.house.database.execute("UPDATE webhooks SET telling_since = now() - interval '1 h'")
    assert "credentials (403)" in (await post.row()).trouble
    found = {one.name for one in await conditions(post.house)}
    assert ("webhooks_unseen" in found, "gate_closed" in found) == (True, False)
    await post.authorize("PAID")
    post.cybersource.faults.rules.clear()
    await post.due()
    assert (await post.row()).trouble == ""


async def test_a_door_says_whether_deliveries_can_be_kept(post: Post) -> None:
    async with aiohttp.ClientSession() as session:
        for name, status in (("cybersource", 200), ("webshop", 200), ("nobody", 404)):
            for method in ("GET", "POST"):
                url = f"{post.url}/doors/{name}/health"
                async with session.request(method, url) as answer:
                    assert answer.status == status
        await post.api.database.execute("ALTER TABLE schema_migrations RENAME TO gone")
        async with session.post(f"{post.url}/doors/cybersource/health") as answer:
            assert answer.status == 503


async def test_whoever_dies_while_he_looks_holds_nobody_up_for_long(post: Post) -> None:
    look = await take_webhooks(post.house.database, "cybersource", 0.3, at_any_time=True, renew_s=1)
    assert look is not None
    assert (await keep_webhooks(post.house, post.at)).telling == "telling"


async def test_a_connection_without_an_address_says_so(post: Post) -> None:
    with pytest.raises(Misconfigured, match="not kept"):
        await keep_webhooks(post.house, post.house.connections["webshop"])


async def test_the_keys_are_sealed_where_they_rest(post: Post) -> None:
    await keep_webhooks(post.house, post.at)
    await keep_webhooks(post.api, post.api.connections["cybersource"])  # which has not heard of it
    (held,) = post.cybersource.state.signature_keys.where(lambda row: "key" in row)
    rows = await post.house.database.fetch("SELECT held_keys::text AS row FROM held_keys")
    assert len(rows) == 2
    assert not [row for row in rows if held["key"] in row["row"] or "PRIVATE" in row["row"]]
