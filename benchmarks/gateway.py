"""The outside world of a benchmark, in one process: `python -m benchmarks.gateway JSON`.

    {"webhooks": "http://127.0.0.1:8080/doors/cybersource", "lost": 0.01, "seed": 1}

A Cybersource account that takes its time (median 1.2 s, 99 of 100 within 8 s) and loses answers,
and a Dynamics 365 organization. Writes one line of JSON with their addresses; SIGTERM ends it.
The log tells of each authorization how long the gateway itself took (`answered`, `took_s`).
"""

import asyncio
import gc
import json
import math
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from aiohttp import web

from tillbridge_simulators.cybersource import CybersourceSimulator, Options, Subscription
from tillbridge_simulators.cybersource.ask import Offer
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.faults import Fault, Faults, Rule

MEDIAN_S = 1.2
P99_S = 8.0
_SIGMA = math.log(P99_S / MEDIAN_S) / 2.3263  # the 99th percentile of a normal distribution


class TimedGateway(CybersourceSimulator):
    """Notes how long it took over each call, from the request's arrival to its answer."""

    def _handler(self, service: Offer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        plain, operation = super()._handler(service), service.operation

        async def timed(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            answer = await plain(request)
            took_s = time.perf_counter() - began
            self.log.add("answered", operation=operation, about=_about(answer), took_s=took_s)
            return answer

        return timed


def _about(answer: web.StreamResponse) -> str:
    """The request id in an answer, by which the shop knows the authorization."""
    body = answer.body if isinstance(answer, web.Response) else None
    return str(json.loads(body).get("id", "")) if isinstance(body, bytes) and body else ""


def latency(draw: random.Random) -> float:
    """Seconds, log-normal."""
    return MEDIAN_S * math.exp(_SIGMA * draw.gauss(0, 1))


async def run(settings: dict[str, object]) -> None:
    """Runs until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    seed = int(str(settings["seed"]))
    lost = Rule("authorization", Fault("lose_answer"), chance=float(str(settings["lost"])))
    gateway = TimedGateway(
        Options(latency=latency),
        faults=Faults(seed, [lost]),
        subscription=Subscription(url=str(settings["webhooks"])),
        seed=seed,
    )
    erp = DataverseSimulator(key_lag_s=0.0)
    await gateway.start()
    await erp.start()
    options = gateway.options
    addresses = {
        "cybersource": {
            "url": gateway.url,
            "merchant_id": options.merchant_id,
            "key_id": options.key_id,
            "secret_key": options.secret_key,
        },
        "dynamics365": {"url": erp.url},
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    await ended.wait()
    await gateway.stop()
    await erp.stop()


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.argv[1])))
