"""What the questions for reports share: whose they are, of which time, how instants are written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.connector import Opening
from tillbridge.connector.time_windows import WindowPlan
from tillbridge_cybersource.settings import CybersourceSettings

T = TypeVar("T")
SPAN: Final = timedelta(days=7)
"""How much time one question spans after a pause."""
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,32}")


def organization_of(settings: CybersourceSettings) -> Mapping[str, str]:
    """The organization of reports as a part of a query; empty where the merchant id says it.

    Raises:
        Misconfigured: it is none.
    """
    organization = settings.report_organization
    if organization and not _ORGANIZATION.fullmatch(organization):
        raise Misconfigured(
            f"The organization of reports {organization!r} is not an organization id.",
            reason="bad_setting",
            next_step="Take it from the Business Center: letters, digits, hyphens, underscores.",
        )
    return {"organizationId": organization} if organization else {}


def written(moment: datetime) -> str:
    """2016-11-22T12:00:00.000Z, as the guide writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def plan_of(settings: CybersourceSettings, opening: Opening) -> WindowPlan:
    """How the looks follow each other. What shows late is in a later one: they overlap."""
    return WindowPlan(
        lag=timedelta(0),
        overlap=timedelta(seconds=settings.report_overlap_s / opening.factor),
        reach=timedelta(days=settings.report_reach_days),
        span=SPAN,
    )


def chosen(names: str, known: Mapping[str, T], what: str) -> list[T]:
    """Those that a setting names, each once. Raises Misconfigured for one that is none."""
    words = names.replace(",", " ").split()
    for word in words:
        if word not in known:
            raise Misconfigured(
                f"{word!r} is no {what}.",
                reason="bad_setting",
                next_step=f"There are {', '.join(known)}.",
            )
    return [known[word] for word in dict.fromkeys(words)]
