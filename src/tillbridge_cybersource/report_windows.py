"""What the questions for reports share: whose they are, and how instants are written."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from tillbridge.canonical.errors import Misconfigured
from tillbridge_cybersource.settings import CybersourceSettings

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
