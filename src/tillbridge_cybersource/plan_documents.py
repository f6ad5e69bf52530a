"""A plan's fields, the billing period that plans and subscriptions share, and the bodies they make.

Sources: REST API reference, Recurring Billing; Recurring Billing Developer Guide, "Creating a Plan"
and "Amending a Plan"; codes have at most 10 letters, digits, hyphens and dots ("Assigning a
Subscription Code"; of plans every example keeps to it).
"""

from typing import Final

from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields

CODE_LENGTH_MAX: Final = 10
PLAN_ID = Field("plan_id", "text", "Plan's id", required=True)
UNITS: Final = {"day": "D", "week": "W", "month": "M", "year": "Y"}
CODE = Field("code", "text", "Code; one is made if not given", length_max=CODE_LENGTH_MAX)
PERIOD: Final = (
    Field("every", "integer", "So many units from payment to payment"),
    Field("unit", "choice", "Unit of that", options=tuple(UNITS)),
    Field("payments", "integer", "How many payments; without end if not given"),
)
_NAMED = (
    Field("name", "text", "Name", required=True, length_max=255),
    Field("description", "text", "Description"),
    *PERIOD,
    Field("amount", "money", "Each payment", required=True),
    Field("setup_fee", "money", "Once, with the first payment"),
)

PLAN = DocumentShape(
    "plan",
    "Plan that customers subscribe to",
    (CODE, Field("draft", "boolean", "Nobody can subscribe yet"), *_NAMED),
)
PLAN_UPDATE = DocumentShape(
    "plan_update",
    "Change of a plan",
    (
        PLAN_ID,
        *_NAMED,
        Field(
            "applies_to",
            "choice",
            "Whose payments change; new subscriptions only, if not given",
            options=("new", "all"),
        ),
    ),
)
PLAN_ACTIVATION = DocumentShape("plan_activation", "A plan can be subscribed to", (PLAN_ID,))
PLAN_DEACTIVATION = DocumentShape(
    "plan_deactivation", "A plan cannot be subscribed to any more", (PLAN_ID,)
)
PLAN_DELETION = DocumentShape(
    "plan_deletion", "Removing a plan nobody has subscribed to", (PLAN_ID,)
)


def new_plan(fields: Fields, code: str) -> dict[str, object]:
    """The body of POST /rbs/v1/plans. Raises Rejected, naming the field."""
    status = "DRAFT" if values.flag(fields, "draft") else "ACTIVE"
    return _plan(fields, {"code": code, "status": status})


def changed_plan(fields: Fields) -> dict[str, object]:
    """The body of PATCH /rbs/v1/plans/{id}."""
    applies_to = (values.text(fields, "applies_to") or "new").upper()
    options = {"subscriptionBillingOptions": {"applyTo": applies_to}}
    return _plan(fields, {}) | {"processingInformation": options}


def period_of(fields: Fields) -> dict[str, object]:
    """billingPeriod and billingCycles of what is given."""
    found: dict[str, object] = {}
    unit, every = values.text(fields, "unit"), values.integer(fields, "every", 0)
    if unit or every:
        found["billingPeriod"] = {"length": str(every or 1), "unit": UNITS[unit or "month"]}
    if payments := values.integer(fields, "payments", 0):
        found["billingCycles"] = {"total": str(payments)}
    return found


def _plan(fields: Fields, information: dict[str, object]) -> dict[str, object]:
    amount = values.money_above_zero(fields, "amount")
    information |= {"name": values.required_text(fields, "name"), **period_of(fields)}
    if description := values.text(fields, "description"):
        information["description"] = description
    amounts = {"currency": amount.currency, "billingAmount": amount.text}
    if fee := values.money(fields, "setup_fee", amount.currency):
        amounts["setupFee"] = fee.text
    return {"planInformation": information, "orderInformation": {"amountDetails": amounts}}
