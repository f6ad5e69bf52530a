"""Sage Pro in a process of its own, steered over its control routes.

Its SQL takes so much processor time that nothing else should wait for it in the same process.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp

from campaigns.child import Child
from tillbridge_simulators.auditor_evidence import Testimony, read_testimony
from tillbridge_simulators.faults import Rule

PASSWORD = "sandbox"  # noqa: S105 (the made-up password of a stand-in)


class SageProcess:
    """The simulator, and what it is told. `address` is what a connection to it needs."""

    def __init__(self, factor: float, seed: int, log: Path) -> None:
        settings = {"factor": factor, "seed": seed, "systems": ["sagepro"]}
        arguments = [json.dumps(settings)]
        self._child = Child("tillbridge_simulators.world", arguments, log=log, environment={})
        self._http = aiohttp.ClientSession()
        self.address: Mapping[str, Any] = {}

    async def start(self) -> None:
        """Starts it."""
        self.address = json.loads(await self._child.start())["sagepro"]

    async def stop(self) -> None:
        """Ends it."""
        await self._http.close()
        await self._child.stop()

    async def plan(self, rules: Sequence[Rule]) -> None:
        """How it misbehaves from now on; whoever was connected is cut."""
        await self._post("faults", {"rules": [asdict(rule) for rule in rules]})
        await self._post("server", {"cut": True})

    async def refuse(self) -> None:
        """Its port is closed."""
        await self._post("server", {"listening": False})

    async def lock_out(self) -> None:
        """Our password is right no more."""
        await self._post("server", {"password": f"not {PASSWORD}", "cut": True})

    async def mend(self) -> None:
        """All is well again."""
        await self._post("faults", {"rules": []})
        await self._post("server", {"listening": True, "password": PASSWORD})

    async def testimony(self) -> Testimony:
        """Its log and its orders."""
        return await read_testimony(str(self.address["url"]), self._http)

    async def _post(self, what: str, wanted: Mapping[str, Any]) -> None:
        url = f"{self.address['url']}/_simulator/{what}"
        async with self._http.post(url, json=wanted) as answer:
            answer.raise_for_status()
