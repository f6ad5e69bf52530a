"""What processes cost, as the operating system counts it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _CHILD_USER, _CHILD_SYSTEM = 11, 12, 13, 14
"""Fields of /proc/PID/stat after the command's name (proc_pid_stat(5): 14 to 17)."""


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds: in the program's own code, and in the kernel on its behalf."""

    user_s: float = 0.0
    system_s: float = 0.0

    @property
    def both_s(self) -> float:
        return self.user_s + self.system_s

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(self.user_s - earlier.user_s, self.system_s - earlier.system_s)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was spent so far, by process name."""

    by_name: Mapping[str, Spent]

    def since(self, earlier: "Reading") -> dict[str, Spent]:
        """What was spent in between, by process name."""
        return {name: spent - earlier.by_name[name] for name, spent in self.by_name.items()}


class Meter:
    """Reads some processes by name; of each also its children, ended ones included.

    Our own process is read alone: its children have names of their own.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self.rss_peak_bytes = 0

    def read(self) -> Reading:
        """What was spent so far."""
        return Reading({name: _spent_by_family(pid) for name, pid in self._pids.items()})

    def look_at_memory(self) -> None:
        """Notes the highest memory of all together; shared pages count once."""
        total = 0
        for pid in self._pids.values():
            total += sum(_proportional_bytes(member) for member in _family(pid))
        self.rss_peak_bytes = max(self.rss_peak_bytes, total)


def _spent_by_family(pid: int) -> Spent:
    """A process, its living children, and those it has outlived."""
    if pid == os.getpid():
        own_times = os.times()
        return Spent(own_times.user, own_times.system)
    user = system = 0
    for member in _family(pid):
        fields = _stat(member)
        if fields:
            user += int(fields[_USER])
            system += int(fields[_SYSTEM])
    own = _stat(pid)
    if own:
        user += int(own[_CHILD_USER])
        system += int(own[_CHILD_SYSTEM])
    return Spent(user / _TICKS_PER_S, system / _TICKS_PER_S)


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
