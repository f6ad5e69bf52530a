"""Control routes under /_simulator/: the log, the state and the faults, over HTTP."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults, Rule


class Orders(msgspec.Struct):
    """What POST /_simulator/faults takes; what is left out stays as it is."""

    rules: list[Rule] | None = None
    down: bool | None = None


def control_routes(
    log: EffectLog, faults: Faults, state: Callable[[], dict[str, Any]]
) -> list[web.RouteDef]:
    """GET log?after=N, GET state, POST faults."""

    async def get_log(request: web.Request) -> web.Response:
        after = int(request.query.get("after", "0"))
        rows = [
            {"number": entry.number, "at": entry.at, "kind": entry.kind, **entry.facts}
            for entry in log.entries(after=after)
        ]
        return web.json_response(body=msgspec.json.encode(rows))

    async def get_state(request: web.Request) -> web.Response:
        return web.json_response(body=msgspec.json.encode(state()))

    async def set_faults(request: web.Request) -> web.Response:
        try:
            orders = msgspec.json.decode(await request.read(), type=Orders)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        if orders.rules is not None:
            faults.rules[:] = orders.rules
        if orders.down is not None:
            faults.down = orders.down
        return web.Response(status=204)

    return [
        web.get("/_simulator/log", get_log),
        web.get("/_simulator/state", get_state),
        web.post("/_simulator/faults", set_faults),
    ]
