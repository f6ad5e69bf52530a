import asyncio
from pathlib import Path

from tillbridge.database.filelock import FileLock


async def test_two_tasks_with_one_lock_exclude_each_other(tmp_path: Path) -> None:
    lock, inside, most = FileLock(tmp_path / "lock"), 0, 0

    async def enter() -> None:
        nonlocal inside, most
        async with lock.held():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))
    assert most == 1


def test_a_shared_hold_keeps_an_exclusive_one_out(tmp_path: Path) -> None:
    first, second, alone = (FileLock(tmp_path / "lock") for _ in range(3))
    assert first.try_shared()
    assert second.try_shared()
    assert not alone.try_exclusive()
    first.release()
    second.release()
    assert alone.try_exclusive()
    assert alone.is_ours
    alone.release()
