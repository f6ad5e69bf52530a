"""The outside world: simulators in a process of their own, steered by HTTP."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tillbridge.assembly import now
from tillbridge.canonical.errors import Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.http import Http
from tillbridge.outside.process import Process

ANSWER_TIMEOUT_S = 30.0


class Outside:
    """The simulators of every system. `addresses`: by system, what a connection to it needs."""

    def __init__(self, settings: Mapping[str, Any], logs: Path) -> None:
        """`settings` as tillbridge_simulators.world takes them."""
        settings = {**settings, "tethered": True, "log_folder": str(logs / "simulators")}
        self._logs = logs
        self._process = Process(
            "outside world",
            "tillbridge_simulators.world",
            (json.dumps(settings),),
            log=logs / "world.log",
        )
        self.addresses: dict[str, dict[str, Any]] = {}
        self._clients: dict[str, Http] = {}

    async def start(self) -> None:
        """Starts them all."""
        self.addresses = json.loads(await self._process.start())
        self._clients = {
            name: Http(address["url"], name=f"the simulated {name}")
            for name, address in self.addresses.items()
        }

    async def stop(self) -> None:
        for client in self._clients.values():
            await client.close()
        await self._process.stop()

    async def ask(self, system: str, route: str) -> Any:
        """What a control route answers."""
        return await self._request(system, "GET", route, None)

    async def tell(self, system: str, route: str, content: object) -> None:
        """Posts to a control route."""
        await self._request(system, "POST", route, json.dumps(content).encode())

    async def plan(self, rules: Mapping[str, list[dict[str, Any]]], down: frozenset[str]) -> None:
        """How every system misbehaves from now on, and which are down."""
        await asyncio.gather(
            *(
                self.tell(
                    system, "faults", {"rules": rules.get(system, []), "down": system in down}
                )
                for system in self.addresses
            )
        )

    async def audit(self) -> dict[str, Any]:
        """What the auditor finds: {"verdict": ..., "summary": ...}; amounts are text."""
        urls = {name: address["url"] for name, address in self.addresses.items()}
        auditor = Process(
            "auditor",
            "tillbridge_simulators.auditor",
            (json.dumps(urls),),
            log=self._logs / "auditor.log",
        )
        found: dict[str, Any] = json.loads(await auditor.run())
        return found

    async def _request(self, system: str, method: str, route: str, body: bytes | None) -> Any:
        call = Call("", now(), ANSWER_TIMEOUT_S, "the outside world", lambda: None)
        reply = await self._clients[system].request(
            call,
            method,
            f"/_simulator/{route}",
            headers={"content-type": "application/json"},
            body=body,
        )
        if not 200 <= reply.status < 300:
            raise Transient(f"The simulated {system} answered {reply.status} to {route}.")
        return json.loads(reply.body) if reply.body else None
