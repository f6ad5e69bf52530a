"""Taxes: asked for, committed, voided.

Source: REST API reference, Taxes (/vas/v2/tax); the official client's models. A calculation that is
not committed is only a question. A commitment cannot be asked for by anything of ours, so one whose
answer is lost is a person's; a void as well, because nothing shows it.
"""

from typing import Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import money_of, part, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.pieces import pieces_of
from tillbridge_cybersource.shapes import ADDRESS, ORDER_NUMBER
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset({"taxes.calculate_tax", "taxes.void_tax"})
PATH: Final = "/vas/v2/tax"
_LINES = Field(
    "lines",
    "list",
    "Lines",
    required=True,
    of=(
        Field("product", "text", "Product code", length_max=255),
        Field("tax_code", "text", "Product's tax code", length_max=255),
        Field("description", "text", "Description", length_max=255),
        Field("quantity", "decimal", "Quantity", required=True, unit="quantity"),
        Field("unit_price", "unit_amount", "Price", required=True),
    ),
)
_ASKED = (
    ORDER_NUMBER,
    Field("currency", "text", "Currency", required=True, length_max=3, unit="currency"),
    Field("billing", "group", "Billing address", of=ADDRESS, required=True),
    Field("shipping", "group", "Shipping address", of=ADDRESS),
    Field("refund", "boolean", "Of goods that come back"),
    _LINES,
)
TAX_QUOTE = DocumentShape("tax_quote", "What an order's taxes come to", _ASKED)
TAX_COMMITMENT = DocumentShape("tax_commitment", "Taxes of an order, for the tax return", _ASKED)
TAX_VOID = DocumentShape(
    "tax_void",
    "Taxes that were committed are not owed",
    (ORDER_NUMBER, Field("tax_id", "text", "Commitment's id", required=True)),
)
_NO_PERSON: Final = frozenset({"first_name", "last_name", "company", "email", "phone"})


class Taxes:
    """The read and the writes about taxes."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (
            Write(TAX_COMMITMENT, "none", self._commit),
            Write(TAX_VOID, "none", self._void),
        )
        self.reads = (Read("tax_quote", TAX_QUOTE, self._quote),)

    async def _quote(self, call: Call, fields: Fields) -> Receipt:
        answer = await self._kept.exchange.read(call, PATH, _document(fields, commit=False))
        if answer.status != 201:
            raise refusal(self._kept.exchange.name, "Calculating taxes", answer)
        return self._told(answer.body)

    async def _commit(self, call: Call, fields: Fields) -> Receipt:
        document, doing = _document(fields, commit=True), "Committing taxes"
        answer = await self._kept.change(call, PATH, document, doing=doing)
        return self._told(answer.body)

    async def _void(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "tax_id")
        order_number = values.required_text(fields, "order_number")
        answer = await self._kept.change(
            call,
            self._kept.at(id_),
            {"clientReferenceInformation": {"code": order_number}},
            method="PATCH",
            doing=f"Voiding the taxes {id_}",
        )
        status = text_of(answer.body, "status")
        if status != "VOIDED":
            raise self._kept.odd(status)
        return self._kept.receipt(id_, {"status": status})

    def _told(self, body: Body) -> Receipt:
        status = text_of(body, "status")
        if status != "COMPLETED":
            raise self._kept.odd(status)
        order = part(body, "orderInformation")
        total = part(order, "amountDetails")
        named = {**order, "currency": total.get("currency")}
        with reading_success(self._kept.exchange.name):
            tax, whole = money_of(named, "taxAmount"), money_of(total, "totalAmount")
        return self._kept.receipt(
            text_of(body, "id"),
            {
                "tax_id": text_of(body, "id"),
                "tax": tax.text if tax is not None else "",
                "total": whole.text if whole is not None else "",
                "currency": text_of(total, "currency"),
            },
        )


def _document(fields: Fields, *, commit: bool) -> dict[str, object]:
    currency = values.required_text(fields, "currency")
    order: dict[str, object] = {
        "amountDetails": {"currency": currency},
        "billTo": address_of(values.group(fields, "billing"), _NO_PERSON),
        "lineItems": [_line(line, currency) for line in values.groups(fields, "lines")],
    }
    if shipping := address_of(values.group(fields, "shipping"), _NO_PERSON):
        order["shipTo"] = shipping
    asked: dict[str, object] = {
        "commitIndicator": commit,
        "refundIndicator": values.flag(fields, "refund"),
        "showTaxPerLineItem": "Yes",
    }
    return {
        "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
        "taxInformation": asked,
        "orderInformation": order,
    }


def _line(line: Fields, currency: str) -> dict[str, object]:
    pieces, each = pieces_of(line, currency)
    item: dict[str, object] = {
        "productSKU": values.text(line, "product"),
        "productCode": values.text(line, "tax_code"),
        "productName": values.text(line, "description"),
        "quantity": pieces,
        "unitPrice": f"{each:f}",
    }
    return {name: value for name, value in item.items() if value != ""}
