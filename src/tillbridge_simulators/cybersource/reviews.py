"""Decision Manager: somebody decides about an authorization in review, later.

Source: Webhooks Implementation Guide, Supported Products and Event Types (decisionManager).
A rejected case leaves the hold as it is: reversing it is the merchant's task.
"""

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import utc_text
from tillbridge_simulators.cybersource.state import Decision


def decide(account: Account, authorization_id: str, *, accept: bool) -> None:
    """Closes the case and tells. Raises KeyError for an authorization without an open case."""
    found = account.state.authorizations.get(authorization_id)
    if found is None or found.review != "pending":
        raise KeyError(f"{authorization_id} is not waiting for a decision")
    found.review = "accepted" if accept else "rejected"
    word = "ACCEPT" if accept else "REJECT"
    account.state.decisions.append(Decision(found.id, found.code, word, account.now()))
    account.record("decision", found, found.review)
    event = f"risk.casemanagement.decision.{'accept' if accept else 'reject'}"
    details = {
        "id": found.id,
        "submitTimeUtc": utc_text(account.now()),
        "status": "ACCEPTED" if accept else "REJECTED",
        "clientReferenceInformation": {
            "code": found.code,
            "transactionId": found.transaction_id,
        },
    }
    account.tell(event, found.code, {"data": details})
