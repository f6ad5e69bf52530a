"""Ways to pay that a shopper let a wallet keep for the merchant: read by id, and deleted.

Source: the official client 0.0.80, PaymentTokensApi (actions TOKEN_RETRIEVE and TOKEN_DELETE,
answer COMPLETED) and its models. The token is the wallet's own; it is no card.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.kept import Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.statuses import read_refusal, refusal

CALLS = frozenset({"payment_tokens.retrieve_or_delete_payment_token"})
PATH: Final = "/pts/v2/payment-tokens"
_TAKEN = (
    Field("wallet_token", "text", "Token that the wallet gave", required=True, length_max=255),
    Field("way", "text", "Wallet, as Cybersource calls it (PAYPAL)", required=True),
)
WALLET_TOKEN = DocumentShape("wallet_token", "Way to pay that a wallet keeps", _TAKEN)
WALLET_TOKEN_DELETION = DocumentShape(
    "wallet_token_deletion", "Deletion of a way to pay that a wallet keeps", _TAKEN
)
_PLACE: Final = "tokenizedPaymentMethod"


class WalletTokens:
    """The read `wallet_token` and the write `wallet_token_deletion`.

    What is deleted stays so: asking again finds nothing, which is as it should be.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.reads = (Read(WALLET_TOKEN.kind, WALLET_TOKEN, self._read),)
        self.writes = (Write(WALLET_TOKEN_DELETION, "natural_key", self._delete),)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        """Who pays with it, and where the wallet says that goods are shipped to."""
        answer = await self._kept.exchange.read(call, PATH, _asking(fields, "TOKEN_RETRIEVE"))
        if not answer.is_accepted:
            raise read_refusal(self._kept.exchange.name, "Reading a wallet's token", answer)
        self._expect_completed(answer)
        paid_with = part(answer.body, "paymentInformation")
        address = part(answer.body, "orderInformation", "shipTo")
        told = {
            "usage": text_of(part(paid_with, "tokenizedPaymentMethod"), "usageType"),
            "payer": text_of(part(paid_with, "eWallet"), "accountId"),
            "first_name": text_of(address, "firstName"),
            "last_name": text_of(address, "lastName"),
            "line1": text_of(address, "address1"),
            "line2": text_of(address, "address2"),
            "city": text_of(address, "locality"),
            "region": text_of(address, "administrativeArea"),
            "postal_code": text_of(address, "postalCode"),
            "country": text_of(address, "country"),
        }
        return self._kept.receipt(values.required_text(fields, "wallet_token"), told)

    async def _delete(self, call: Call, fields: Fields) -> Receipt:
        answer = await self._kept.exchange.write(call, PATH, _asking(fields, "TOKEN_DELETE"))
        if answer.is_accepted:
            self._expect_completed(answer)
        elif not _is_gone(answer):
            raise refusal(self._kept.exchange.name, "Deleting a wallet's token", answer)
        return self._kept.receipt(
            values.required_text(fields, "wallet_token"), {"state": "deleted"}
        )

    def _expect_completed(self, answer: Answer) -> None:
        """Raises Transient for an answer in a word nobody knows."""
        status = text_of(answer.body, "status")
        if status != "COMPLETED":
            raise self._kept.odd(status)


def _is_gone(answer: Answer) -> bool:
    """Whether nothing is kept under the token: INVALID_DATA of that very field (that it is this one
    is not documented)."""
    details = answer.body.get("details")
    fields = [text_of(one, "field") for one in details or () if isinstance(one, Mapping)]
    names_it = bool(fields) and all(_PLACE in field for field in fields)
    return answer.reason == "INVALID_DATA" and names_it


def _asking(fields: Fields, action: str) -> dict[str, object]:
    return {
        "processingInformation": {"actionList": [action]},
        "paymentInformation": {
            "paymentType": {
                "name": "EWALLET",
                "method": {"name": values.required_text(fields, "way")},
            },
            "tokenizedPaymentMethod": {"id": values.required_text(fields, "wallet_token")},
        },
    }
