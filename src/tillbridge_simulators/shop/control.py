"""The routes by which another process steers the shop: /_simulator/."""

from collections.abc import Sequence
from typing import Any, Protocol

from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults, Rule


class Steered(Protocol):
    """What the routes steer."""

    faults: Faults
    log: EffectLog
    api_url: str

    def state(self) -> dict[str, Any]: ...

    def progress(self) -> dict[str, Any]: ...

    def shop(self, shoppers: Sequence[int], at_once: int) -> None: ...


class Control:
    """GET log?after=N, GET state, GET progress, POST faults, POST api, POST shoppers."""

    def __init__(self, shop: Steered) -> None:
        self._shop = shop

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/_simulator/log", self._log)
        app.router.add_get("/_simulator/state", self._state)
        app.router.add_get("/_simulator/progress", self._progress)
        app.router.add_post("/_simulator/faults", self._faults)
        app.router.add_post("/_simulator/api", self._api)
        app.router.add_post("/_simulator/shoppers", self._shoppers)

    async def _log(self, request: web.Request) -> web.Response:
        entries = self._shop.log.entries(after=int(request.query.get("after", "0")))
        rows = [
            {"number": entry.number, "at": entry.at, "kind": entry.kind, **entry.facts}
            for entry in entries
        ]
        return web.json_response(rows)

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._shop.state())

    async def _progress(self, _: web.Request) -> web.Response:
        return web.json_response(self._shop.progress())

    async def _faults(self, request: web.Request) -> web.Response:
        """{"down": false, "rules": [{"operation": ..., "fault": {"kind": ...}, ...}]}."""
        wanted = await request.json()
        self._shop.faults.down = bool(wanted.get("down", False))
        self._shop.faults.rules = [
            Rule(**(rule | {"fault": Fault(**rule["fault"])})) for rule in wanted.get("rules", [])
        ]
        return web.json_response({"rules": len(self._shop.faults.rules)})

    async def _api(self, request: web.Request) -> web.Response:
        """{"url": "http://127.0.0.1:8080"}: where the shop's calls go from now on."""
        self._shop.api_url = str((await request.json())["url"])
        return web.json_response({"url": self._shop.api_url})

    async def _shoppers(self, request: web.Request) -> web.Response:
        """{"first": 1, "count": 10, "at_once": 2}: shoppers start; `state` says when all left."""
        wanted = await request.json()
        first, count = int(wanted.get("first", 1)), int(wanted["count"])
        self._shop.shop(range(first, first + count), int(wanted.get("at_once", 1)))
        return web.json_response({"started": count}, status=202)
