"""Points: the places between two steps of the journey where a process may die.

A process passes points by name. In a dry run their names are written down; in a town of its own
each is the place where the process kills itself, once.
"""

import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Death:
    """Where a process dies: at this point, when it is passed for the so-manieth time.

    Attributes:
        stall_s: above 0, the process is stopped for so long instead of killed.
        then: where it is killed after all, once it goes on.
    """

    point: str
    passing: int = 1
    stall_s: float = 0.0
    then: str = ""


class Points:
    """The points that one process passes."""

    def __init__(self, role: str, folder: Path, death: Death | None) -> None:
        """`folder` is the town's: every process of it notes there what it passed."""
        self._role = role
        self._trace = os.open(folder / "points", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._marker = folder / "died"
        self._death = death
        self._passed: Counter[str] = Counter()
        self._has_stalled = False

    def passed(self, name: str) -> None:
        """Notes the point; dies here if it is the one."""
        point = f"{self._role}: {name}"
        os.write(self._trace, f"{point}\n".encode())
        death = self._death
        if death is not None and self._has_stalled and death.then == point:
            os.kill(os.getpid(), signal.SIGKILL)
        if death is None or death.point != point:
            return
        self._passed[point] += 1
        if self._passed[point] >= death.passing and self._is_first():
            self._die(death)

    def _is_first(self) -> bool:
        """Whether nobody in this town has died so far; from now on somebody has."""
        try:
            os.close(os.open(self._marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        return True

    def _die(self, death: Death) -> None:
        if death.stall_s:
            self._has_stalled = True
            self._marker.write_text(f"{os.getpid()} {death.stall_s}")
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def points_passed(folder: Path) -> Counter[str]:
    """How often each point was passed in a town, in the order of the first passing."""
    trace = folder / "points"
    return Counter(trace.read_text().splitlines()) if trace.exists() else Counter()


def has_died(folder: Path) -> bool:
    """Whether a process of the town died where it was told to."""
    return (folder / "died").exists()
