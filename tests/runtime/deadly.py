"""A worker process, for tests, in which runs of the flow `killer` end the process at once.

python -m tests.runtime.deadly DSN
"""

import asyncio
import os
import sys

from tests.runtime.mill import open_mill

from tillbridge.runs.run import Run


async def _die(_run: Run) -> None:
    os._exit(9)


async def _work(dsn: str) -> None:
    async with open_mill(dsn) as mill:
        mill.work["killer"] = _die
        async with mill.working():
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
