"""What a start has made is left out of every later collection, and that is settled once."""

import asyncio
import sys
from pathlib import Path

import pytest

from tillbridge.assembly import prepare

COUNTED = """
import atexit, gc, sys
from tillbridge.cli.main import main
freeze, settled = gc.freeze, []
gc.freeze = lambda: (settled.append(1), freeze())
atexit.register(lambda: print(f"settled {len(settled)} time", gc.get_freeze_count(), flush=True))
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("command", "is_up"), [(["worker"], "Working, "), (["api", "--port", "0"], "Listening on ")]
)
async def test_a_process_that_serves_settles_its_memory_once_at_its_start(
    dsn: str, books: Path, command: list[str], is_up: str
) -> None:
    await prepare(dsn)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COUNTED, "--folder", str(books), "--database-url", dsn, *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while is_up not in (line := (await process.stdout.readline()).decode()):
                assert line, "it ended before it was up"
            process.terminate()
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()

    words = said.decode().splitlines()[-1].split()
    assert words[:3] == ["settled", "1", "time"]
    assert int(words[3]) > 10_000, "what a start has made is much"
