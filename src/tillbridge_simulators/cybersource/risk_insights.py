"""Visa Protect Risk Insights: how likely a transaction is fraud, and what became of those before.

Source: the official client 0.0.80, VisaProtectRiskInsightsApi and its models: the action
VISA_PROTECT_RISK_INSIGHTS, the events INSIGHTS and LABELS, the words of each status, a score from 0
(lowest risk) to 100, warnings about the card's first digits, and its 400. Which fields have to be
there is not documented, nor how the score comes about: here it is made of the amount and of what
was said of earlier transactions of the same e-mail address, telephone or IP address.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.cards import BRAND_NAMES, starting
from tillbridge_simulators.cybersource.documents import at

_ACTION = "VISA_PROTECT_RISK_INSIGHTS"
_EVENTS = {"INSIGHTS", "LABELS"}
_AMOUNT = "transaction.amount"
_NEEDED = ("requestId", "transaction.transactionId")
_LABELS: Mapping[str, Sequence[str]] = {
    "transactionOutcome": ("Confirmed Valid", "Confirmed Fraud", "Suspected"),
    "authenticationOutcome": (
        *("Authenticated", "Challenged"),
        *("Authenticated & Challenged", "Challenged Not Authenticated"),
    ),
    "transactionDecision": ("Accept", "Reject", "Hold"),
    "paymentAuthorizationDecision": ("Authorized", "Declined"),
}
"""By what is labelled, its words."""
_WHO = {
    "EMAIL": "customer.personalIdentification.email",
    "PHONE": "customer.personalIdentification.phoneNumber",
    "IP": "device.ipAddress",
}
_FRAUD = "Confirmed Fraud"
_LOW, _HIGH, _WORST = 12, 45, 91
_MUCH = Decimal(1000)
_VALUE = re.compile(r"\d{1,15}(\.\d{1,4})?")
_WARNINGS = {
    "BIN_INPUT_MISSING": "The first digits of the card are not given.",
    "BIN_NO_MATCH": "The first digits of the card are nobody's.",
    "BIN_AMBIGUOUS": "The first digits of the card are of several brands.",
}


class RiskRefusal(Refusal):
    """A refusal in the shape of this service: {"requestId", "errors": [{"action", ...}]}."""

    def __init__(self, reason: str, field: str, request_id: str) -> None:
        super().__init__(reason, [field], request_id)

    def answer(self, now_s: float) -> Answer:
        error = {
            "action": "RISK_INSIGHTS",
            "status": "FAILURE",
            "reason": self.reason,
            "message": f"Wrong or missing: {', '.join(self.fields)}.",
        }
        body: dict[str, Any] = {"submitTimeUtc": utc_text(now_s), "errors": [error]}
        if self.request_id:
            body["requestId"] = self.request_id
        return Answer(400, body)


def assess(ask: Ask) -> Answer:
    """POST /unifiedrisk. Raises RiskRefusal."""
    _check(ask.document)
    now_s, events = ask.account.now(), set(ask.document["events"])
    before = _known_to(ask)
    _keep(ask)
    result: dict[str, Any] = {
        "requestId": ask.document["requestId"],
        "responseTimestamp": utc_text(now_s),
        "processingTimeMs": 1,
        "status": "COMPLETED",
        "client": _client(ask.document),
    }
    if "INSIGHTS" in events:
        result["packages"] = {"transactionInsights": _insights(ask, before)}
    body = {"submitTimeUtc": utc_text(now_s), "results": {"RISK_INSIGHTS": result}}
    return Answer(201, body)


def _check(document: Mapping[str, Any]) -> None:
    request_id = str(document.get("requestId") or "")
    for place in _NEEDED:
        if not at(document, place):
            raise RiskRefusal("MISSING_REQUIRED_FIELD", place, request_id)
    if _ACTION not in (document.get("actions") or ()):
        raise RiskRefusal("INVALID_REQUEST", "actions", request_id)
    events = set(document.get("events") or ())
    if not events or events - _EVENTS:
        raise RiskRefusal("INVALID_REQUEST", "events", request_id)
    if not _VALUE.fullmatch(str(at(document, f"{_AMOUNT}.value") or "0")):
        raise RiskRefusal("INVALID_REQUEST", f"{_AMOUNT}.value", request_id)
    labels = _labels(document)
    if "LABELS" in events and not labels:
        raise RiskRefusal("MISSING_REQUIRED_FIELD", "labels", request_id)
    for place, label in labels.items():
        if label not in _LABELS[place]:
            raise RiskRefusal("INVALID_REQUEST", f"labels.{place}.label", request_id)


def _labels(document: Mapping[str, Any]) -> dict[str, str]:
    """By what they are about."""
    said = {place: at(document, f"labels.{place}.label") for place in _LABELS}
    return {place: str(label) for place, label in said.items() if label}


def _client(document: Mapping[str, Any]) -> dict[str, Any]:
    told = {"referenceId": at(document, "transaction.transactionId")}
    happened = document.get("eventTime")
    return told | ({"eventTimestamp": happened} if happened else {})


def _keep(ask: Ask) -> None:
    """What is known of the transaction from now on: who it was, and what was said of it."""
    id_ = at(ask.document, "transaction.transactionId")
    known = ask.account.state.risks.find(id_) or {"labels": {}}
    who = {name: one for name, place in _WHO.items() if (one := at(ask.document, place))}
    labels = known["labels"] | _labels(ask.document)
    ask.account.state.risks.put(id_, known | who | {"id": id_, "labels": labels})


def _known_to(ask: Ask) -> list[tuple[str, bool]]:
    """By what each other transaction of the same person is known, and whether it was fraud."""
    here = at(ask.document, "transaction.transactionId")
    who = {name: one for name, place in _WHO.items() if (one := at(ask.document, place))}
    return [
        (name, _FRAUD in row["labels"].values())
        for row in ask.account.state.risks.where(lambda row: row["id"] != here)
        for name, one in who.items()
        if row.get(name) == one
    ]


def _insights(ask: Ask, before: list[tuple[str, bool]]) -> dict[str, Any]:
    bad = sorted({name for name, was_fraud in before if was_fraud})
    amount = Decimal(at(ask.document, f"{_AMOUNT}.value") or 0)
    score = _WORST if bad else _HIGH if amount >= _MUCH else _LOW
    card, flaw = _card(ask.document)
    return {
        "id": "VPRI-TI",
        "name": "Transaction Insights",
        "type": "RISK_SCORE",
        "score": score,
        "insights": {
            "codes": [f"RSK-FRAUD-ALL-{name}" for name in bad],
            "signals": {"transactions": len(before)},
            "warnings": [],
        },
        "additionalData": {"cardBinData": card | {"warnings": flaw}},
    }


def _card(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What is known of the card's first digits, and the warnings about them."""
    digits = str(at(document, "payment.card.bin") or "")
    brands = {brand for brand, _ in starting(digits)} if digits else set()
    if len(brands) != 1:
        code = "BIN_AMBIGUOUS" if brands else "BIN_NO_MATCH" if digits else "BIN_INPUT_MISSING"
        status = "no_match" if digits else "error"
        return {"status": status}, [{"code": code, "description": _WARNINGS[code]}]
    (brand,) = brands
    return {
        "issuerBin": digits,
        "issuerBinCountry": "US",
        "issuerName": "Simulated Bank",
        "cardBin": digits,
        "cardFundingSource": "CREDIT",
        "cardFundingSourceSubType": "consumer",
        "cardBrand": brand,
        "cardProductDescription": BRAND_NAMES.get(brand, ""),
        "status": "matched",
    }, []


OFFERS = (Offer("visa_protect_risk_insights.submit_vpri", "risk_insights", assess),)
