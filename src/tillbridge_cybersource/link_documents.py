"""A payment link's fields, and the body they make.

Sources: Pay by Link Developer Guide, "Create a Fixed-Price Link", "Create a Customer-Set Link",
"Update a Fixed-Price Link" (all of the original request has to be sent again: what is left out is
removed); the official client's models.
"""

from typing import Final

from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billed_lines import DEFINED, LINES, billed_lines, defined_values

NUMBER = Field("number", "text", "Purchase number", required=True, length_max=50)
"""purchaseInformation.purchaseNumber, which is the id of all that follows."""
_KINDS: Final = {"purchase": "PURCHASE", "donation": "DONATION"}
_OWN = (
    Field("kind", "choice", "A purchase if not given", options=tuple(_KINDS)),
    Field("total", "money", "Price of a purchase, or the amount a donation suggests"),
    Field("least", "money", "Least amount of a donation"),
    Field("most", "money", "Most amount of a donation"),
    Field("expires_on", "date", "Last day"),
    Field("expires_at_amount", "money", "Ends when so much was paid by it"),
    Field("expires_at_quantity", "integer", "Ends when so many were sold by it"),
    Field("request_phone", "boolean", "Ask for a telephone number"),
    Field("request_shipping", "boolean", "Ask for a shipping address"),
    Field("transaction_reference", "text", "Reference at the processor: letters and digits"),
    LINES,
    DEFINED,
)

PAYMENT_LINK = DocumentShape("payment_link", "Link that somebody pays by", (NUMBER, *_OWN))
PAYMENT_LINK_UPDATE = DocumentShape(
    "payment_link_update",
    "Change of a link: the whole of it, and whether anybody can pay by it",
    (NUMBER, Field("active", "boolean", "Can be paid by"), *_OWN),
)


def new_link(fields: Fields) -> dict[str, object]:
    """The body of POST /ipl/v2/payment-links. Raises Rejected, naming the field."""
    kind = values.text(fields, "kind") or "purchase"
    defined = defined_values(fields)
    return ({"merchantDefinedFieldValues": defined} if defined else {}) | {
        "processingInformation": {
            "linkType": _KINDS[kind],
            "requestPhone": values.flag(fields, "request_phone"),
            "requestShipping": values.flag(fields, "request_shipping"),
        },
        "purchaseInformation": _purchase(fields),
        "orderInformation": _order(fields, kind),
    }


def changed_link(fields: Fields) -> dict[str, object]:
    """The body of PATCH /ipl/v2/payment-links/{id}. Raises Rejected, naming the field."""
    found = new_link(fields)
    if fields.get("active") is not None:
        found["status"] = "ACTIVE" if values.flag(fields, "active") else "INACTIVE"
    return found


def _purchase(fields: Fields) -> dict[str, object]:
    expires_on = values.day(fields, "expires_on")
    found: dict[str, object] = {"purchaseNumber": values.required_text(fields, "number")}
    if expires_on is not None:
        found["expirationDate"] = expires_on.isoformat()
    if fields.get("expires_at_amount") is not None:
        found["expirationAmount"] = values.money_above_zero(fields, "expires_at_amount").text
    if quantity := values.integer(fields, "expires_at_quantity", 0):
        found["expirationQuantity"] = str(quantity)
    if reference := values.text(fields, "transaction_reference"):
        found["transactionReferenceNumber"] = reference
    return found


def _order(fields: Fields, kind: str) -> dict[str, object]:
    first = "total" if kind == "purchase" else "least"
    currency = values.money_above_zero(fields, first).currency
    amounts: dict[str, object] = {"currency": currency}
    named = {"total": "totalAmount", "least": "minAmount", "most": "maxAmount"}
    for ours, theirs in named.items():
        if amount := values.money(fields, ours, currency):
            amounts[theirs] = amount.text
    values.money(fields, "expires_at_amount", currency)  # refuses another currency
    lines = billed_lines(fields, currency, totals=False)
    return {"amountDetails": amounts} | ({"lineItems": lines} if lines else {})
