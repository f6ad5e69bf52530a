"""What a person enters to connect an organization."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.settings import Secret, setting

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PREFIX = re.compile(r"[a-z][a-z0-9]{1,7}")
_API_VERSION = re.compile(r"v9\.\d+")


@dataclass(frozen=True, slots=True)
class DynamicsSettings:
    """Settings of a Dynamics 365 organization with Dataverse.

    Sources: learn.microsoft.com, "Use OAuth authentication with Microsoft Dataverse", "Web API
    URL and versions", "Create a publisher" (prefix 2 to 8 characters, not "mscrm").
    """

    organization_url: str = setting(
        "Organization address",
        "Such as https://contoso.crm4.dynamics.com: Power Platform admin centre, environment URL.",
    )
    tenant: str = setting("Tenant", "The directory's GUID or domain: Entra admin centre, overview.")
    client_id: str = setting("Client id", "Application id of the app registration.")
    client_secret: Secret = setting("Client secret", "A secret of the app registration.")
    authority_url: str = setting(
        "Sign-in address",
        "Other than the default only for national clouds and sandboxes.",
        default="https://login.microsoftonline.com",
    )
    api_version: str = setting("Web API version", "v9.0 and later behave alike.", default="v9.2")
    publisher_prefix: str = setting(
        "Publisher prefix",
        "Names of the tables and columns that provisioning creates start with it.",
        default="tb",
    )
    hold_status: int = setting(
        "Hold status",
        "Status reason an order has while it is on hold; it must belong to the state Active."
        " 2 is Pending; 690970000 is On hold where a solution has added it.",
        default=2,
    )
    guest_account: str = setting(
        "Guest account", "Name of the account that guests' orders go to.", default="Web guests"
    )
    price_list: str = setting(
        "Price list",
        "Name of the price list of an order; {currency} stands for its ISO code.",
        default="Web {currency}",
    )
    reference_life_s: int = setting(
        "Reference data life",
        "Seconds for which products, currencies and price lists are remembered.",
        default=900,
    )
    poll_overlap_s: int = setting(
        "Overlap of polls",
        "Seconds that a poll for changes begins before the end of the last one.",
        default=300,
    )
    key_wait_s: int = setting(
        "Wait for keys",
        "Seconds for which provisioning waits until alternate keys are active.",
        default=300,
    )
    connections_max: int = setting(
        "Connections at once",
        "The organization refuses more than 52 concurrent requests of one application.",
        default=20,
    )
    tls_ca: str = setting(
        "Certificate authority file",
        "A PEM file, for a sandbox with its own authority; empty for public ones.",
        default="",
    )


def check_settings(settings: DynamicsSettings) -> None:
    """Raises Misconfigured, naming the setting, for a value that cannot be right."""
    for name in ("organization_url", "authority_url"):
        _check_url(name, getattr(settings, name))
    if not _PREFIX.fullmatch(settings.publisher_prefix) or settings.publisher_prefix == "mscrm":
        raise _wrong(
            "publisher_prefix",
            f"{settings.publisher_prefix!r} is not a publisher prefix.",
            "Use 2 to 8 lower-case letters and digits that start with a letter.",
        )
    if not _API_VERSION.fullmatch(settings.api_version):
        raise _wrong("api_version", f"{settings.api_version!r} is not a version.", "Use v9.2.")


def _check_url(name: str, url: str) -> None:
    """The client secret and money travel there: plain HTTP only to this machine."""
    parts = urlsplit(url)
    plain_path = parts.path in ("", "/") and not parts.query
    if parts.scheme == "https" and parts.hostname and plain_path:
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK and plain_path:
        return
    raise _wrong(
        name,
        f"{url!r} is not an address this connection can use.",
        "Write https:// and the host only; plain http is for this machine's own sandbox.",
    )


def _wrong(name: str, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(
        message, reason="bad_setting", place=Place(field=name), next_step=next_step
    )
