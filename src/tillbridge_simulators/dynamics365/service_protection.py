"""Service-protection limits: requests and execution time in a sliding window, requests at once.

Source: learn.microsoft.com, "Service protection API limits": for a user on one web server 6,000
requests and 1,200 s of execution in any 300 s, 52 at once; 429 with Retry-After, and calling on
makes the wait longer; what is left of the first two stands in the headers of every answer.
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tillbridge_simulators.dynamics365.errors import (
    DataverseError,
    busy_too_long,
    throttled,
    too_many_at_once,
)

REQUESTS_MAX = 6_000
BUSY_MAX_S = 1_200.0
AT_ONCE_MAX = 52
WINDOW_S = 300.0
INSISTED_S = 0.1
"""Each call that does not wait as it was told makes the wait so much longer."""


@dataclass(slots=True)
class ServiceProtection:
    """What is enforced; None for no limit.

    Attributes:
        window_s: already divided by the factor, like `busy_max_s`.
        refused: by code, how often.
        insisted: calls that came before the wait they were told was over.
        requests_most, at_once_most, busy_most_s: the most there ever were within any window, and at
            once, refused ones included.
    """

    requests_max: int | None = None
    busy_max_s: float | None = None
    at_once_max: int | None = None
    window_s: float = WINDOW_S
    refused: dict[str, int] = field(default_factory=dict)
    insisted: int = 0
    requests_most: int = 0
    at_once_most: int = 0
    busy_most_s: float = 0.0
    _came: deque[float] = field(default_factory=deque)
    _let_in: deque[float] = field(default_factory=deque)
    _busy: deque[tuple[float, float]] = field(default_factory=deque)
    _busy_s: float = 0.0
    _at_once: int = 0
    _shut_until: float = float("-inf")

    def begin(self) -> DataverseError | None:
        """Counts one request that has come; the refusal when it is one too many. One that is let
        in ends with `end`."""
        now = time.monotonic()
        self._forget(now)
        self._came.append(now)
        self.requests_most = max(self.requests_most, len(self._came))
        self.at_once_most = max(self.at_once_most, self._at_once + 1)
        refusal = self._refusal(now)
        if refusal is None:
            self._let_in.append(now)
            self._at_once += 1
        else:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
        return refusal

    def end(self, seconds: float) -> None:
        """A request that was let in took so long."""
        self._at_once -= 1
        self._busy.append((time.monotonic(), seconds))
        self._busy_s += seconds
        self.busy_most_s = max(self.busy_most_s, self._busy_s)

    def left(self) -> Mapping[str, str]:
        """What is left, as headers."""
        found = {}
        if self.requests_max is not None:
            left = max(0, self.requests_max - len(self._let_in))
            found["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(left)
        if self.busy_max_s is not None:
            left_s = max(0.0, self.busy_max_s - self._busy_s)
            found["x-ms-ratelimit-time-remaining-xrm-requests"] = f"{left_s:.2f}"
        return found

    def _refusal(self, now: float) -> DataverseError | None:
        if now < self._shut_until:
            self.insisted += 1
            self._shut_until += INSISTED_S
        if self.at_once_max is not None and self._at_once >= self.at_once_max:
            return too_many_at_once(self.at_once_max, self._told(now, now))
        if self.requests_max is not None and len(self._let_in) >= self.requests_max:
            wait_s = self._told(now, self._let_in[0] + self.window_s)
            return throttled(self.requests_max, self.window_s, wait_s)
        if self.busy_max_s is not None and self._busy_s >= self.busy_max_s:
            wait_s = self._told(now, self._busy[0][0] + self.window_s)
            return busy_too_long(self.busy_max_s, self.window_s, wait_s)
        return None

    def _told(self, now: float, free_at: float) -> float:
        """How long to wait; whoever calls on before that waits longer."""
        self._shut_until = max(self._shut_until, free_at, now + 1.0)
        return self._shut_until - now

    def _forget(self, now: float) -> None:
        start = now - self.window_s
        for times in (self._came, self._let_in):
            while times and times[0] <= start:
                times.popleft()
        while self._busy and self._busy[0][0] <= start:
            self._busy_s -= self._busy.popleft()[1]
