"""What is known of a kept card, and whether a bank account can be one: two reads.

Sources: BIN Lookup Developer Guide; the official client's models and its word "mandatory" for the
encryption of bank account validations (docs/systems/cybersource.md). Cards go by their tokens: a
number is never asked about.
"""

from collections.abc import Mapping

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.encryption import expect_sealing
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "bin_lookup.get_account_info",
        "bank_account_validation.bank_account_validation_request",
    }
)
_LOOKUP = "/bin/v1/binlookup"
_VALIDATION = "/bavs/v1/account-validations"
_TOKENS: Mapping[str, str] = {
    "customer": "customer",
    "instrument": "paymentInstrument",
    "identifier": "instrumentIdentifier",
}
_KEPT = (
    Field("customer", "text", "Customer's token", length_max=32),
    Field("instrument", "text", "Payment instrument", length_max=32),
    Field("identifier", "text", "Instrument identifier", length_max=32),
)

CARD_DETAILS = DocumentShape("card_details", "What is known of a kept card by its digits", _KEPT)
BANK_ACCOUNT = DocumentShape(
    "bank_account",
    "Whether a bank account can be one",
    (
        *_KEPT,
        Field("routing_number", "text", "Routing number", length_max=9),
        Field("account_number", "text", "Account number", length_max=17),
    ),
)


class AccountChecks:
    """The reads `card_details` and `bank_account`."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        self._exchange = exchange
        self._settings = settings
        self.reads = (
            Read("card_details", CARD_DETAILS, self._card),
            Read("bank_account", BANK_ACCOUNT, self._bank),
        )

    async def _card(self, call: Call, fields: Fields) -> Receipt:
        """`status` is COMPLETED, MULTIPLE or NO MATCH; the others are empty unless COMPLETED."""
        document = {"paymentInformation": _kept(fields)}
        answer = await self._exchange.read(call, _LOOKUP, document)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, "A lookup of a card", answer)
        about = part(answer.body, "paymentAccountInformation")
        card, issuer = part(about, "card"), part(answer.body, "issuerInformation")
        told = {
            "status": text_of(answer.body, "status"),
            "brand": text_of(card, "type"),
            "brand_name": text_of(card, "brandName"),
            "funding": text_of(part(about, "features"), "accountFundingSource"),
            "issuer": text_of(issuer, "name"),
            "country": text_of(issuer, "country"),
        }
        return Receipt(fields={name: value for name, value in told.items() if value})

    async def _bank(self, call: Call, fields: Fields) -> Receipt:
        """`good` is yes or no. Raises Misconfigured where requests are not encrypted."""
        expect_sealing(self._settings, self._exchange.name, "bank accounts")
        routing = values.text(fields, "routing_number")
        paid: Mapping[str, object] = _kept(fields) if not routing else _typed(fields, routing)
        document = {
            "processingInformation": {"validationLevel": 1},
            "paymentInformation": paid,
        }
        answer = await self._exchange.read(call, _VALIDATION, document)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, "A validation of a bank account", answer)
        found = part(answer.body, "bankAccountValidation")
        result = str(found.get("resultCode", "none"))
        return Receipt(
            fields={
                "good": "yes" if result.strip("0") == "" else "no",
                "result": result,
                "message": text_of(found, "resultMessage"),
            }
        )


def _kept(fields: Fields) -> Mapping[str, object]:
    """What is asked about by its token. Raises Rejected for none, or more than one."""
    given = {noun: token for name, noun in _TOKENS.items() if (token := values.text(fields, name))}
    if len(given) != 1:
        raise Rejected(
            f"One of {', '.join(_TOKENS)} is needed, and {len(given)} are given.",
            reason="bad_field",
            next_step="Give the token of what is asked about.",
        )
    return {noun: {"id": token} for noun, token in given.items()}


def _typed(fields: Fields, routing: str) -> Mapping[str, object]:
    number = values.required_text(fields, "account_number")
    return {"bank": {"routingNumber": routing, "account": {"number": number}}}
