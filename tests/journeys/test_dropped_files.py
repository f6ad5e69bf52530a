"""Dropped files where many workers look."""

import asyncio
from pathlib import Path

from tests.journeys.test_flow_triggers import FILES
from tests.journeys.workshop import open_workshop

from tillbridge.journeys.drop import Drops


async def test_who_has_seen_a_file_grow_looks_again_and_nobody_else_has_to(
    tmp_path: Path, dsn: str
) -> None:
    """Of four workers each would have to see it twice, did they take turns."""
    async with open_workshop(tmp_path, dsn, FILES, works=False) as shop:
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "drop" / "a.csv").write_text("sku\nA\n")
        workers = [Drops() for _ in range(4)]
        looks = 0
        while (tmp_path / "drop" / "a.csv").exists():
            for worker in workers:
                await worker.take(shop.house)
            looks += 1
            await asyncio.sleep(0.1)
            workers.append(workers.pop(0))
        assert looks <= 4  # 4 s of quiet are 0.2 s here


async def test_a_file_that_its_watcher_died_over_is_taken_by_another(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, FILES, works=False) as shop:
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "drop" / "a.csv").write_text("sku\nA\n")
        await Drops().take(shop.house)
        other = Drops()
        async with asyncio.timeout(10):
            while (tmp_path / "drop" / "a.csv").exists():
                await other.take(shop.house)
                await asyncio.sleep(0.05)
        assert len(await shop.runs()) == 1
