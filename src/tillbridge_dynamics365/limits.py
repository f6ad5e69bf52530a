"""What Dataverse takes of one application user, and what it says of that in its answers.

Source: learn.microsoft.com, "Service protection API limits" (2026): 6,000 requests, 1,200 s of
execution in any 300 s, 52 at once, for a user on one web server; the headers
x-ms-ratelimit-burst-remaining-xrm-requests and x-ms-ratelimit-time-remaining-xrm-requests.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector.limits import Limits
from tillbridge.connector.permits import Permits

SERVICE_PROTECTION: Final = Limits(requests=6_000, busy_s=1_200.0, window_s=300.0, at_once=52)
_REQUESTS: Final = "x-ms-ratelimit-burst-remaining-xrm-requests"
_TIME: Final = "x-ms-ratelimit-time-remaining-xrm-requests"


def tell_what_is_left(headers: Mapping[str, str], permits: Permits) -> None:
    """Hands on what an answer says."""
    left = headers.get(_REQUESTS, "")
    if left.isdigit():
        permits.told(int(left), _seconds(headers.get(_TIME, "")))


def _seconds(told: str) -> float | None:
    """Seconds of a number with or without a fraction, or of a span such as 00:19:58.5."""
    parts = told.split(":")
    if not all(part.replace(".", "", 1).isdigit() for part in parts) or len(parts) > 3:
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return seconds
