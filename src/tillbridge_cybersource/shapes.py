"""The documents this connector writes, field by field."""

from typing import Final

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge_cybersource.level_data import PURCHASE
from tillbridge_cybersource.stored_credentials import STORED_CREDENTIAL

ORDER_NUMBER = Field("order_number", "text", "Order number", required=True, length_max=50)
"""clientReferenceInformation.code: 50 characters (API field reference)."""

ADDRESS = (
    Field("first_name", "text", "First name", length_max=60),
    Field("last_name", "text", "Last name", length_max=60),
    Field("company", "text", "Company", length_max=60),
    Field("line1", "text", "Street", length_max=60),
    Field("line2", "text", "Street, second line", length_max=60),
    Field("city", "text", "City", length_max=50),
    Field("region", "text", "State or region", length_max=20),
    Field("postal_code", "text", "Postal code", length_max=14),
    Field("country", "text", "Country", length_max=2),
    Field("email", "text", "E-mail", length_max=255),
    Field("phone", "text", "Telephone", length_max=15),
)
ADDRESS_WIDTHS: Final = {field.name: field.length_max for field in ADDRESS}
"""Characters of each part of an address (API field reference, orderInformation.billTo)."""
MERCHANT_DEFINED = Field(
    "merchant_defined",
    "list",
    "Merchant-defined fields, for Decision Manager and reports",
    of=(
        Field("key", "text", "Number, 1 to 100", required=True, length_max=3),
        Field("value", "text", "Value", required=True, length_max=255),
    ),
)
"""merchantDefinedInformation (API field reference)."""

AUTHENTICATION = Field(
    "authentication",
    "group",
    "What the issuer said of the shopper (3-D Secure)",
    of=(
        Field("cavv", "text", "Cardholder authentication value", length_max=255),
        Field("eci_raw", "text", "Electronic commerce indicator", length_max=2),
        Field("xid", "text", "Transaction of 3-D Secure", length_max=40),
        Field("ucaf", "text", "Mastercard's authentication value", length_max=32),
        Field("ucaf_indicator", "text", "Mastercard's collection indicator", length_max=1),
        Field("directory_server_id", "text", "Directory server's transaction", length_max=36),
        Field("version", "text", "Version of 3-D Secure", length_max=10),
        Field("pares_status", "text", "Result of the authentication", length_max=1),
        Field("veres_enrolled", "text", "Result of the enrolment", length_max=1),
        Field("commerce_indicator", "text", "Commerce indicator", length_max=20),
    ),
)
"""consumerAuthenticationInformation (API field reference)."""

AUTHORIZATION = DocumentShape(
    "authorization",
    "Authorization of a card payment",
    (
        ORDER_NUMBER,
        Field("amount", "money", "Amount", required=True),
        Field("token_kind", "choice", "Kind of token", required=True, options=("transient", "tms")),
        Field("token", "text", "Token", required=True),
        Field("attempt_key", "text", "Key of the attempt", required=True, length_max=30),
        Field("billing", "group", "Billing address", of=ADDRESS),
        Field("shipping", "group", "Shipping address", of=ADDRESS),
        Field("customer_id", "text", "Customer's number", length_max=100),
        Field("store_token", "boolean", "Store the card as a token"),
        Field("customer_token", "text", "Customer's token, beside the card's", length_max=32),
        Field("address_token", "text", "Stored shipping address", length_max=32),
        Field(
            "lines",
            "list",
            "Lines",
            of=(
                Field("product", "text", "Product code"),
                Field("description", "text", "Description"),
                Field("quantity", "decimal", "Quantity", required=True),
                Field("unit_price", "unit_amount", "Price", required=True),
                Field("amount", "money", "Amount"),
            ),
        ),
        PURCHASE,
        MERCHANT_DEFINED,
        AUTHENTICATION,
        STORED_CREDENTIAL,
    ),
)

CAPTURE = DocumentShape(
    "capture",
    "Capture of an authorized payment",
    (
        ORDER_NUMBER,
        Field("authorization_id", "text", "Authorization", required=True),
        Field("amount", "money", "Amount", required=True),
        Field("ordinal", "integer", "Which capture of this authorization: 1, 2, ..."),
        Field("final", "boolean", "No capture will follow"),
        Field("reference", "text", "Shipment or invoice", length_max=50),
        PURCHASE,
        MERCHANT_DEFINED,
    ),
)

REFUND = DocumentShape(
    "refund",
    "Refund of captured money",
    (
        ORDER_NUMBER,
        Field("amount", "money", "Amount; all that was captured and is not given back, when empty"),
        Field("capture_id", "text", "Capture; found by itself when empty"),
        Field("of_sale", "boolean", "The capture is a sale's; found by itself when empty"),
        Field("reference", "text", "Return or credit note", length_max=50),
        PURCHASE,
        MERCHANT_DEFINED,
    ),
)

CREDIT = DocumentShape(
    "credit",
    "Credit that stands alone, to a card or bank account",
    (
        ORDER_NUMBER,
        Field("amount", "money", "Amount", required=True),
        Field("token_kind", "choice", "Kind of token", required=True, options=("transient", "tms")),
        Field("token", "text", "Token", required=True),
        Field("billing", "group", "Billing address", of=ADDRESS),
        Field("reference", "text", "Return or credit note", length_max=50),
        PURCHASE,
        MERCHANT_DEFINED,
    ),
)

INCREMENT = DocumentShape(
    "increment",
    "More of a payment that is authorized already",
    (
        ORDER_NUMBER,
        Field("authorization_id", "text", "Authorization", required=True),
        Field("amount", "money", "Amount that is added", required=True),
    ),
)

REVERSAL = DocumentShape(
    "reversal",
    "Release of an authorized payment",
    (
        ORDER_NUMBER,
        Field("authorization_id", "text", "Authorization", required=True),
        Field("amount", "money", "Amount that is still authorized", required=True),
        Field("reason", "text", "Reason", length_max=50),
    ),
)

VOID = DocumentShape(
    "void",
    "Cancellation of a capture, refund, credit or sale before it leaves with its batch",
    (
        ORDER_NUMBER,
        Field("capture_id", "text", "Capture"),
        Field("refund_id", "text", "Refund"),
        Field("credit_id", "text", "Credit"),
        Field("sale_id", "text", "Sale"),
        Field("reason", "text", "Reason", length_max=50),
    ),
)
