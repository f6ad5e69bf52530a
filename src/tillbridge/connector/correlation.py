"""What everything that is done now is about: one order number from the shop to the ERP.

It travels with the task (a context variable), so that log lines, figures and calls to other
systems find it without being told. Whoever begins work says it once, with `follow`.
"""

import contextvars
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Watcher(Protocol):
    """Hears of every HTTP call to another system. Never raises."""

    def headers(self, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """The headers to send: `given`, and the trace the call belongs to where there is one."""
        ...

    def answered(self, connection: str, method: str, status: int, seconds: float) -> None:
        """A call ended; `status` is 0 when no complete answer came."""
        ...


class Unwatched:
    """Nobody looks."""

    def headers(self, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return given

    def answered(self, connection: str, method: str, status: int, seconds: float) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Correlation:
    """What the present task works on.

    Attributes:
        subject: the order number, or whatever else the lane is named by; "" when not known yet.
        run: the run's number; 0 outside of runs.
    """

    watcher: Watcher
    subject: str = ""
    run: int = 0


_CURRENT: contextvars.ContextVar[Correlation] = contextvars.ContextVar("correlation")
_NOBODY = Correlation(Unwatched())


def current() -> Correlation:
    """What this task works on."""
    return _CURRENT.get(_NOBODY)


def follow(watcher: Watcher, subject: str = "", run: int = 0) -> None:
    """Says what this task works on from here on, and all tasks it starts."""
    _CURRENT.set(Correlation(watcher, subject, run))
