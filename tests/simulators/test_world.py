"""The whole outside world runs in one process and says where."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tillbridge_simulators.shop import Options, ShopSimulator
from tillbridge_simulators.world import World, read_settings


def ask(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 (our own address)
        return json.load(answer)


def test_a_process_runs_everything_says_where_and_ends_when_told(tmp_path: Path) -> None:
    settings = {"factor": 100, "log_folder": str(tmp_path), "shop": {"options": {"prefix": "X"}}}
    process = subprocess.Popen(  # noqa: S603 (our own interpreter)
        [sys.executable, "-m", "tillbridge_simulators.world", json.dumps(settings)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert sorted(addresses) == ["cybersource", "dynamics365", "sagepro", "shop"]
        for address in addresses.values():
            assert ask(f"{address['url']}/_simulator/state") is not None
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0
    assert (tmp_path / "shop.jsonl").exists()


async def test_only_the_systems_named_run() -> None:
    world = World({"systems": ["shop"], "shop": {"options": {"seed": 9}}})
    await world.start()
    try:
        assert list(world.addresses()) == ["shop"]
        assert world.shop is not None
        assert world.shop.options.seed == 9
    finally:
        await world.stop()


async def test_with_tls_the_authority_is_named() -> None:
    world = World({"systems": ["cybersource"], "cybersource": {"tls": True}})
    await world.start()
    try:
        address = world.addresses()["cybersource"]
        assert address["url"].startswith("https:")
        assert address["authority"].endswith(".pem")
    finally:
        await world.stop()


async def test_when_one_cannot_start_the_others_are_stopped() -> None:
    first = World({"systems": ["shop"]})
    await first.start()
    assert first.shop is not None
    second = World({"systems": ["dynamics365", "shop"], "shop": {"port": first.shop.port}})
    with pytest.raises(OSError, match="in use"):
        await second.start()
    assert second.dynamics365 is not None
    with pytest.raises(OSError, match="refused"):
        ask(second.dynamics365.url)
    await first.stop()


@pytest.mark.parametrize(
    "settings",
    [
        {"factr": 2},
        {"systems": ["shopp"]},
        {"systems": ["shop"], "shop": {"prt": 1}},
        {"systems": ["shop"], "shop": {"options": {"seeed": 1}}},
    ],
)
async def test_a_misspelt_setting_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        await World(settings).start()


def test_settings_are_a_file_or_the_text_itself(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text('{"seed": 3}')
    assert read_settings(str(file)) == read_settings('{"seed": 3}') == {"seed": 3}
    with pytest.raises(ValueError, match="object"):
        file.write_text("[]")
        read_settings(str(file))


async def test_the_shop_mints_its_tokens_at_the_simulated_cybersource() -> None:
    world = World({"systems": ["cybersource"]})
    await world.start()
    assert world.cybersource is not None
    shop = ShopSimulator("http://127.0.0.1:1", "s", world.cybersource.url, options=Options())
    token = await shop._mint_there("authorized")
    assert world.cybersource.account.tokens.find(token["value"], "transient", 0) is not None
    await shop.stop()
    await world.stop()


async def test_the_shop_is_told_later_where_the_api_is() -> None:
    world = World({"systems": ["shop"]})
    await world.start()
    assert world.shop is not None
    async with aiohttp.ClientSession() as http:
        await http.post(f"{world.shop.url}/_simulator/api", json={"url": "http://127.0.0.1:2"})
    assert world.shop.api_url == "http://127.0.0.1:2"
    await world.stop()
