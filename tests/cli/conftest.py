"""Commands as people give them, over a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result
from tests.api.site import give_secrets, make_site

from tillbridge.assembly import prepare
from tillbridge.cli.main import main
from tillbridge_simulators.cybersource import CybersourceSimulator

Tell: TypeAlias = Callable[..., Awaitable[Result]]
"""Gives a command; answers what it printed and its exit code."""


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a shop that pays through Cybersource."""
    give_secrets(monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    return make_site(tmp_path / "books").folder


def point_till(
    books: Path, monkeypatch: pytest.MonkeyPatch, simulator: CybersourceSimulator, *settings: str
) -> None:
    """Has the site's till be this simulated account; `settings` are further ones of it."""
    options, file = simulator.options, books / "tillbridge.yaml"
    text = file.read_text().replace("merchant_id: acme", f"merchant_id: {options.merchant_id}")
    text = text.replace("key_id: key-1", f"key_id: {options.key_id}")
    lines = "\n      ".join((simulator.url, *settings))
    file.write_text(text.replace("http://127.0.0.1:1", lines))
    monkeypatch.setenv("TILLBRIDGE_SECRET_TILL_KEY", options.secret_key)


@pytest.fixture
async def tell(dsn: str, books: Path) -> Tell:
    """Gives commands over a prepared database."""
    await prepare(dsn)
    environment = {"TILLBRIDGE_FOLDER": str(books), "TILLBRIDGE_DATABASE_URL": dsn}

    async def give(*arguments: str, typed: str | None = None) -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, main, arguments, input=typed, env=environment
        )

    return give
