"""What authorizations, captures, reversals and voids share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Absent, Call, Finding, Found, NotYet, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.instants import Instants
from tillbridge_cybersource.search import Hit, Search
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import Policy

TRANSACTION_ID_LENGTH_MAX = 30
"""Characters of clientReferenceInformation.transactionId (API field reference)."""

_NUMBERS = frozenset(map(str, range(1, 101)))
"""The keys of merchantDefinedInformation (API field reference)."""


@dataclass(frozen=True, slots=True)
class Operations:
    """The parts every operation works with."""

    exchange: Exchange
    search: Search
    settings: CybersourceSettings
    policy: Policy
    opening: Opening
    sent: Instants = field(default_factory=Instants)
    """When a call was sent, by its key, as `find` was told."""

    def receipt(self, kind: str, observation: Observation, status: str) -> Receipt:
        """A receipt with the reference `kind`, readable fields and what was observed."""
        fields = {
            "request_id": observation.request_id,
            "status": status,
            "verdict": observation.verdict.value,
            "reason": observation.reason,
            "amount": observation.amount.text if observation.amount else "",
            "currency": observation.amount.currency if observation.amount else "",
            "approval_code": observation.approval_code,
        }
        reference = ExternalReference(self.opening.connection, kind, observation.request_id)
        return Receipt(
            references=(reference,) if observation.request_id else (),
            fields={name: value for name, value in fields.items() if value},
            observations=(observation,),
        )

    async def find(
        self,
        call: Call,
        order_number: str,
        sent_at: datetime,
        found: Callable[[list[Hit]], Observation | None],
        kind: str,
    ) -> Finding:
        """Found when search shows what `found` recognizes; Absent only after the set time."""
        self.sent.keep(call.key, sent_at)
        observation = found(await self.search.hits(call, order_number))
        if observation is not None:
            return Found(self.receipt(kind, observation, "found"))
        absent_after_s = self.settings.absent_after_s / self.opening.factor
        age_s = (call.now - sent_at).total_seconds()
        if absent_after_s and age_s >= absent_after_s:
            return Absent()
        return NotYet(max(self.settings.search_lag_s / self.opening.factor, 0.01))


@contextmanager
def reading_success(system: str) -> Iterator[None]:
    """While an accepted answer is read, what cannot be understood leaves the effect unknown.

    Raises:
        Transient: "perhaps", in place of any Rejected.
    """
    try:
        yield
    except Rejected as error:
        raise Transient(
            f"{system}: an accepted request was answered in a form that is not known: {error}",
            sent="perhaps",
            reason="unreadable",
        ) from error


def client_reference(order_number: str, key: str) -> Mapping[str, str]:
    """clientReferenceInformation of every request.

    `transactionId` is what time-out reversals and voids go by; it does not come back in search,
    so the key travels in `comments` as well.
    """
    return {"code": order_number, "transactionId": key, "comments": key}


def amount_details(amount: Money) -> Mapping[str, str]:
    """amountDetails of every request, under orderInformation or reversalInformation."""
    return {"totalAmount": amount.text, "currency": amount.currency}


def merchant_defined(fields: Fields) -> list[Mapping[str, str]]:
    """merchantDefinedInformation: numbers 1 to 100 with their texts of at most 255 characters.

    Raises Rejected for a key that is none of the numbers, or one that comes twice.
    """
    found: dict[str, str] = {}
    for one in values.groups(fields, "merchant_defined"):
        key = values.required_text(one, "key")
        if key not in _NUMBERS or key in found:
            raise Rejected(
                f"merchant_defined has the key {key[:20]!r}, which is not a number from 1 to 100"
                " that stands once.",
                reason="bad_key",
                next_step="Give each field a number of its own.",
            )
        found[key] = values.text(one, "value")[:255]
    return [{"key": key, "value": value} for key, value in found.items()]
