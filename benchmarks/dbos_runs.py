"""The six steps on DBOS with default settings; run by benchmarks/dbos_peer.py in its environment.

`python -m benchmarks.dbos_runs DSN POSTGRES_PID RUNS AT_ONCE` prints one line of JSON.
"""

# mypy: disable-error-code="untyped-decorator"
# DBOS is not installed where types are checked.

import asyncio
import json
import os
import sys
import time
from typing import Any

import asyncpg
from dbos import (  # type: ignore[import-not-found,unused-ignore]  # only in its own environment
    DBOS,
    DBOSConfig,
    SetWorkflowID,
)

from benchmarks import acts
from benchmarks.meter import Meter

WARM_UP = 100
_pools: list[Any] = []
"""The local act's pool, opened before the first run."""


@DBOS.step()
async def note(key: str, subject: str, title: str) -> str:
    """A local act: a row for people."""
    await _pools[0].execute(acts.NOTE, key, subject, title)
    return "kept"


@DBOS.step()
async def customer(asked: dict[str, Any]) -> dict[str, str]:
    """A read."""
    return acts.customer(asked)


@DBOS.step()
async def stock(asked: dict[str, Any]) -> dict[str, str]:
    """A read."""
    return acts.stock(asked)


@DBOS.step()
async def sales_order(key: str, document: dict[str, Any]) -> dict[str, str]:
    """A write."""
    return acts.sales_order(key, document)


@DBOS.step()
async def payment(key: str, document: dict[str, Any]) -> dict[str, str]:
    """A write."""
    return acts.payment(key, document)


@DBOS.workflow()
async def six_steps(order: dict[str, Any]) -> str:
    """The steps of benchmarks/stub.py, one after the other."""
    number = order["number"]
    await note(f"{number}/taken", number, f"Taken {number}")
    buyer = await customer({"email": order["email"]})
    there = await stock({"product": order["lines"][0]["product"]})
    ordered = await sales_order(
        f"{number}/order",
        {
            "number": number,
            "customer": buyer["number"],
            "terms": buyer["terms"],
            "warehouse": there["warehouse"],
            "name": order["name"],
            "total": order["total"],
        },
    )
    await note(f"{number}/told", number, f"Ordered {ordered['id']}")
    paid = await payment(
        f"{number}/payment",
        {"number": number, "order": ordered["id"], "total": order["total"]},
    )
    return str(paid["id"])


async def _run(name: str, count: int, at_once: int) -> None:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            subject = f"{name}-{number:07}"
            with SetWorkflowID(subject):
                handle = await DBOS.start_workflow_async(six_steps, acts.order(subject))
            await handle.get_result()

    await asyncio.gather(*(some() for _ in range(at_once)))


async def _measure(dsn: str, postgres: int, count: int, at_once: int) -> dict[str, Any]:
    _pools.append(await asyncpg.create_pool(dsn, min_size=1, max_size=10))
    await _pools[0].execute(acts.NOTICES)
    await _run("warm", WARM_UP, at_once)
    meter = Meter({"postgres": postgres, "program": os.getpid()})
    before, began = meter.read(), time.monotonic()
    await _run("run", count, at_once)
    took_s, spent = time.monotonic() - began, meter.read().since(before)
    return {
        "runs": count,
        "took_s": took_s,
        "notices": await _pools[0].fetchval("SELECT count(*) FROM notices") - 2 * WARM_UP,
        "postgres_s": [spent["postgres"].user_s, spent["postgres"].system_s],
        "program_s": [spent["program"].user_s, spent["program"].system_s],
    }


def main() -> None:
    """Measures and prints one line of JSON."""
    dsn, postgres, count, at_once = sys.argv[1:]
    config: DBOSConfig = {"name": "six-steps", "system_database_url": dsn}
    DBOS(config=config)
    DBOS.launch()
    try:
        told = asyncio.run(_measure(dsn, int(postgres), int(count), int(at_once)))
    finally:
        DBOS.destroy()
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
