"""What the shopper's page comes back with when the card's issuer is asked who the shopper is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AuthenticationStep: TypeAlias = Literal["collect", "confirm"]
"""What the page did: it let the issuer collect the browser's data; the shopper confirmed the
payment with the issuer, or did not."""

BROWSER_FIELDS = (
    "ip",
    "user_agent",
    "accept",
    "language",
    "java_enabled",
    "javascript_enabled",
    "color_depth",
    "screen_height",
    "screen_width",
    "time_offset",
)
"""What issuers want to know of a browser (EMV 3-D Secure); the offset is minutes from UTC."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What the page came back with.

    Attributes:
        step: the step that it has done.
        browser: what is known of it, by BROWSER_FIELDS.
        return_url: where the issuer's page shall send the shopper afterwards.
    """

    step: AuthenticationStep
    browser: Mapping[str, str] = field(default_factory=dict)
    return_url: str = ""
