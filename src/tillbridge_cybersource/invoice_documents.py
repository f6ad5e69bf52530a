"""An invoice's fields, and the body they make.

Source: REST API reference, Invoicing, "Create a New Invoice" and "Update an Invoice"; the official
client's models; widths: its version 0.0.20.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billed_lines import DEFINED, LINES, billed_lines, defined_values

NUMBER = Field("number", "text", "Invoice number", required=True, length_max=26)
"""invoiceInformation.invoiceNumber, which is the id of all that follows."""
TAX_KINDS: Final = ("local", "national", "alternate", "vat", "other", "green")
_CHANGEABLE = (
    Field("description", "text", "What is billed", required=True, length_max=2000),
    Field("due_on", "date", "Due", required=True),
    Field("expires_on", "date", "Last day of its link"),
    Field("customer_name", "text", "Customer", length_max=100),
    Field("customer_email", "text", "Customer's e-mail", length_max=255),
    Field("customer_id", "text", "Customer's number"),
    Field("company", "text", "Customer's company"),
    Field("total", "money", "Total", required=True),
    Field("subtotal", "money", "Total before tax, freight and discount"),
    Field("discount", "money", "Discount"),
    Field("tax", "money", "Tax"),
    Field("tax_rate", "decimal", "Tax rate, percent", unit="percentage"),
    Field("tax_kind", "choice", "Kind of tax, local if not given", options=TAX_KINDS),
    Field("freight", "money", "Freight"),
    Field("freight_taxable", "boolean", "Freight is taxed"),
    Field("minimum_payment", "money", "Least partial payment"),
    Field("partial_payments", "boolean", "May be paid in parts"),
    Field("request_phone", "boolean", "Ask for a telephone number"),
    Field("request_shipping", "boolean", "Ask for a shipping address"),
    Field("transaction_reference", "text", "Reference at the processor: letters and digits"),
    LINES,
    DEFINED,
)

INVOICE = DocumentShape(
    "invoice",
    "Invoice that Cybersource shows, sends and takes money for",
    (
        NUMBER,
        Field(
            "delivery",
            "choice",
            "draft, a link without a mail, or an e-mail",
            options=("draft", "link", "email"),
        ),
        *_CHANGEABLE,
    ),
)
INVOICE_UPDATE = DocumentShape(
    "invoice_update", "Change of an invoice nobody has paid", (NUMBER, *_CHANGEABLE)
)
INVOICE_DELIVERY = DocumentShape("invoice_delivery", "Sending an invoice by e-mail", (NUMBER,))
INVOICE_PUBLICATION = DocumentShape(
    "invoice_publication", "A draft becomes payable without a mail", (NUMBER,)
)
INVOICE_CANCELLATION = DocumentShape("invoice_cancellation", "Cancelling an invoice", (NUMBER,))
INVOICE_SETTINGS = DocumentShape(
    "invoice_settings",
    "Settings of all invoices",
    (
        Field("display_name", "text", "Merchant's name on invoices", length_max=100),
        Field("email_message", "text", "Words of the e-mail", length_max=2000),
        Field("reminders", "boolean", "Reminders are sent"),
        Field("language", "text", "Language of delivery", length_max=6),
        Field("currency", "text", "Currency if none is said", length_max=3, unit="currency"),
        Field("merchant_email", "text", "Merchant's e-mail for notices"),
        Field("notify_merchant", "boolean", "The merchant is told by e-mail"),
        Field("ask_phone", "boolean", "Ask for a telephone number"),
        Field("ask_shipping", "boolean", "Ask for a shipping address"),
    ),
)

_DELIVERY: Final[Mapping[str, Mapping[str, object]]] = {
    "draft": {"sendImmediately": False},
    "link": {"sendImmediately": False, "deliveryMode": "None"},
    "email": {"sendImmediately": True, "deliveryMode": "Email"},
}
_SETTINGS: Final[Mapping[str, str]] = {
    "display_name": "merchantDisplayName",
    "email_message": "customEmailMessage",
    "reminders": "enableReminders",
    "language": "deliveryLanguage",
    "currency": "defaultCurrencyCode",
    "merchant_email": "merchantEmail",
    "notify_merchant": "enableMerchantEmailNotifications",
    "ask_phone": "phoneNumber",
    "ask_shipping": "shipTo",
}
"""invoiceSettingsInformation: our name -> theirs."""


def new_invoice(fields: Fields) -> dict[str, object]:
    """The body of POST /invoicing/v2/invoices. Raises Rejected, naming the field."""
    delivery = values.text(fields, "delivery") or "draft"
    document = changed_invoice(fields)
    information = {
        "invoiceNumber": values.required_text(fields, "number"),
        **_information(fields),
        **_DELIVERY[delivery],
    }
    return document | {"invoiceInformation": information}


def changed_invoice(fields: Fields) -> dict[str, object]:
    """The body of PUT /invoicing/v2/invoices/{id}: all of it, what is left out is removed."""
    found: dict[str, object] = {
        "customerInformation": _customer(fields),
        "processingInformation": {
            "requestPhone": values.flag(fields, "request_phone"),
            "requestShipping": values.flag(fields, "request_shipping"),
        },
        "invoiceInformation": _information(fields),
        "orderInformation": _order(fields),
        "merchantDefinedFieldValues": defined_values(fields),
    }
    return {name: value for name, value in found.items() if value}


def changed_settings(fields: Fields) -> dict[str, object]:
    """invoiceSettingsInformation of what is given; the rest stays as it is."""
    return {theirs: fields[ours] for ours, theirs in _SETTINGS.items() if ours in fields}


def _information(fields: Fields) -> dict[str, object]:
    due_on, expires_on = values.day(fields, "due_on"), values.day(fields, "expires_on")
    if due_on is None:
        raise values.missing("due_on")
    found: dict[str, object] = {
        "description": values.required_text(fields, "description"),
        "dueDate": due_on.isoformat(),
        "allowPartialPayments": values.flag(fields, "partial_payments"),
        "transactionReferenceNumber": values.text(fields, "transaction_reference"),
        "expirationDate": expires_on.isoformat() if expires_on else "",
    }
    return {name: value for name, value in found.items() if value != ""}


def _customer(fields: Fields) -> dict[str, object]:
    company = values.text(fields, "company")
    found: dict[str, object] = {
        "name": values.text(fields, "customer_name"),
        "email": values.text(fields, "customer_email"),
        "merchantCustomerId": values.text(fields, "customer_id"),
        "company": {"name": company} if company else "",
    }
    return {name: value for name, value in found.items() if value}


def _order(fields: Fields) -> dict[str, object]:
    total = values.money_above_zero(fields, "total")
    amounts: dict[str, object] = {"totalAmount": total.text, "currency": total.currency}
    named = {
        "subtotal": "subAmount",
        "discount": "discountAmount",
        "minimum_payment": "minimumPartialAmount",
    }
    for ours, theirs in named.items():
        if amount := values.money(fields, ours, total.currency):
            amounts[theirs] = amount.text
    if tax := values.money(fields, "tax", total.currency):
        rate = fields.get("tax_rate")
        kind = values.text(fields, "tax_kind") or "local"
        details: dict[str, object] = {"type": kind, "amount": tax.text}
        amounts["taxDetails"] = details | ({} if rate is None else {"rate": f"{rate:f}"})
    if freight := values.money(fields, "freight", total.currency):
        taxable = values.flag(fields, "freight_taxable")
        amounts["freight"] = {"amount": freight.text, "taxable": taxable}
    lines = billed_lines(fields, total.currency)
    return {"amountDetails": amounts} | ({"lineItems": lines} if lines else {})
