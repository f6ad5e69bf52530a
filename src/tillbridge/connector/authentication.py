"""Authentication of a shopper (3-D Secure): the card's issuer is asked who he is, before money is.

It takes as many calls as the payment system wants. None of them moves money, so each may be made
again: whoever has lost an answer asks once more. What stands between two calls is kept by the
engine, and handed back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from tillbridge.canonical.authentications import AuthenticationStep, Returned
from tillbridge.canonical.payments import Observation
from tillbridge.connector.abilities import Call
from tillbridge.connector.documents import Fields


@dataclass(frozen=True, slots=True)
class Challenge:
    """The shopper's page has something to do.

    Attributes:
        step: what it has to do.
        page: what it needs for that (addresses, tokens); shown to the shop.
        kept: what the next call needs; never shown.
    """

    step: AuthenticationStep
    page: Mapping[str, str]
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """Enough is known of the shopper: the authorization may be asked for.

    Attributes:
        fields: the authorization's group `authentication`. It is never kept.
    """

    fields: Fields


@dataclass(frozen=True, slots=True)
class NotAuthenticated:
    """The issuer refuses, or cannot say what the connection's settings want to hear.

    Attributes:
        observation: the declined authorization that was never asked for.
    """

    observation: Observation


Authentication: TypeAlias = Challenge | Proof | NotAuthenticated


@runtime_checkable
class AuthenticatesShoppers(Protocol):
    """Asks who the shopper is, where the connection's settings want it."""

    @property
    def authenticates(self) -> bool:
        """False: a checkout goes straight to its authorization."""
        ...

    async def authenticate(
        self, call: Call, fields: Fields, returned: Returned | None, kept: Mapping[str, str]
    ) -> Authentication:
        """Begins with `returned` None; goes on with what the page came back with.

        Args:
            fields: the authorization's, as they will be.
            kept: of the challenge before.

        Raises:
            Transient: not answered; nothing has happened, ask again.
            Rejected: the request cannot be authenticated (a token that is no more).
            Misconfigured: credentials, or a service that the account does not have.
        """
        ...
