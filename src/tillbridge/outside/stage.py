"""The stage: a process that opens small worlds of simulators on request, one for each test."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tillbridge.canonical.errors import Misconfigured
from tillbridge.outside.process import Process

MODULE = "tillbridge_simulators.stage"
ANSWER_TIMEOUT_S = 60.0


class Stage:
    """Asks the process `tillbridge_simulators.stage` (its first lines say what it takes).

    Requests of several worlds may be under way at once.
    """

    def __init__(self, log: Path) -> None:
        self._process = Process("stage of simulators", MODULE, (), log=log)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._count = 0
        self._hearing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts the process. Raises Misconfigured with its last words."""
        await self._process.start()
        self._hearing = asyncio.create_task(self._hear())

    async def stop(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
        await self._process.stop()

    async def ask(self, stage: str, do: str, **content: object) -> Any:
        """One request's answer. Raises Misconfigured with what went wrong there."""
        self._count += 1
        number = self._count
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answered
        request = {"id": number, "stage": stage, "do": do, **content}
        await self._process.tell(json.dumps(request))
        try:
            return await asyncio.wait_for(answered, ANSWER_TIMEOUT_S)
        finally:
            del self._asked[number]

    async def _hear(self) -> None:
        """Hands answers to whoever asked; when the process has ended, everybody is told."""
        while line := await self._process.hear():
            told = json.loads(line)
            answered = self._asked.get(told.get("id"))
            if answered is None or answered.done():
                continue
            if "error" in told:
                answered.set_exception(_went_wrong(told["error"]))
            else:
                answered.set_result(told["answer"])
        for answered in self._asked.values():
            if not answered.done():
                answered.set_exception(_went_wrong("it has ended"))


class Scenery:
    """One world on a stage: what a test does with it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name

    async def open(self, settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Opens it; answers by system what a connection to it needs."""
        found: dict[str, dict[str, Any]] = await self._ask("open", settings=settings)
        return found

    async def close(self) -> None:
        await self._ask("close")

    async def plan(self, system: str, rules: Sequence[Mapping[str, Any]], *, down: bool) -> None:
        """How a system misbehaves from now on."""
        await self._ask("plan", system=system, rules=list(rules), down=down)

    async def checkout(
        self, document: Mapping[str, Any], card: str, key: str, owed: str
    ) -> dict[str, Any]:
        """A shopper pays, or pays what is `owed`; answers the status the shop was told, and the
        reason."""
        given = {"document": document, "card": card, "key": key, "owed": owed}
        found: dict[str, Any] = await self._ask("checkout", **given)
        return found

    async def tell(self, operation: str, delivery: Mapping[str, Any]) -> bool:
        """The shop tells of a shipment or a cancellation; False when it was refused or lost."""
        return bool((await self._ask("tell", operation=operation, delivery=delivery))["taken"])

    async def decide(self, order_number: str, *, accept: bool) -> int:
        """Somebody decides about payments in review; answers how many there were."""
        found = await self._ask("decide", order_number=order_number, accept=accept)
        return int(found["decided"])

    async def happen(self, name: str, given: Mapping[str, str]) -> str:
        """Something happens at Cybersource, as `tillbridge sandbox trigger` has it; answers why it
        cannot, or ""."""
        found = await self._ask("happen", name=name, given=dict(given))
        return str(found["refused"])

    async def settle(self) -> None:
        """Waits until nothing is on its way."""
        await self._ask("settle")

    async def effects(self) -> dict[str, list[dict[str, str]]]:
        """What took place, by system: kind and order_number of each effect."""
        found: dict[str, list[dict[str, str]]] = await self._ask("effects")
        return found

    async def _ask(self, do: str, **content: object) -> Any:
        return await self._stage.ask(self._name, do, **content)


def _went_wrong(what: str) -> Misconfigured:
    return Misconfigured(f"The simulated world: {what}.", reason="stage")
