"""The Conversion Detail Report: what people decided about authorizations in review, late.

Sources: Reporting Developer Guide, "Downloading On-Demand Conversion Detail Report" (404 when
there are none), the official client's models (names, organizationId), and Cybersource's own
commerce plugin ("does not support lookbacks over 24 hours"). Whether the end belongs to the
window is not documented: here it does not.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.documents import text_at
from tillbridge_simulators.cybersource.service import Service
from tillbridge_simulators.cybersource.state import Decision

WINDOW_MAX_S = 86_400
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,32}")


def conversion_details(account: Account, query: Mapping[str, Any], lag_s: float) -> Answer:
    """GET /reporting/v3/conversion-details. Raises Refusal for a window that is none."""
    start, end = _instant(query, "startTime"), _instant(query, "endTime")
    if not 0 < end.timestamp() - start.timestamp() <= WINDOW_MAX_S:
        raise Refusal("INVALID_DATA", ["startTime", "endTime"])
    organization = query.get("organizationId", account.options.merchant_id)
    if not _ORGANIZATION.fullmatch(organization):
        raise Refusal("INVALID_DATA", ["organizationId"])
    now_s = account.now()
    rows = [
        _row(decision)
        for decision in account.state.decisions
        if start.timestamp() <= decision.at_s < end.timestamp() and decision.at_s <= now_s - lag_s
    ]
    if not rows or organization != account.options.merchant_id:
        return not_found(now_s)
    return Answer(
        200,
        {
            "organizationId": organization,
            "startTime": query["startTime"],
            "endTime": query["endTime"],
            "conversionDetails": rows,
        },
    )


def _instant(query: Mapping[str, Any], name: str) -> datetime:
    text = text_at(query, name, length_max=35, required=True)
    if not _INSTANT.fullmatch(text):
        raise Refusal("INVALID_DATA", [name])
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("INVALID_DATA", [name]) from None


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


SERVICES = (
    Service(
        "conversion_details.get_conversion_detail",
        "conversion_details",
        lambda ask: conversion_details(
            ask.account, ask.query, ask.account.options.report_lag_s / ask.account.factor
        ),
    ),
)
