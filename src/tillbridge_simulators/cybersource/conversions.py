"""The Conversion Detail Report: what people decided about authorizations in review, late.

Sources: Reporting Developer Guide, "Downloading On-Demand Conversion Detail Report" (404 when
there are none), the official client's models (names, organizationId), and Cybersource's own
commerce plugin ("does not support lookbacks over 24 hours"). Whether the end belongs to the
window is not documented: here it does not.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.state import Decision
from tillbridge_simulators.cybersource.windows import organization_of, window_of


def conversion_details(ask: Ask) -> Answer:
    """GET /reporting/v3/conversion-details. Raises Refusal for a window that is none."""
    start_s, end_s = window_of(ask)
    organization = organization_of(ask)
    now_s = ask.account.now()
    until_s = min(end_s, now_s - ask.account.options.report_lag_s / ask.account.factor)
    rows = [
        _row(decision)
        for decision in ask.account.state.decisions
        if start_s <= decision.at_s < end_s and decision.at_s <= until_s
    ]
    if not rows or organization != ask.account.options.merchant_id:
        return not_found(now_s)
    return Answer(
        200,
        {
            "organizationId": organization,
            "startTime": ask.query["startTime"],
            "endTime": ask.query["endTime"],
            "conversionDetails": rows,
        },
    )


def _row(decision: Decision) -> Mapping[str, Any]:
    return {
        "merchantReferenceNumber": decision.code,
        "conversionTime": utc_text(decision.at_s),
        "requestId": decision.authorization_id,
        "originalDecision": "REVIEW",
        "newDecision": decision.word,
        "reviewer": "reviewer",
        "reviewerComments": "",
        "queue": "Review Queue",
        "profile": "Standard mid-market profile",
        "notes": [],
    }


OFFERS = (
    Offer("conversion_details.get_conversion_detail", "conversion_details", conversion_details),
)
