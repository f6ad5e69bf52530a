"""A process that looks at the webhooks of a site many times at once: FOLDER DSN TIMES."""

import asyncio
import sys
from pathlib import Path

from tillbridge.assembly import Site, close_house, open_house
from tillbridge.canonical.errors import Transient
from tillbridge.journeys.webhooks import keep_webhooks

FACTOR = 100.0


async def main(folder: str, dsn: str, times: str) -> None:
    """Says how many came to an end, and how many lost an answer for good."""
    house = await open_house(
        Site(Path(folder), factor=FACTOR), dsn, role="command", pool=4, publishing=False
    )
    at = house.connections["cybersource"]
    ends = await asyncio.gather(
        *(keep_webhooks(house, at) for _ in range(int(times))), return_exceptions=True
    )
    await close_house(house)
    broken = [end for end in ends if isinstance(end, BaseException)]
    assert all(isinstance(one, Transient) for one in broken), broken
    sys.stdout.write(f"{len(ends) - len(broken)} {len(broken)}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
