"""The small listener beside a worker answers Prometheus and nobody else."""

import asyncio

import aiohttp
import asyncpg
import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.cli.listener import metrics_at


async def figures() -> bytes:
    return b"tillbridge_open_runs 3.0\n"


async def test_figures_are_answered_and_nothing_else() -> None:
    async with (
        metrics_at("127.0.0.1", 0, figures) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        async with session.get("/metrics?x=1") as answer:
            assert (answer.status, await answer.read()) == (200, await figures())
        async with session.get("/") as answer:
            assert answer.status == 404
        async with session.post("/metrics") as answer:
            assert answer.status == 405


async def test_a_lost_database_is_503_and_the_listener_lives() -> None:
    lost = [True]

    async def sometimes() -> bytes:
        if lost.pop() if lost else False:
            raise asyncpg.InterfaceError("gone")
        return await figures()

    async with (
        metrics_at("127.0.0.1", 0, sometimes) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        async with session.get("/metrics") as answer:
            assert answer.status == 503
        async with session.get("/metrics") as answer:
            assert answer.status == 200


async def test_somebody_who_asks_badly_is_hung_up_on() -> None:
    async with metrics_at("127.0.0.1", 0, figures) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x" * 20_000)
        assert await reader.read() == b""
        writer.close()


async def test_an_address_that_is_taken_is_said() -> None:
    async with metrics_at("127.0.0.1", 0, figures) as port:
        with pytest.raises(Misconfigured, match=f"127.0.0.1:{port}"):
            async with metrics_at("127.0.0.1", port, figures):
                pass
