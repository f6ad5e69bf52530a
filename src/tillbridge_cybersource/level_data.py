"""Level II and III data: what a corporate card's issuer wants to know of a purchase.

It does not travel from an authorization to what follows: each capture and credit says it again. An
order's may be said whole of any part of it (`of`): the connector tells the part's share.
Source: Payments Developer Guide, Level II and Level III Data; widths and names: API field reference
(orderInformation of payments, captures and refunds).
"""

from collections.abc import Mapping

from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.documents import Field, Fields
from tillbridge_cybersource.pieces import pieces_of

_AMOUNTS = {
    "tax": "taxAmount",
    "freight": "freightAmount",
    "duty": "dutyAmount",
    "discount": "discountAmount",
}
_INVOICE = {
    "purchase_order": ("purchaseOrderNumber", 25),
    "purchase_date": ("purchaseOrderDate", 10),
    "purchase_contact": ("purchaseContactName", 36),
    "vat_number": ("vatInvoiceReferenceNumber", 15),
    "commodity_code": ("commodityCode", 4),
}
_LINE = {
    "product": ("productCode", 255),
    "description": ("productName", 255),
    "unit_of_measure": ("unitOfMeasure", 12),
    "commodity_code": ("commodityCode", 15),
    "tax_rate": ("taxRate", 7),
}
_SUMS = {"tax": "taxAmount", "discount": "discountAmount", "amount": "totalAmount"}
"""Of a whole line."""
PURCHASE = Field(
    "purchase",
    "group",
    "Level II and III data",
    of=(
        Field("of", "money", "Amount that sums and lines are for, if it may be more"),
        Field("own_lines", "boolean", "The lines are this amount's, only sums are of more"),
        Field("tax", "money", "Tax"),
        Field("freight", "money", "Freight"),
        Field("duty", "money", "Duty"),
        Field("discount", "money", "Discount"),
        Field("purchase_order", "text", "Buyer's order number", length_max=25),
        Field("purchase_date", "text", "Date of the buyer's order (YYYY-MM-DD)", length_max=10),
        Field("purchase_contact", "text", "Buyer's contact", length_max=36),
        Field("vat_number", "text", "Invoice number for tax", length_max=15),
        Field("commodity_code", "text", "Commodity code of the order", length_max=4),
        Field("ship_from", "text", "Postal code it was shipped from", length_max=10),
        Field(
            "lines",
            "list",
            "Lines",
            of=(
                Field("product", "text", "Product code", length_max=255),
                Field("description", "text", "Description", length_max=255),
                Field("quantity", "decimal", "Quantity", required=True),
                Field("unit_price", "unit_amount", "Price", required=True),
                Field("unit_of_measure", "text", "Unit of measure", length_max=12),
                Field("commodity_code", "text", "Commodity code", length_max=15),
                Field("tax_rate", "text", "Tax rate", length_max=7),
                Field("tax", "money", "Tax"),
                Field("discount", "money", "Discount"),
                Field("amount", "money", "Amount"),
            ),
        ),
    ),
)


def with_level_data(
    order: Mapping[str, object], fields: Fields, amount: Money
) -> Mapping[str, object]:
    """orderInformation with what `purchase` says; as it was where it says nothing.

    Of an `amount` below `of`, sums are told in proportion, and lines only where they are its own:
    what they are, without the sums of whole lines.
    Raises Rejected for amounts of another currency.
    """
    purchase = values.group(fields, "purchase")
    if not purchase:
        return order
    details = order["amountDetails"]
    assert isinstance(details, Mapping), "every order says its amount"
    whole = values.money(purchase, "of", amount.currency)
    found: dict[str, object] = {
        **order,
        "amountDetails": {**details, **_amounts(purchase, amount, whole)},
    }
    invoice = _texts(purchase, _INVOICE)
    if invoice:
        found["invoiceDetails"] = invoice
    ship_from = values.text(purchase, "ship_from")[:10]
    if ship_from:
        found["shippingDetails"] = {"shipFromPostalCode": ship_from}
    lines = values.groups(purchase, "lines")
    if lines and whole <= amount:
        found["lineItems"] = [_line(line, amount.currency, _SUMS) for line in lines]
    elif lines and values.flag(purchase, "own_lines"):
        found["lineItems"] = [_line(line, amount.currency, {}) for line in lines]
    return found


def _amounts(purchase: Fields, amount: Money, whole: Money) -> Mapping[str, str]:
    return {
        theirs: _share(money, amount, whole).text
        for ours, theirs in _AMOUNTS.items()
        if (money := _money(purchase, ours, amount.currency)) is not None
    }


def _share(money: Money, amount: Money, whole: Money) -> Money:
    """What of a sum belongs to `amount`, when all of it belongs to `whole`."""
    if whole <= amount:
        return money
    return money.split([amount.amount, (whole - amount).amount])[0]


def _money(fields: Fields, name: str, currency: str) -> Money | None:
    return None if fields.get(name) is None else values.money(fields, name, currency)


def _texts(fields: Fields, names: Mapping[str, tuple[str, int]]) -> dict[str, object]:
    return {
        theirs: text[:length]
        for ours, (theirs, length) in names.items()
        if (text := values.text(fields, ours))
    }


def _line(line: Fields, currency: str, sums: Mapping[str, str]) -> Mapping[str, object]:
    pieces, each = pieces_of(line, currency)
    said = {
        theirs: money.text
        for ours, theirs in sums.items()
        if (money := _money(line, ours, currency)) is not None
    }
    return {**_texts(line, _LINE), "quantity": pieces, "unitPrice": f"{each:f}", **said}
