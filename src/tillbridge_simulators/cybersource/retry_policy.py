"""When a notification that was not accepted is sent again.

Source: the official client's Notificationsubscriptionsv2webhooksRetryPolicy (arithmetic: a + r(n-1)
minutes after the first call, geometric: ar^(n-1); a whole sequence may be repeated after a wait);
the Webhooks Implementation Guide, "Configure the Retry Policy" (defaults: 1, 1, 3, 0 and 0).
"""

from collections.abc import Iterator, Mapping
from typing import Any

_MINUTE_S = 60.0


def retry_waits_s(policy: Mapping[str, Any]) -> tuple[float, ...]:
    """Seconds between one call and the next, as a subscription's `retryPolicy` says."""
    first, interval = _number(policy, "firstRetry", 1), _number(policy, "interval", 1)
    count = int(_number(policy, "numberOfRetries", 3))
    again = int(_number(policy, "repeatSequenceCount", 0))
    between = _number(policy, "repeatSequenceWaitTime", 0)
    geometric = str(policy.get("algorithm", "")).upper() == "GEOMETRIC"
    sequence = list(_gaps(first, interval, count, geometric=geometric))
    waits = list(sequence)
    for _ in range(again if sequence else 0):
        waits += [between + sequence[0], *sequence[1:]]
    return tuple(wait * _MINUTE_S for wait in waits)


def _gaps(first: float, interval: float, count: int, *, geometric: bool) -> Iterator[float]:
    """Minutes from each call to the next."""
    before = 0.0
    for number in range(count):
        at = first * interval**number if geometric else first + interval * number
        yield max(at - before, 0.0)
        before = at


def _number(policy: Mapping[str, Any], name: str, default: int) -> float:
    value = policy.get(name)
    return float(default if value in (None, "") else value)
