"""Service-protection limits: requests in a sliding window.

Source: learn.microsoft.com, "Service protection API limits": 6,000 requests in 300 seconds for a
user on one web server; 429 with Retry-After, and calling on makes the wait longer.
"""

import time
from collections import deque
from dataclasses import dataclass, field

from tillbridge_simulators.dynamics365.errors import DataverseError, throttled


@dataclass(slots=True)
class RequestLimit:
    """At most `requests_max` in `window_s` seconds; None for no limit."""

    requests_max: int | None
    window_s: float = 300.0
    refused: int = 0
    _times: deque[float] = field(default_factory=deque)

    def refuses(self) -> DataverseError | None:
        """Counts one request; the refusal when it is one too many."""
        if self.requests_max is None:
            return None
        now = time.monotonic()
        while self._times and self._times[0] <= now - self.window_s:
            self._times.popleft()
        if len(self._times) >= self.requests_max:
            self.refused += 1
            wait_s = self._times[0] + self.window_s - now
            return throttled(self.requests_max, self.window_s, wait_s)
        self._times.append(now)
        return None
