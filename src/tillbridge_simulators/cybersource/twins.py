"""Subscriptions that are the same: a second one within minutes is refused, naming the first.

Source: Recurring Billing Developer Guide, "Creating a Subscription with Plan Overrides" (its error
response).
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, utc_text
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.documents import at

DUPLICATE_S = 15 * 60


def twin_of(ask: Ask, said: Mapping[str, Any], customer_id: str) -> str | None:
    """The id of one that was made just now and is the same."""
    path = "subscriptionInformation"
    same = {
        f"{path}.{name}": at(said, f"{path}.{name}") for name in ("planId", "name", "startDate")
    }
    same["paymentInformation.customer.id"] = customer_id
    since_s = ask.account.now() - DUPLICATE_S
    twins = ask.account.state.recurring.subscriptions.where(
        lambda row: (
            row["_made_s"] >= since_s
            and all(at(row, place) == value for place, value in same.items())
        )
    )
    return next((str(row["id"]) for row in twins), None)


def refused(ask: Ask, twin: str) -> Answer:
    """The refusal of a second one, which names the first."""
    path = "subscriptionInformation"
    fields = f"{path}.planId or paymentInformation.customer.id or {path}.startDate or {path}.name"
    return Answer(
        400,
        {
            "submitTimeUtc": utc_text(ask.account.now()),
            "status": "INVALID_REQUEST",
            "reason": "DUPLICATE_REQUEST",
            "message": "Duplicate requests are not supported within 15 minutes.",
            "details": [{"field": fields, "subscriptionId": twin, "reason": "INVALID_DATA"}],
        },
    )
