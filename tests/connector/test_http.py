"""The HTTP seam: the guard, the break points, and that nothing is ever sent twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.http import Http, Reply, trust_in

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def call(timeout_s: float = 2.0, guard: Callable[[], None] = lambda: None) -> Call:
    return Call("K", datetime.now(UTC), timeout_s, "c", guard)


class Server:
    """Counts what arrives and answers as it is told."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.answer: Answer = ok

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.arrived.append(f"{request.method} {request.path_qs}")
        await request.read()
        return await self.answer(request)


async def ok(_: web.Request) -> web.StreamResponse:
    return web.json_response({"fine": True})


async def cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Http, Server]]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http = Http(f"http://127.0.0.1:{runner.addresses[0][1]}", name="books")
    try:
        yield http, server
    finally:
        await http.close()
        await runner.cleanup()


async def broken(
    http: Http, method: str = "POST", *, write: bool = True, timeout_s: float = 2.0
) -> Transient:
    with pytest.raises(Transient) as caught:
        await http.request(call(timeout_s), method, "/orders?q=secret", body=b"{}", write=write)
    assert "secret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("status", [200, 204, 302, 404, 429, 500, 599])
async def test_any_complete_answer_is_a_reply(status: int) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Retry-After": "7", "X-Own": "1"})

    async with served() as (http, server):
        server.answer = answer
        reply = await http.request(call(), "POST", "/orders", body=b"{}", write=True)
        assert (reply.status, reply.headers["x-own"], reply.wait_s) == (status, "1", 7.0)
        assert server.arrived == ["POST /orders"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_a_call_whose_connection_breaks_is_not_sent_again(method: str) -> None:
    """aiohttp alone would send a PUT or DELETE a second time, unasked."""
    async with served() as (http, server):
        await http.request(call(), "GET", "/warm-up")
        server.answer = cut
        error = await broken(http, method)
        assert error.sent == "perhaps"
        assert len(server.arrived) == 2


async def test_a_read_that_breaks_was_surely_harmless() -> None:
    async with served() as (http, server):
        server.answer = cut
        assert (await broken(http, "GET", write=False)).sent == "no"


async def test_an_answer_out_of_time_is_unknown() -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.Response()

    async with served() as (http, server):
        server.answer = slow
        assert (await broken(http, timeout_s=0.05)).sent == "perhaps"


async def test_a_body_cut_off_halfway_is_unknown() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"{")
        return await cut(request)

    async with served() as (http, server):
        server.answer = half
        assert (await broken(http)).sent == "perhaps"


async def test_a_refused_connection_sent_nothing() -> None:
    http = Http("http://127.0.0.1:1", name="books")
    error = await broken(http)
    await http.close()
    assert (error.sent, error.gate) == ("no", True)


async def test_an_unknown_host_sent_nothing() -> None:
    http = Http("http://no-such-host.invalid", name="books")
    error = await broken(http)
    await http.close()
    assert error.sent == "no"


async def test_speaking_tls_to_a_plain_server_sent_nothing() -> None:
    async with served() as (plain, server):
        address = str(plain._base_url).replace("http:", "https:")
        http = Http(address, name="books")
        error = await broken(http)
        await http.close()
        assert error.sent == "no"
        assert server.arrived == []


async def test_a_guard_that_refuses_stops_the_call_before_its_bytes() -> None:
    def refuse() -> None:
        raise Transient("The lease has passed.", sent="no", reason="lease")

    async with served() as (http, server):
        with pytest.raises(Transient) as caught:
            await http.request(call(guard=refuse), "POST", "/orders", write=True)
        assert caught.value.reason == "lease"
        assert server.arrived == []
        await http.request(call(), "POST", "/orders", write=True)
        assert server.arrived == ["POST /orders"]


async def test_calls_at_once_each_ask_their_own_guard() -> None:
    asked: list[int] = []
    async with served() as (http, _):
        await asyncio.gather(
            *(
                http.request(call(guard=lambda n=n: asked.append(n)), "GET", f"/{n}")  # type: ignore[misc]  # n is bound
                for n in range(5)
            )
        )
        assert sorted(asked) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        *(("7", 7.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("1.5", None)),
        ("Fri, 02 Jan 2026 00:02:00 GMT", 120.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("9" * 400, 86_400.0),
        ("Fri, 02 Jan 2099 00:00:00 GMT", 86_400.0),
        ("Fri, 32 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_whole_seconds_or_a_date_and_a_day_at_most(
    value: str, wait_s: float | None
) -> None:
    headers = {"retry-after": value, "date": "Fri, 02 Jan 2026 00:00:00 GMT"}
    assert Reply(429, headers, b"").wait_s == wait_s


def test_a_date_to_wait_for_counts_from_now_when_the_server_says_no_time_of_its_own() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    wait_s = Reply(503, {"retry-after": later, "date": "yesterday"}, b"").wait_s
    assert wait_s is not None
    assert 90 < wait_s <= 100


def test_the_servers_clock_is_read_from_its_date() -> None:
    reply = Reply(200, {"date": "Fri, 02 Jan 2026 00:00:00 GMT"}, b"")
    assert reply.date_s() == datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    assert Reply(200, {}, b"").date_s() is None


def test_no_private_authority_is_trusted_unless_it_is_named() -> None:
    assert trust_in("", "tls_ca") is None


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_names_the_setting(
    tmp_path: Path, content: str | None
) -> None:
    authority = tmp_path / "authority.pem"
    if content is not None:
        authority.write_text(content)
    with pytest.raises(Misconfigured, match=r"tls_ca: .*authority.pem' cannot be read"):
        trust_in(str(authority), "tls_ca")
