"""Small worlds on request: what tests of flows are played in, one world a test.

    python -m tillbridge_simulators.stage

Each line of standard input is a JSON request, each line of standard output an answer with the
request's `id` and either `answer` or `error`. The first line says that it is ready. The end of
standard input ends it. Requests name their world by `stage`; `do` is one of

    open      {"settings": ...} as tillbridge_simulators.world takes them -> its addresses
    plan      {"system", "rules", "down"}: how a system misbehaves from now on
    checkout  {"document", "card", "key", "owed"}: a shopper pays, all of it or what is owed
              -> {"status", "reason", "answers"}
    tell      {"operation", "delivery"}: the shop tells of a shipment or cancellation -> {"taken"}
    decide    {"order_number", "accept"}: somebody decides about a payment in review
    happen    {"name", "given"}: something happens at Cybersource (cybersource/triggers.py)
              -> {"refused": why it cannot, or ""}
    settle    waits until nothing is on its way
    effects   -> what took place, by system: [{"kind", "order_number"}]
    close     stops the world
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from tillbridge_simulators.cybersource.triggers import pull
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import Purchase
from tillbridge_simulators.world import SYSTEMS, World

Request: TypeAlias = dict[str, Any]  # JSON
LINE_BYTES_MAX = 1 << 24
SETTLE_S = 5.0
"""Real seconds: what is on its way for longer (a notification nobody takes) is not waited for."""
_NAMES = ("order_number", "order", "external_order", "websono", "shop_ref", "merchant_reference")
"""How the logs name the shop's order number."""


class Stages:
    """The worlds that are open, by name."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}
        self._acts: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "open": self._open,
            "plan": self._plan,
            "checkout": self._checkout,
            "tell": self._tell,
            "decide": self._decide,
            "happen": self._happen,
            "settle": self._settle,
            "effects": self._effects,
            "close": self._close,
        }

    async def answer(self, request: Request) -> dict[str, Any]:
        """One request's answer; what goes wrong is an answer too."""
        try:
            answer = await self._acts[request["do"]](request)
        except Exception as error:
            return {"id": request.get("id"), "error": f"{type(error).__name__}: {error}"}
        return {"id": request["id"], "answer": answer}

    async def stop(self) -> None:
        """Stops every world."""
        for world in self._worlds.values():
            await world.stop()

    async def _open(self, request: Request) -> Any:
        world = World(request["settings"])
        await world.start()
        self._worlds[request["stage"]] = world
        return world.addresses()

    async def _close(self, request: Request) -> None:
        await self._worlds.pop(request["stage"]).stop()

    async def _plan(self, request: Request) -> None:
        simulator = getattr(self._world(request), request["system"])
        rules = [Rule(**{**rule, "fault": Fault(**rule["fault"])}) for rule in request["rules"]]
        simulator.faults.rules[:] = rules
        simulator.faults.down = bool(request["down"])

    async def _checkout(self, request: Request) -> Any:
        shop = self._shop(request)
        purchase = Purchase(request["document"], [request["card"]], "ship")
        order = ShopOrder(purchase, keys=(request["key"],), owed=request["owed"])
        shop.orders[order.number] = order
        await shop.pay(order)
        attempt = order.attempts[-1]
        return {"status": attempt.status, "reason": attempt.reason, "answers": attempt.answers}

    async def _tell(self, request: Request) -> Any:
        return {"taken": await self._shop(request).tell(request["operation"], request["delivery"])}

    async def _decide(self, request: Request) -> Any:
        """{"decided": how many authorizations of the order waited for a decision}."""
        cybersource = self._world(request).cybersource
        assert cybersource is not None, "only where there are payments can one be decided about"
        waiting = [
            one
            for one in list(cybersource.state.authorizations.values())
            if one.code == request["order_number"]
            and one.review == "pending"
            and one.state == "held"
        ]
        for one in waiting:
            cybersource.decide_review(one.id, accept=request["accept"])
        return {"decided": len(waiting)}

    async def _happen(self, request: Request) -> Any:
        cybersource = self._world(request).cybersource
        assert cybersource is not None, "only where it is can something happen there"
        try:
            pull(cybersource.account, request["name"], request["given"])
        except ValueError as error:
            return {"refused": str(error)}
        return {"refused": ""}

    async def _settle(self, request: Request) -> Any:
        """{"settled": false} when something is on its way for too long."""
        world = self._world(request)
        try:
            async with asyncio.timeout(SETTLE_S):
                if world.shop is not None:
                    await world.shop.idle()
                if world.cybersource is not None:
                    await world.cybersource.settle()
        except TimeoutError:
            return {"settled": False}
        return {"settled": True}

    async def _effects(self, request: Request) -> Any:
        world = self._world(request)
        return {
            name: _effects_of(simulator.log)
            for name in SYSTEMS
            if (simulator := getattr(world, name)) is not None
        }

    def _world(self, request: Request) -> World:
        return self._worlds[request["stage"]]

    def _shop(self, request: Request) -> Any:
        shop = self._world(request).shop
        assert shop is not None, "a checkout takes a shop"
        return shop


def _effects_of(log: EffectLog) -> list[dict[str, str]]:
    return [
        {
            "kind": entry.kind,
            "order_number": next(
                (str(entry.facts[name]) for name in _NAMES if entry.facts.get(name)), ""
            ),
        }
        for entry in log.entries()
        if entry.kind != "request"
    ]


async def run() -> None:
    """Answers requests until standard input ends; each in a task of its own."""
    stages = Stages()
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()

    async def answer(request: Request) -> None:
        _say(await stages.answer(request))

    _say({"ready": True})
    try:
        while line := await reader.readline():
            task = asyncio.create_task(answer(json.loads(line)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await stages.stop()


def _say(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run())
