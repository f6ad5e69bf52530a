"""The chaos campaign in its short form: the whole thing as people run it."""

import asyncio
import random

from campaigns.chaos_plants import CHAOS_PLANTS, TOWNS
from campaigns.crowd import TYPO, purchases
from campaigns.misfortunes import ONE_OF_EACH, ROUND
from campaigns.two_books import BOOK, PREFIXES
from campaigns.wires import Order, Wires
from tests.campaigns.campaign import refusal, run

from tillbridge_simulators.auditor import KEYS


async def test_a_house_to_which_everything_happens_breaks_no_promise() -> None:
    status, result = await run("chaos", SCALE="short", SEED="7")
    assert {key: result[key] for key in KEYS} == dict.fromkeys(KEYS, 0), result
    assert result["kills"] > 0
    assert result["faults"] > 0
    assert (status, result["ok"], result["fsync"], result["workers"]) == (0, True, True, 4)


async def test_a_planted_defect_is_caught_among_everything_else() -> None:
    status, result = await run("chaos", PLANT="capture_repeated")
    assert (status, result["ok"], result["plants"], result["plants_caught"]) == (1, False, 1, 1)
    assert any(result[key] for key in KEYS)


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    said = await refusal("chaos", "ivy")
    assert "There is no plant 'ivy'; there are unknown_as_failed, " in said


def test_every_round_has_every_misfortune_and_every_town_its_plant() -> None:
    assert set(ONE_OF_EACH) == set(ROUND)
    assert set(TOWNS) <= set(CHAOS_PLANTS)


def test_each_book_gets_its_orders_and_some_are_typed_wrong() -> None:
    bought = [one.document for one in purchases(7, 1000)]
    assert {order["custom"][BOOK] for order in bought} == set(PREFIXES)
    assert all(order["number"].startswith(PREFIXES[order["custom"][BOOK]]) for order in bought)
    wrong = [order for order in bought if order["lines"][0]["product"].endswith(TYPO)]
    assert 0 < len(wrong) < 20


async def test_a_wire_carries_waits_and_is_cut() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wires = Wires({"echo": ("127.0.0.1", port)}, {}, seed=random.randrange(9))  # noqa: S311 (none is secret)
    await wires.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", wires.ports["echo"])
        await wires.tell(Order("echo", "delay", seconds=0.05))
        began = asyncio.get_running_loop().time()
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert asyncio.get_running_loop().time() - began >= 0.09  # a timer may come a little early

        assert await wires.tell(Order("echo", "cut")) == 1
        assert await reader.read() == b""
        assert await wires.tell(Order("echo", "count")) == 1
    except ConnectionResetError:
        assert await wires.tell(Order("echo", "count")) == 1
    finally:
        writer.close()
        wires.stop()
        server.close()
