"""Capture contexts: leave for a page of the shop to take a card for the payment system.

The card goes from the shopper's browser to the payment system; the page gets a transient token for
it, and neither the shop nor we ever see a number. A context and its token live some minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Token
from tillbridge.connector.abilities import Call
from tillbridge.connector.delivery import Delivery

PageKind: TypeAlias = Literal["microform", "unified_checkout", "flex"]
"""What takes the card: fields in the shop's own form, the payment system's whole form, or a program
of the shop's own that encrypts it for the payment system."""


@dataclass(frozen=True, slots=True)
class ContextRequest:
    """What a shop asks for, for one shopper's page.

    Attributes:
        origins: where the page stands: https, host and port.
        order_number, amount: of what will be paid; a unified checkout shows the amount.
        country, locale: of the shopper: "US", "en_US".
    """

    kind: PageKind
    origins: Sequence[str] = ()
    order_number: str = ""
    amount: Money | None = None
    country: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class CaptureContext:
    """What the page needs.

    Attributes:
        context: the signed context itself; the page's library takes it, and a checkout shows it
            again beside its token.
        library, library_integrity: the script to load, and its digest; "" where there is none.
    """

    kind: PageKind
    context: str
    library: str
    library_integrity: str
    expires_at: datetime


@runtime_checkable
class MakesCaptureContexts(Protocol):
    """Makes contexts; nothing is owed by one, so asking again is harmless."""

    async def capture_context(self, call: Call, request: ContextRequest) -> CaptureContext:
        """Raises Transient, Rejected, Misconfigured; Rejected also for a context that is not the
        payment system's own."""
        ...


@runtime_checkable
class VerifiesTokens(Protocol):
    """Proves that a transient token is what the payment system gave the shopper's browser."""

    @property
    def wants_contexts(self) -> bool:
        """Transient tokens are taken only with the context they were made in."""
        ...

    async def verify_token(self, call: Call, token: Token) -> None:
        """Raises Rejected: forged, expired, or of another context. Transient: ask again."""
        ...


@runtime_checkable
class ReceivesContextRequests(Protocol):
    """Pure: a verified delivery as a request for a context. Raises Rejected with the place."""

    def context_request(self, delivery: Delivery) -> ContextRequest: ...
