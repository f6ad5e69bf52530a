"""The window of time a report's query asks for.

Source: Reporting Developer Guide (ISO 8601, at most 24 hours at once for the details of a window);
whether the end belongs to the window is not documented: here it does not.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.documents import text_at

WINDOW_MAX_S = 86_400
LONG_WINDOW_MAX_S = 366 * 86_400.0
"""Of what is asked for by the month: how much at once is not documented."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,32}")


def window_of(ask: Ask, *, most_s: float = WINDOW_MAX_S) -> tuple[float, float]:
    """startTime and endTime in seconds since the epoch. Raises Refusal."""
    start, end = (instant_at(ask.query, name).timestamp() for name in ("startTime", "endTime"))
    if not 0 < end - start <= most_s:
        raise Refusal("INVALID_DATA", ["startTime", "endTime"])
    return start, end


def organization_of(ask: Ask) -> str:
    """Whose report it is: the merchant's own unless the query names another. Raises Refusal."""
    organization = ask.query.get("organizationId", ask.account.options.merchant_id)
    if not _ORGANIZATION.fullmatch(organization):
        raise Refusal("INVALID_DATA", ["organizationId"])
    return organization


def instant_at(query: Mapping[str, Any], name: str) -> datetime:
    """An instant of a query. Raises Refusal."""
    text = text_at(query, name, length_max=35, required=True)
    if not _INSTANT.fullmatch(text):
        raise Refusal("INVALID_DATA", [name])
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("INVALID_DATA", [name]) from None
