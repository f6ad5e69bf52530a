"""Visa Protect Risk Insights: how likely a transaction is fraud, and what came of it.

Source: the official client 0.0.80, VisaProtectRiskInsightsApi: the action, its two events, the
words of statuses and labels; requests have to be encrypted. A card is said by its first digits and
brand, never by its number. Nothing is authorized: asking again harms nobody, though it may be
charged for. A label is a fact about a transaction: the same again changes nothing.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.encryption import expect_sealing
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.kept import Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.shapes import ADDRESS
from tillbridge_cybersource.statuses import read_refusal, refusal

CALLS = frozenset({"visa_protect_risk_insights.submit_vpri"})
PATH: Final = "/unifiedrisk"
_ACTION: Final = "VISA_PROTECT_RISK_INSIGHTS"
_RESULT: Final = "RISK_INSIGHTS"
_DONE: Final = (("", "COMPLETED"), ("", "PARTIALLY_COMPLETED"))
"""The words of the whole answer, which has none, and of the result."""
_TRANSACTION: Final = Field(
    "transaction_id", "text", "Which transaction it is about", required=True, length_max=50
)
_OUTCOMES: Final[Mapping[str, str]] = {
    "valid": "Confirmed Valid",
    "fraud": "Confirmed Fraud",
    "suspected": "Suspected",
}
_DECISIONS: Final[Mapping[str, str]] = {"accept": "Accept", "reject": "Reject", "hold": "Hold"}
RISK_INSIGHTS: Final = DocumentShape(
    "risk_insights",
    "How likely a transaction is fraud",
    (
        _TRANSACTION,
        Field("order_number", "text", "Order number", length_max=50),
        Field("amount", "money", "Amount", required=True),
        Field("card_bin", "text", "First six or eight digits of the card", length_max=8),
        Field("card_last4", "text", "Last four digits of the card", length_max=4),
        Field("billing", "group", "Billing address", of=ADDRESS),
        Field("ip_address", "text", "IP address", length_max=48),
        Field("fingerprint", "text", "Device fingerprint"),
    ),
)
RISK_LABEL: Final = DocumentShape(
    "risk_label",
    "What came of a transaction, for Risk Insights",
    (
        _TRANSACTION,
        Field("outcome", "choice", "How it turned out", options=tuple(_OUTCOMES)),
        Field("decision", "choice", "What was decided", options=tuple(_DECISIONS)),
    ),
)


class RiskInsights:
    """The read `risk_insights` and the write `risk_label`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.reads = (Read(RISK_INSIGHTS.kind, RISK_INSIGHTS, self._insights),)
        self.writes = (Write(RISK_LABEL, "natural_key", self._label),)

    async def _insights(self, call: Call, fields: Fields) -> Receipt:
        """`score` is 0 (lowest risk) to 100; empty where there is none. `codes`, `warnings` and
        `signals` ("transactions=2") are words apart by spaces."""
        found = await self._asked(call, _about(fields), write=False)
        insights = part(found, "packages", "transactionInsights")
        reasons = part(insights, "insights")
        card = part(insights, "additionalData", "cardBinData")
        warnings = [*(reasons.get("warnings") or ()), *(card.get("warnings") or ())]
        told = {
            "status": text_of(found, "status"),
            "score": text_of(insights, "score"),
            "codes": " ".join(map(str, reasons.get("codes") or ())),
            "signals": " ".join(f"{name}={one}" for name, one in part(reasons, "signals").items()),
            "warnings": " ".join(text_of(one, "code") for one in warnings),
            "brand": text_of(card, "cardBrand"),
            "issuer": text_of(card, "issuerName"),
            "country": text_of(card, "issuerBinCountry"),
        }
        return self._kept.receipt(values.required_text(fields, "transaction_id"), told)

    async def _label(self, call: Call, fields: Fields) -> Receipt:
        """Raises Rejected where nothing is said of the transaction."""
        said = {
            "transactionOutcome": _OUTCOMES.get(values.text(fields, "outcome"), ""),
            "transactionDecision": _DECISIONS.get(values.text(fields, "decision"), ""),
        }
        labels = {place: {"label": label} for place, label in said.items() if label}
        if not labels:
            raise values.missing("outcome")
        id_ = values.required_text(fields, "transaction_id")
        document = {"transaction": {"transactionId": id_}, "labels": labels}
        found = await self._asked(call, document, write=True)
        return self._kept.receipt(id_, {"status": text_of(found, "status")})

    async def _asked(
        self, call: Call, document: Mapping[str, object], *, write: bool
    ) -> Mapping[str, Any]:
        """What is said of it. Raises Misconfigured where requests are not encrypted."""
        exchange = self._kept.exchange
        expect_sealing(self._kept.settings, exchange.name, "risks of transactions")
        asked = {
            "actions": [_ACTION],
            "events": ["LABELS" if write else "INSIGHTS"],
            "requestId": uuid.uuid4().hex,
            "eventTime": f"{call.now:%Y-%m-%dT%H:%M:%SZ}",
            **document,
        }
        send = exchange.write if write else exchange.read
        answer = await send(call, PATH, asked)
        found = part(answer.body, "results", _RESULT)
        said = (text_of(answer.body, "status"), text_of(found, "status"))
        if answer.is_accepted and said in _DONE:
            return found
        raise _refusal(exchange.name, answer, found, write=write)


def _about(fields: Fields) -> dict[str, object]:
    amount = values.money_above_zero(fields, "amount")
    billing = values.group(fields, "billing")
    email, phone = values.text(billing, "email"), values.text(billing, "phone")
    card = {"bin": values.text(fields, "card_bin"), "last4": values.text(fields, "card_last4")}
    address = {
        "firstName": values.text(billing, "first_name"),
        "lastName": values.text(billing, "last_name"),
        "addressLine1": values.text(billing, "line1"),
        "addressLine2": values.text(billing, "line2"),
        "locality": values.text(billing, "city"),
        "administrativeArea": values.text(billing, "region"),
        "postalCode": values.text(billing, "postal_code"),
        "country": values.text(billing, "country"),
        "email": email,
        "phoneNumber": phone,
    }
    return {
        "transaction": {
            "transactionId": values.required_text(fields, "transaction_id"),
            "amount": {"value": amount.text, "currency": amount.currency},
        },
        "payment": {"method": "CARD", "card": _given(card)},
        "order": _given({"orderId": values.text(fields, "order_number")})
        | {"billing": _given(address)},
        "customer": {"personalIdentification": _given({"email": email, "phoneNumber": phone})},
        "device": _given(
            {
                "ipAddress": values.text(fields, "ip_address"),
                "deviceFingerprint": values.text(fields, "fingerprint"),
            }
        ),
    }


def _given(told: Mapping[str, str]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value}


def _refusal(
    system: str, answer: Answer, found: Mapping[str, Any], *, write: bool
) -> TillbridgeError:
    """By this service's two shapes, `errors` of a 400 and a result that is none; else as any."""
    errors = answer.body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    said = found if text_of(found, "status") == "INVALID_REQUEST" else first
    if isinstance(said, Mapping) and (reason := text_of(said, "reason")):
        message = f"{system}: Risk Insights were refused: {reason}."
        return Rejected(message, reason=reason.lower())
    judged = refusal if write else read_refusal
    return judged(system, "A question to Risk Insights", answer)
