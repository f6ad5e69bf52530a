"""Spans over a real wire: what they say, and what they never say."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web
from tests.watch.collector import Collector, open_collector

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Call
from tillbridge.connector.correlation import Unwatched, follow
from tillbridge.connector.http import Http
from tillbridge.watch.otlp import open_tracer
from tillbridge.watch.watch import Watch

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CALL = Call("", datetime(2026, 3, 2, tzinfo=UTC), 5.0, "1042/17", lambda: None)


async def sent(collector: Collector, watch: Watch) -> None:
    await asyncio.to_thread(watch.close)
    assert collector.spans


async def test_a_call_within_a_span_carries_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(request.headers.get("traceparent", ""))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with open_collector() as collector:
        watch = Watch(tracer=open_tracer(collector.url, "worker"))
        http = Http(f"http://127.0.0.1:{runner.addresses[0][1]}", name="books")
        follow(watch, "1042", 17)
        with watch.span("send sales_order", "client", {"tillbridge.order": "1042"}, PARENT):
            await http.request(CALL, "GET", "/")
        follow(Unwatched())
        await http.request(CALL, "GET", "/")
        await http.close()
        await sent(collector, watch)
    await runner.cleanup()

    (span,) = collector.spans
    version, trace, parent, _ = heard[0].split("-")
    assert (version, trace, parent) == ("00", PARENT.split("-")[1], span.id)
    assert span.parent == PARENT.split("-")[2]
    assert heard[1] == ""
    assert b'tillbridge_http_calls_total{connection="books",method="GET",status="2xx"} 1.0' in (
        watch.meter.text()
    )


async def test_a_failed_span_names_the_class_of_the_error_and_not_its_message() -> None:
    async with open_collector() as collector:
        watch = Watch(tracer=open_tracer(collector.url, "api"))
        with (
            pytest.raises(Rejected),
            watch.span("checkout", "server", {}, "not a traceparent"),
        ):
            raise Rejected("The card 4111 1111 1111 1111 is refused.")
        await sent(collector, watch)

    (span,) = collector.spans
    assert (span.name, span.failed, span.parent) == ("checkout", "Rejected", "")
    assert "4111" not in repr(collector.spans)


async def test_a_collector_that_is_away_changes_nothing() -> None:
    watch = Watch(tracer=open_tracer("http://127.0.0.1:1", "api"))
    with watch.span("checkout", "server", {}):
        assert watch.here()
    assert watch.here() == ""
