"""Tags of chip cards: what one is called, and what stands in the data of a transaction.

Source: the official client 0.0.80, EmvTagDetailsApi. Both only ask. Data leave only where no
account number can be among them (`emv_data`).
"""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.emv_data import LENGTH_MAX, expect_no_card
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.statuses import read_refusal

CALLS = frozenset({"emv_tag_details.get_emv_tags", "emv_tag_details.parse_emv_tags"})
_PATH: Final = "/tss/v2/transactions/emvTagDetails"
_REQUESTOR: Final = "Tillbridge"
"""Who asks; which words are taken is not documented."""
EMV_TAG: Final = DocumentShape(
    "emv_tag",
    "What a tag of chip cards is called",
    (Field("tag", "text", "Tag in hexadecimal digits", required=True, length_max=8),),
)
EMV_DATA: Final = DocumentShape(
    "emv_data",
    "What a terminal said of a transaction",
    (
        Field("request_id", "text", "Payment that they are of", required=True, length_max=26),
        Field("data", "text", "Tags, lengths and values", required=True, length_max=LENGTH_MAX),
    ),
)


class EmvTags:
    """The reads `emv_tag` and `emv_data`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.reads = (
            Read(EMV_TAG.kind, EMV_TAG, self._tag),
            Read(EMV_DATA.kind, EMV_DATA, self._data),
        )

    async def _tag(self, call: Call, fields: Fields) -> Receipt:
        """`name`. Raises Rejected for a tag that Cybersource does not list."""
        tag = values.required_text(fields, "tag").upper()
        answer = await self._exchange.read(call, _PATH)
        if answer.status != 200:
            raise read_refusal(self._exchange.name, "Listing EMV tags", answer)
        for row in _rows(answer.body, "emvTagBreakdownList"):
            if text_of(row, "tag").upper() == tag:
                return Receipt(fields={"tag": tag, "name": text_of(row, "name")})
        raise Rejected(
            f"{self._exchange.name}: there is no EMV tag {tag}.",
            reason="unknown_tag",
            next_step="Give the tag in hexadecimal digits, such as 9F26.",
        )

    async def _data(self, call: Call, fields: Fields) -> Receipt:
        """`tags` ("9F02 9F26"), `text` with a line for each ("9F02 Amount: 000000002500"), and the
        value of each under its tag in small letters. Raises Rejected for data that hold, or may
        hold, an account number."""
        coded = values.required_text(fields, "data").strip()
        expect_no_card(coded, "data")
        id_ = values.required_text(fields, "request_id")
        details = [{"requestId": id_, "emvRequestCombinedTags": coded}]
        document = {"requestor": _REQUESTOR, "emvDetailsList": details}
        answer = await self._exchange.read(call, _PATH, document)
        if answer.status not in (200, 201):
            raise read_refusal(self._exchange.name, "Reading EMV data", answer)
        told = [
            row
            for one in _rows(answer.body, "parsedEMVTagsList")
            for row in _rows(one, "emvTagBreakdownList")
        ]
        lines = [
            f"{text_of(row, 'tag')} {text_of(row, 'name')}: {text_of(row, 'value')}" for row in told
        ]
        summary = {"tags": " ".join(text_of(row, "tag") for row in told), "text": "\n".join(lines)}
        by_tag = {text_of(row, "tag").lower(): text_of(row, "value") for row in told}
        return Receipt(fields=by_tag | summary)


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [row for row in body.get(name) or () if isinstance(row, Mapping)]
