"""A subscription's fields, and the bodies they make.

Sources: REST API reference, Recurring Billing, Subscriptions; Recurring Billing Developer Guide,
"Creating a Subscription", "Amending a Subscription", "Skipping or Restoring a Payment".
"""

from typing import Final

from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.plan_documents import CODE, PERIOD, period_of

SUBSCRIPTION_ID = Field("subscription_id", "text", "Subscription's id", required=True)
_COMMERCE: Final = {"internet": "INTERNET", "recurring": "RECURRING", "moto": "MOTO"}
_OWN = (
    Field("name", "text", "Name", required=True, length_max=255),
    Field("plan_id", "text", "Plan's id; or what it is billed of its own"),
    Field("amount", "money", "Each payment, if not the plan's"),
    Field("setup_fee", "money", "Once, with the first payment"),
    Field("surcharge", "money", "Added to each payment"),
    Field("surcharge_text", "text", "What the surcharge is for"),
)
_NEW = (
    Field("order_number", "text", "Our reference", required=True, length_max=50),
    CODE,
    Field("starts_on", "date", "Day of the first payment", required=True),
    *_OWN,
    *PERIOD,
    Field("commerce", "choice", "How it was agreed", options=tuple(_COMMERCE)),
    Field("original_transaction_id", "text", "Network's id of the payment that began it"),
    Field("original_amount", "money", "Amount of that payment"),
)

SUBSCRIPTION = DocumentShape(
    "subscription",
    "Subscription of a stored customer",
    (*_NEW, Field("customer", "text", "Customer's token", required=True)),
)
SUBSCRIPTION_FOLLOW_ON = DocumentShape(
    "subscription_follow_on",
    "Subscription of whoever made a payment",
    (*_NEW, Field("payment_id", "text", "Payment's id", required=True)),
)
SUBSCRIPTION_UPDATE = DocumentShape(
    "subscription_update",
    "Change of a subscription",
    (
        SUBSCRIPTION_ID,
        Field("order_number", "text", "Our reference", length_max=50),
        Field("starts_on", "date", "Day of the first payment, while none was made"),
        *_OWN,
        Field("payments", "integer", "How many payments"),
    ),
)
SUBSCRIPTION_SUSPENSION = DocumentShape(
    "subscription_suspension", "Nothing is billed until it is active again", (SUBSCRIPTION_ID,)
)
SUBSCRIPTION_ACTIVATION = DocumentShape(
    "subscription_activation",
    "It is billed again",
    (
        SUBSCRIPTION_ID,
        Field("bill_missed", "boolean", "Payments missed meanwhile are billed", required=True),
    ),
)
SUBSCRIPTION_CANCELLATION = DocumentShape(
    "subscription_cancellation", "The end of a subscription, for good", (SUBSCRIPTION_ID,)
)
_CYCLE = Field("cycle", "integer", "1, 2, ...", required=True)
SUBSCRIPTION_SKIPS = DocumentShape(
    "subscription_skips",
    "Which of its payments are left out, and no others",
    (
        SUBSCRIPTION_ID,
        Field("cycles", "list", "Payments", of=(_CYCLE,)),
    ),
)


def new_subscription(fields: Fields, code: str) -> dict[str, object]:
    """The body of POST /rbs/v1/subscriptions; without a customer, that of a follow-on.

    Raises Rejected, naming the field.
    """
    found = _common(fields, {"code": code, **_origin(fields)})
    amounts, currency = _amounts(fields)
    if amounts:
        found["orderInformation"] = {"amountDetails": {"currency": currency, **amounts}}
    if period := period_of(fields):
        found["planInformation"] = period
    if commerce := values.text(fields, "commerce"):
        found["processingInformation"] = {"commerceIndicator": _COMMERCE[commerce]}
    if customer := values.text(fields, "customer"):
        found["paymentInformation"] = {"customer": {"id": customer}}
    return found


def changed_subscription(fields: Fields) -> dict[str, object]:
    """The body of PATCH /rbs/v1/subscriptions/{id}: neither currency nor period can change."""
    found = _common(fields, {})
    amounts, _ = _amounts(fields)
    if amounts:
        found["orderInformation"] = {"amountDetails": amounts}
    if payments := values.integer(fields, "payments", 0):
        found["planInformation"] = {"billingCycles": {"total": str(payments)}}
    return found


def skipped_cycles(fields: Fields) -> list[int]:
    """The cycles that are not billed, in order, each once."""
    return sorted({values.integer(one, "cycle", 0) for one in values.groups(fields, "cycles")})


def _common(fields: Fields, information: dict[str, object]) -> dict[str, object]:
    information["name"] = values.required_text(fields, "name")
    if plan_id := values.text(fields, "plan_id"):
        information["planId"] = plan_id
    if (starts_on := values.day(fields, "starts_on")) is not None:
        information["startDate"] = f"{starts_on.isoformat()}T00:00:00Z"
    found: dict[str, object] = {"subscriptionInformation": information}
    if order_number := values.text(fields, "order_number"):
        found["clientReferenceInformation"] = {"code": order_number}
    return found


def _origin(fields: Fields) -> dict[str, object]:
    """What Diners and Discover, and subscriptions begun elsewhere, want of the first payment."""
    found: dict[str, object] = {}
    if original := values.text(fields, "original_transaction_id"):
        found["originalTransactionId"] = original
    if fields.get("original_amount") is not None:
        amount = values.required_money(fields, "original_amount")
        found["originalTransactionAuthorizedAmount"] = amount.text
    return found


def _amounts(fields: Fields) -> tuple[dict[str, object], str]:
    """amountDetails without their currency, and the currency; all that is given is in one."""
    given = [name for name in ("amount", "setup_fee", "surcharge") if fields.get(name) is not None]
    if not given:
        return {}, ""
    currency = values.required_money(fields, given[0]).currency
    amounts = {name: values.money(fields, name, currency).text for name in given}
    found: dict[str, object] = {
        theirs: amounts[ours]
        for ours, theirs in (("amount", "billingAmount"), ("setup_fee", "setupFee"))
        if ours in amounts
    }
    if "surcharge" in amounts:
        told = values.text(fields, "surcharge_text")
        surcharge = {"amount": amounts["surcharge"]} | ({"description": told} if told else {})
        found["surcharge"] = surcharge
    return found, currency
