"""What a person fills in to connect a shop."""

from dataclasses import dataclass

from tillbridge.connector.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """One shop."""

    signing_secret: Secret = setting(
        "Signing secret",
        "Signs every request in both directions (HMAC-SHA256). At least 32 characters, the same"
        " on the shop's side.",
    )
    previous_signing_secret: Secret = setting(
        "Previous signing secret",
        "While the shop changes its secret, requests signed with this one are accepted too."
        " Empty when no change is under way.",
        default=Secret(""),
    )
    status_url: str = setting(
        "Status address",
        "Where the shop takes messages about its payments: an https address. Empty: the shop"
        " asks instead of being told.",
        default="",
    )
    max_age_s: int = setting(
        "Oldest request",
        "Seconds a signed request may be old (or its clock ahead) before it is refused.",
        default=300,
    )
    id: str = setting(
        "Shop id",
        "The name the shop knows itself by; it is in every message to it, so that one address"
        " can serve several shops.",
        default="",
    )
