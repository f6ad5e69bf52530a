"""Processes beside ours: what they say when they break, and that they end."""

from pathlib import Path

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.outside.process import Process


async def test_a_process_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    process = Process("world", "tillbridge_simulators.world", ("{",), log=tmp_path / "world.log")
    with pytest.raises(Misconfigured, match=r"(?s)world did not start.*JSONDecodeError"):
        await process.start()


async def test_a_command_that_fails_is_quoted(tmp_path: Path) -> None:
    process = Process("auditor", "tillbridge_simulators.auditor", (), log=tmp_path / "auditor.log")
    with pytest.raises(Misconfigured, match=r"(?s)auditor ended with 1.*IndexError"):
        await process.run()


async def test_a_started_process_ends_when_told(tmp_path: Path) -> None:
    settings = '{"systems": ["shop"], "tethered": true}'
    process = Process("world", "tillbridge_simulators.world", (settings,), log=tmp_path / "log")
    assert "status_url" in await process.start()
    process.expect_alive()
    await process.stop()
    with pytest.raises(Misconfigured, match="ended with 0"):
        process.expect_alive()
    await process.stop()
