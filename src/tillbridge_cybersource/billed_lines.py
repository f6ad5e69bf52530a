"""The lines of an invoice or a payment link, and the values of the merchant's own fields.

Source: the official client's models of orderInformation.lineItems of both; a line's total is only
sent for invoices (of a link it is computed there, for a single unit).
"""

from collections.abc import Mapping

from tillbridge.connector import values
from tillbridge.connector.documents import Field, Fields
from tillbridge_cybersource.pieces import pieces_of

LINES = Field(
    "lines",
    "list",
    "Lines, with what Level III wants of them",
    of=(
        Field("product", "text", "Product code", length_max=255),
        Field("description", "text", "Description", required=True, length_max=255),
        Field("quantity", "decimal", "Quantity", required=True, unit="quantity"),
        Field("unit_price", "unit_amount", "Price", required=True),
        Field("discount", "money", "Discount of the line"),
        Field("tax", "money", "Tax of the line"),
        Field("tax_rate", "decimal", "Tax rate, percent", unit="percentage"),
        Field("amount", "money", "The line's total"),
    ),
)

DEFINED = Field(
    "defined",
    "list",
    "Fields of your own, by their ids",
    of=(
        Field("id", "integer", "Field's id", required=True),
        Field("value", "text", "Value", required=True),
    ),
)


def defined_values(fields: Fields) -> list[Mapping[str, object]]:
    """merchantDefinedFieldValues of the document's `defined`."""
    return [
        {
            "definitionId": values.integer(one, "id", 0),
            "value": values.required_text(one, "value"),
        }
        for one in values.groups(fields, "defined")
    ]


def billed_lines(
    fields: Fields, currency: str, *, totals: bool = True
) -> list[Mapping[str, object]]:
    """orderInformation.lineItems of the document's `lines`. Raises Rejected, naming the field."""
    return [_line(line, currency, totals=totals) for line in values.groups(fields, "lines")]


def _line(line: Fields, currency: str, *, totals: bool) -> Mapping[str, object]:
    pieces, each = pieces_of(line, currency)
    item: dict[str, object] = {
        "productSku": values.text(line, "product"),
        "productName": values.required_text(line, "description"),
        "quantity": pieces,
        "unitPrice": f"{each:f}",
    }
    named = {"discount": "discountAmount", "tax": "taxAmount"}
    for ours, theirs in (named | ({"amount": "totalAmount"} if totals else {})).items():
        if amount := values.money(line, ours, currency):
            item[theirs] = amount.text
    if line.get("tax_rate") is not None:
        item["taxRate"] = f"{values.decimal(line, 'tax_rate'):f}"
    return {name: value for name, value in item.items() if value != ""}
