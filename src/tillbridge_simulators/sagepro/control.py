"""The control routes by which another process reads the log and plans faults."""

import json
from dataclasses import asdict
from typing import Protocol

from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults, Rule


class Controlled(Protocol):
    """What the routes need of the simulator."""

    faults: Faults
    log: EffectLog
    password: str

    def counter(self) -> int: ...

    def orders(self) -> list[dict[str, object]]: ...

    def customers(self) -> list[dict[str, str]]: ...

    def cut_clients(self) -> None: ...

    async def refuse(self) -> None: ...

    async def accept(self) -> None: ...


class ControlRoutes:
    """GET log?after=N, GET state, POST faults, POST server, under /_simulator/."""

    def __init__(self, simulator: Controlled, port: int) -> None:
        self.port = port
        self._simulator = simulator
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Binds 127.0.0.1; port 0 means any free one."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/_simulator/log", self._log),
                web.get("/_simulator/state", self._state),
                web.post("/_simulator/faults", self._plan),
                web.post("/_simulator/server", self._steer),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Releases the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _log(self, request: web.Request) -> web.Response:
        after = int(request.query.get("after", "0"))
        return web.json_response(
            [asdict(entry) for entry in self._simulator.log.entries(after=after)]
        )

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "counter": self._simulator.counter(),
                "orders": self._simulator.orders(),
                "customers": self._simulator.customers(),
            }
        )

    async def _steer(self, request: web.Request) -> web.Response:
        """{"listening": false}, {"password": "another"}, {"cut": true}: what happens to a server;
        whoever is connected stays connected unless it says so."""
        wanted, simulator = await request.json(), self._simulator
        simulator.password = str(wanted.get("password", simulator.password))
        if wanted.get("cut"):
            simulator.cut_clients()
        if "listening" in wanted:
            await (simulator.accept() if wanted["listening"] else simulator.refuse())
        return web.json_response({})

    async def _plan(self, request: web.Request) -> web.Response:
        """{"down": false, "rules": [{"operation", "fault": {"kind", ...}, "subject", ...}]}."""
        plan = json.loads(await request.text())
        faults = self._simulator.faults
        faults.down = bool(plan.get("down", False))
        faults.rules = [
            Rule(**{**rule, "fault": Fault(**rule["fault"])}) for rule in plan.get("rules", [])
        ]
        return web.json_response({"rules": len(faults.rules), "down": faults.down})
