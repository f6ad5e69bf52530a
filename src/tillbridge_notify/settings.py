"""What a person fills in to be told things."""

from dataclasses import dataclass
from typing import Literal

from tillbridge.connector.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """One channel: a webhook address or e-mail."""

    channel: Literal["webhook", "email"] = setting(
        "Channel",
        "webhook: an address that takes a POST with JSON, such as a chat's incoming webhook."
        " email: a mail server.",
    )
    url: Secret = setting(
        "Webhook address",
        "An http(s) address. It is kept as a secret: whoever knows it can write there.",
        default=Secret(""),
    )
    token: Secret = setting(
        "Webhook token",
        "Sent as Authorization: Bearer, where the address wants one.",
        default=Secret(""),
    )
    host: str = setting("Mail server", "Its name.", default="")
    port: int = setting("Mail port", "587 with STARTTLS, 465 with TLS.", default=587)
    security: Literal["starttls", "tls", "none"] = setting(
        "Mail security",
        "How the connection is protected; none only for a server on this machine.",
        default="starttls",
    )
    user: str = setting("Mail user", "Empty when the server asks for none.", default="")
    password: Secret = setting("Mail password", "Of that user.", default=Secret(""))
    sender: str = setting("Sender", "The address it comes from.", default="")
    recipients: str = setting("Recipients", "Addresses, with commas between them.", default="")
