"""The whole demo, as a user starts it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "src/tillbridge/templates"
DEMO = (sys.executable, "-m", "tillbridge.cli.main", "demo")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own program)
        [*DEMO, *arguments], capture_output=True, text=True, timeout=150, check=False
    )


def processes_of(folder: Path) -> list[int]:
    """Who runs for the demo in that folder: told by command line or environment."""
    marks = os.fsencode(folder)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if marks in told and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def test_a_day_of_thirty_orders_keeps_every_promise(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    done = demo("--orders", "30", "--seed", "7", "--folder", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every promise was kept" in done.stdout
    assert "fsync = on" in done.stdout
    assert "divided by 30" in done.stdout
    assert f"tillbridge --folder {folder} trace W12" in done.stdout
    assert processes_of(folder) == []


def test_a_killed_demo_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "day"
    process = subprocess.Popen(  # noqa: S603 (our own program)
        [*DEMO, "--orders", "500", "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "The shop opens" in line:
            break
    assert len(processes_of(folder)) >= 4
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    gone_by = time.monotonic() + 30
    while processes_of(folder) and time.monotonic() < gone_by:
        time.sleep(0.2)
    assert processes_of(folder) == []


def test_a_day_begins_on_a_blank_page(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("of mine")
    done = demo("--folder", str(tmp_path))
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_a_day_is_traded_with_a_folder_of_ones_own(tmp_path: Path) -> None:
    books = tmp_path / "books"
    shutil.copytree(TEMPLATES / "order-to-cash-sage", books)
    before = sorted(books.rglob("*"))
    done = demo("--orders", "8", "--folder", str(books))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every promise was kept" in done.stdout
    assert f"with the flows of {books}" in done.stdout
    assert "Dynamics" not in done.stdout
    assert sorted(books.rglob("*")) == before
