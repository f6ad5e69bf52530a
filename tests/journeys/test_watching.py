"""One order, from the shop to the ERP, as it is seen from outside: figures, lines, one trace."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.town import SECRET, Till, open_town, order_document, till
from tests.watch.collector import Collector, open_collector
from tests.watch.test_meter import read

from tillbridge.journeys.standing import figures
from tillbridge.watch.log_line import Line, Secrecy
from tillbridge_simulators.shop.signing import signed

SHOPS_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SHOPS_SPAN = "00f067aa0ba902b7"


async def test_an_order_is_counted_from_its_checkout_to_its_capture(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("1001"))
        await shop.pay(order_document("1002"), outcome="expired_card")
        await shop.ship("1001")
        await shop.ship("1001")
        await shop.send(
            "POST", "/doors/webshop", b"{}", "k", secret="not-the-shops-secret-000000001"
        )
        await town.quiet()
        doors, work = read(await figures(town.desk)), read(await figures(town.house))

    def of_shop(verdict: str) -> float:
        labels = (("connection", "webshop"), ("verdict", verdict))
        return doors["tillbridge_deliveries_total", labels]

    def written(connection: str, document: str) -> float:
        labels = (("connection", connection), ("document", document), ("outcome", "done"))
        return {**doors, **work}["tillbridge_writes_total", labels]

    assert (of_shop("accepted"), of_shop("repeat"), of_shop("refused")) == (1, 1, 1)
    assert doors["tillbridge_checkouts_total", (("outcome", "authorized"),)] == 1
    assert doors["tillbridge_checkouts_total", (("outcome", "declined"),)] == 1
    assert written("cybersource", "authorization") == 2
    assert (written("dynamics", "sales_order"), written("cybersource", "capture")) == (1, 1)
    assert work["tillbridge_turns_total", (("target", "dynamics"),)] >= 1
    assert ("tillbridge_open_runs", (("target", "dynamics"),)) not in work
    assert work["tillbridge_gate_state", (("connection", "dynamics"), ("state", "open"))] == 1


async def test_every_line_of_an_order_carries_its_number_and_no_token(
    tmp_path: Path, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[str] = []
    handler = logging.Handler()
    line = Line("town", json=False, secrecy=Secrecy())
    handler.emit = lambda record: written.append(line.format(record))  # type: ignore[method-assign] # a list is stream enough
    logger = logging.getLogger("tillbridge")
    caplog.set_level(logging.DEBUG, "tillbridge")
    logger.addHandler(handler)
    try:
        async with open_town(tmp_path, dsn) as town, till(town) as shop:
            token = town.cybersource.mint_token("authorized")
            await shop.pay(order_document("1001"), token=token)
            await shop.ship("1001")
            await town.quiet()
    finally:
        logger.removeHandler(handler)

    told = [
        *("checkout: authorized", "delivery: accepted", "send authorization at cybersource: done"),
        *("send sales_order at dynamics: done", "send capture at cybersource: done"),
    ]
    for what in told:
        assert [each for each in written if what in each and "order=1001" in each], what
    assert [each for each in written if "send sales_order" in each and " run=" in each]
    assert not [each for each in written if token in each]


async def test_one_trace_leads_from_the_shops_own_span_to_the_erp(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_collector() as collector:
        monkeypatch.setenv("TILLBRIDGE_TRACES", collector.url)
        async with open_town(tmp_path, dsn) as town, till(town) as shop:
            await _pay_within_a_trace(shop, order_document("1001"))
            await shop.ship("1001")
            await town.quiet()
        await _collected(collector, "send capture")

    trace = collector.of(SHOPS_TRACE)
    assert trace["checkout"].parent == SHOPS_SPAN
    assert trace["send authorization"].parent == trace["checkout"].id
    assert trace["send sales_order"].parent == trace["run order-to-dynamics"].id
    assert trace["run order-to-dynamics"].parent == trace["checkout"].id
    assert trace["run order-to-dynamics"].process == "tillbridge-worker"
    assert trace["run order-to-dynamics"].notes["tillbridge.order"] == "1001"
    assert trace["send capture"].notes["tillbridge.connection"] == "cybersource"


async def test_without_a_collector_nothing_of_a_trace_is_kept(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await _pay_within_a_trace(shop, order_document("1001"))
        await town.quiet()
        assert await town.house.database.fetch_value("SELECT count(*) FROM trace_parents") == 0


async def _pay_within_a_trace(shop: Till, order: dict[str, Any]) -> None:
    """A checkout as a shop sends it that traces its own work."""
    path, token = "/checkout/payments", shop.town.cybersource.mint_token()
    body = json.dumps({"order": order, "token": {"kind": "transient", "value": token}}).encode()
    headers = signed(SECRET, "POST", path, body) | {
        "content-type": "application/json",
        "idempotency-key": "traced",
        "traceparent": f"00-{SHOPS_TRACE}-{SHOPS_SPAN}-01",
    }
    async with shop.session.post(shop.town.url + path, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def _collected(collector: Collector, name: str) -> None:
    """Spans are sent in batches: waits for one of that name."""
    async with asyncio.timeout(10):
        while not any(span.name == name for span in collector.spans):  # noqa: ASYNC110 (the collector rings no bell)
            await asyncio.sleep(0.02)
