"""A delivery seen from outside real processes: lines of JSON under one number, and figures."""

import json
from pathlib import Path

import aiohttp
import pytest
from tests.api.site import SIGNING
from tests.cli.test_processes import deliver, free_port, read_until, running
from tests.watch.test_meter import read


async def test_a_delivery_is_followed_by_its_order_number_from_the_door_to_the_end_of_its_run(
    dsn: str, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLBRIDGE_LOG_FORMAT", "json")
    monkeypatch.setenv("TILLBRIDGE_LOG_LEVEL", "debug")
    port, figures = free_port(), free_port()
    started = ("up", "--workers", "1", "--port", str(port), "--metrics", str(figures))
    async with running(*started, folder=books, dsn=dsn) as (_, lines):
        told = await read_until(lines, "Listening on")
        if "Working" not in told:
            told += await read_until(lines, "Working")
        assert await deliver(f"http://127.0.0.1:{port}") == 202
        told += await read_until(lines, "reverse-cancelled at till: done")
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{figures}/metrics") as answer,
        ):
            found = read(await answer.read())

    entries = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    of_order = [entry for entry in entries if entry.get("order") == "1042"]
    (delivery,) = [entry for entry in of_order if entry["message"] == "delivery: accepted"]
    (run,) = [entry for entry in of_order if entry["message"].endswith("at till: done")]
    assert (delivery["connection"], delivery["delivery"]) == ("webshop", "evt-1")
    assert (run["flow"], run["outcome"]) == ("reverse-cancelled", "done")
    assert run["run"] > 0
    assert delivery["process"].startswith("api ")
    assert run["process"].startswith("worker ")
    assert SIGNING not in told
    turns = "tillbridge_turns_total"
    assert found[turns, (("target", "till"),)] >= 1
    advanced = (("journey", "deliver"), ("outcome", "done"), ("target", "till"))
    assert found["tillbridge_run_advances_total", advanced] == 1
