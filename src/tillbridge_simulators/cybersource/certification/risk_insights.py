"""Visa Protect Risk Insights: a score, and what is said of a transaction afterwards."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_KEY = "visa_protect_risk_insights.submit_vpri"
_RESULT = "results.RISK_INSIGHTS"
_INSIGHTS = f"{_RESULT}.packages.transactionInsights"


def _assessed(it: Script) -> None:
    """A second transaction of somebody whose first one was fraud stands otherwise."""
    email = f"{it.new('maya')}@example.com"
    first, second = _about(it, email), _about(it, email)
    unknown = {f"{_INSIGHTS}.score": ANY, f"{_INSIGHTS}.insights.codes.0": None}
    told = {f"{_RESULT}.status": "COMPLETED", f"{_RESULT}.requestId": first["requestId"]}
    it.finds(_KEY, first, told | unknown)
    fraud = {"transactionOutcome": {"label": "Confirmed Fraud"}}
    it.do(_KEY, first | {"events": ["LABELS"], "labels": fraud})
    wanted = {
        f"{_RESULT}.client.referenceId": second["transaction"]["transactionId"],
        f"{_INSIGHTS}.insights.codes.0": ANY,
        f"{_INSIGHTS}.additionalData.cardBinData.cardBrand": "001",
    }
    it.finds(_KEY, second, wanted)
    it.refused(_KEY, 400, "INVALID_REQUEST", first | {"events": ["GUESS"]})
    odd = {"transactionOutcome": {"label": "Odd"}}
    it.refused(_KEY, 400, "INVALID_REQUEST", first | {"events": ["LABELS"], "labels": odd})
    it.refused(_KEY, 400, "MISSING_REQUIRED_FIELD", first | {"transaction": {"status": "NEW"}})


def _about(it: Script, email: str) -> dict[str, Any]:
    name = it.new("try")
    return {
        "actions": ["VISA_PROTECT_RISK_INSIGHTS"],
        "events": ["INSIGHTS"],
        "requestId": name,
        "transaction": {"transactionId": name, "amount": {"value": "25.00", "currency": "USD"}},
        "payment": {"method": "CARD", "card": {"bin": "411111"}},
        "customer": {"personalIdentification": {"email": email}},
    }


ROWS = (row(_assessed, _KEY),)
