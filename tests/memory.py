"""Where tests keep their files: in memory, where the machine has room for it.

They make and drop thousands of databases, each of hundreds of files: on a disk that alone takes
minutes. Nothing else changes; PostgreSQL commits as it does everywhere.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 (a file system, not a file's name)
ROOM = 6 << 30
"""A whole session keeps about a quarter of it."""
LEFT = 6 << 30
"""Of the machine's memory, beside that."""
PREFIX = "tillbridge-tests-"


def move_to_memory() -> Path | None:
    """Has this process and its children keep their temporary files in memory; None: they do not.

    What a session that was killed has left there goes.
    """
    if "TMPDIR" in os.environ or not _has_room():
        return None
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o711)  # a PostgreSQL under another identity passes through
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _has_room() -> bool:
    """Also for programs: environments of clients are installed into temporary folders."""
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(MEMORY).free >= ROOM and _available() >= ROOM + LEFT


def _available() -> int:
    """Bytes of memory that could be had, as the kernel estimates."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    told = dict(line.split(":") for line in lines)
    return int(told["MemAvailable"].split()[0]) * 1024
