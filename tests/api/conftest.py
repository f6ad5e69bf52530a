"""The API over a real database, asked by a real HTTP client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from tests.api.site import give_secrets, make_site

from tillbridge.access.operators import Role, add_operator
from tillbridge.api.app import create_app
from tillbridge.assembly import Site, prepare
from tillbridge.database.database import Database


@dataclass
class Api:
    """A running API.

    Attributes:
        tokens: of a viewer and of an operator, by role.
    """

    app: FastAPI
    url: str
    http: aiohttp.ClientSession
    tokens: dict[str, str]
    database: Database

    async def ask(
        self, method: str, path: str, *, role: str = "operator", **sent: Any
    ) -> tuple[int, Any]:
        """Status and JSON, or text where it is none; `role` "" sends no token."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        async with self.http.request(method, self.url + path, headers=headers, **sent) as answer:
            readable = answer.json if answer.content_type == "application/json" else answer.text
            return answer.status, await readable()


@pytest.fixture
async def api(
    dsn: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    give_secrets(monkeypatch)
    await prepare(dsn)
    async with open_api(make_site(tmp_path / "books"), dsn, database) as api:
        yield api


@asynccontextmanager
async def open_api(site: Site, dsn: str, database: Database) -> AsyncIterator[Api]:
    """The API of a site over a prepared database, with a token for each role."""
    app = create_app(site, dsn)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="on", http="httptools")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "the server did not start"
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as http:
        yield Api(app, f"http://127.0.0.1:{port}", http, await _tokens(database), database)
    server.should_exit = True
    await serving


async def _tokens(database: Database) -> dict[str, str]:
    async with database.transaction() as tx:
        return {role.value: (await add_operator(tx, role.value, role)).value for role in Role}
