"""The hand-written script that a page compares the template with: it works, and is counted."""

import ast
import importlib
import io
import re
import tokenize
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.dynamics365.world import FACTOR, opened
from tests.rehearsal.books import TEMPLATES

from tillbridge.mapping.edit import Edit
from tillbridge_simulators.auditor import judge
from tillbridge_simulators.auditor_evidence import evidence_of
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.world import SHOP_SECRET, World

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "by_hand"
PAGE = ROOT / "docs/how_to/by_hand.md"
TEMPLATE = TEMPLATES / "order-to-cash-dynamics"
SHOPPERS = 8


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world in which nothing goes wrong; Dynamics has its tables."""
    world = World(
        {
            "systems": ["cybersource", "shop"],
            "cybersource": {"options": {"partial_captures": True}},
            "shop": {"options": {"currencies": ["USD"], "first_cards": {"authorized": 1}}},
        }
    )
    await world.start()
    async with opened(DataverseSimulator(factor=FACTOR, key_lag_s=0)) as provisioned:
        world.dynamics365 = provisioned.simulator
        yield world
    await world.stop()


def settings_of(world: World, folder: Path) -> dict[str, Any]:
    addresses = world.addresses()
    return {
        "database": str(folder / "orders.sqlite"),
        "products": str(TEMPLATE / "lookups/products.csv"),
        "payment_methods": str(TEMPLATE / "lookups/payment-methods.csv"),
        "secret": SHOP_SECRET,
        "status_url": addresses["shop"]["status_url"],
        "cybersource": {**addresses["cybersource"], "webhook_key": ""},
        "dynamics": {
            "url": addresses["dynamics365"]["url"],
            "authority": addresses["dynamics365"]["url"],
            "tenant": "contoso",
            "client_id": "tillbridge-app",
            "client_secret": "dynamics-simulator-secret",
        },
    }


async def test_the_script_books_a_quiet_day(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes wrong outside: that is the day it is made for."""
    monkeypatch.syspath_prepend(str(SCRIPT))
    script = importlib.import_module("order_to_cash")
    assert world.shop is not None
    async with aiohttp.ClientSession() as http:
        bridge = script.Bridge(settings_of(world, tmp_path), http)
        runner = web.AppRunner(bridge.app())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.shop.api_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for shopper in range(1, SHOPPERS + 1):
            await world.shop.shop_once(shopper)
        await runner.cleanup()
        bridge.database.close()
    verdict = judge(evidence_of(world))
    assert verdict.orders == SHOPPERS
    assert verdict.ok, verdict.findings


def code_lines(path: Path) -> int:
    """Lines with code: no blank line, comment or docstring counts."""
    text = path.read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    strings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert first.end_lineno is not None
            strings |= set(range(first.lineno, first.end_lineno + 1))
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in nothing:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - strings) - 1  # the end marker has a line of its own


def configured_lines(path: Path) -> int:
    """Lines of a text file: no blank line or comment counts, and no example of a mapping."""
    text = path.read_text()
    if path.parent.name == "mappings" and "\nexamples:" in text:
        text = Edit(text, path.name).remove(("examples",)).text
    lines = [line.strip() for line in text.splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def test_the_pages_numbers_are_the_lines_there_are() -> None:
    script = sum(code_lines(path) for path in SCRIPT.glob("*.py"))
    flows = sum(configured_lines(path) for path in TEMPLATE.glob("flows/*.yaml"))
    mappings = sum(configured_lines(path) for path in TEMPLATE.glob("mappings/*.yaml"))
    connections = configured_lines(TEMPLATE / "tillbridge.yaml")
    told = {
        name: int(lines)
        for name, lines in re.findall(r"^\| ([\w -]+) \| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    }
    assert told == {
        "script": script,
        "flows": flows,
        "mappings": mappings,
        "connections": connections,
        "template": flows + mappings + connections,
    }
