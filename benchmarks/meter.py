"""What processes cost, as the operating system counts it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM, _PARENT = 11, 12, 13, 14, 1
"""Fields of /proc/PID/stat after the command's name (proc_pid_stat(5): 14 to 17, and 4)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds (user and system) by process name, at one moment."""

    cpu_s: Mapping[str, float]

    def since(self, earlier: "Reading") -> dict[str, float]:
        """CPU seconds spent in between, by process name."""
        return {name: spent - earlier.cpu_s[name] for name, spent in self.cpu_s.items()}


class Meter:
    """Reads some processes by name; of each also its children, ended ones included."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self.rss_peak_bytes = 0

    def read(self) -> Reading:
        """CPU seconds so far."""
        return Reading({name: _family_cpu_s(pid) for name, pid in self._pids.items()})

    def look_at_memory(self) -> None:
        """Notes the highest memory of all together; shared pages count once."""
        total = 0
        for pid in self._pids.values():
            total += sum(_proportional_bytes(member) for member in _family(pid))
        self.rss_peak_bytes = max(self.rss_peak_bytes, total)


def _family_cpu_s(pid: int) -> float:
    """A process, its living children, and those it has outlived."""
    ticks = 0
    for member in _family(pid):
        fields = _stat(member)
        if fields:
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    own = _stat(pid)
    if own:
        ticks += int(own[_CHILD_USER]) + int(own[_CHILD_SYSTEM])
    return ticks / _TICKS_PER_S


def _family(pid: int) -> list[int]:
    """The process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [pid, *(int(child) for child in children.read_text().split())]
    except FileNotFoundError:
        return [pid]


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _proportional_bytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
