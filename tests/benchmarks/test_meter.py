"""CPU is read from the operating system: of the process, its children, and those that ended."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from benchmarks.meter import Meter, Spent

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(  # noqa: S603 (our own interpreter and our own text)
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield process
        process.kill()


def test_a_child_that_has_ended_is_counted(parent: subprocess.Popen[bytes]) -> None:
    meter = Meter({"parent": parent.pid})
    before = meter.read()
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"done\n"
    assert meter.read().since(before)["parent"].both_s >= 0.25


def test_memory_is_remembered_at_its_highest(parent: subprocess.Popen[bytes]) -> None:
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"done\n"  # it has begun, and has memory of its own
    meter = Meter({"parent": parent.pid})
    meter.look_at_memory()
    peak = meter.rss_peak_bytes
    parent.kill()
    parent.wait()
    meter.look_at_memory()
    assert meter.rss_peak_bytes == peak > 0


def test_user_and_system_time_are_told_apart() -> None:
    assert Spent(2.0, 1.0) - Spent(0.5, 0.25) == Spent(1.5, 0.75)
    assert Spent(2.0, 1.0).both_s == 3.0
