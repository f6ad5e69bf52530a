"""Decision Manager: decisions asked for alone, cases, comments, markings and lists.

Source: REST API reference, Decision Manager (risk/v1/decisions, actions, comments, marking, list
entries); the official client's models for their answers.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, money_at, text_at
from tillbridge_simulators.cybersource.followons import capture, reverse_all
from tillbridge_simulators.cybersource.instruments import resolve
from tillbridge_simulators.cybersource.messages import declined
from tillbridge_simulators.cybersource.outcomes import OUTCOMES, TRIGGER_AMOUNTS
from tillbridge_simulators.cybersource.reviews import decide
from tillbridge_simulators.cybersource.state import Authorization

LISTS = ("positive", "negative", "review")
_WORDS = {"review": "PENDING_REVIEW", "risk_declined": "DECLINED"}


def decision(ask: Ask) -> Answer:
    """POST /risk/v1/decisions: what would be decided; nothing is authorized."""
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=True)
    amount, _ = money_at(ask.document, "orderInformation.amountDetails")
    paid_with = resolve(ask.account, ask.document)
    outcome = TRIGGER_AMOUNTS.get(amount, paid_with.outcome)
    status = _WORDS.get(outcome, "ACCEPTED")
    body: dict[str, Any] = _head(ask, status) | {
        "clientReferenceInformation": {"code": code},
        "riskInformation": {
            "score": {"result": "80" if status != "ACCEPTED" else "10", "modelUsed": "default"},
            "profile": {"name": "Standard", "destinationQueue": "Review Queue"},
            "casePriority": 3,
        },
    }
    if status != "ACCEPTED":
        body["errorInformation"] = {
            "reason": OUTCOMES[outcome].reason,
            "message": declined(OUTCOMES[outcome].reason),
        }
    return Answer(201, body)


def act(ask: Ask) -> Answer:
    """POST {id}/actions: accept or reject a case, with a capture or a reversal if asked."""
    found = _case(ask)
    word = text_at(ask.document, "decisionInformation.decision", length_max=20, required=True)
    if word.upper() not in ("ACCEPT", "REJECT"):
        raise Refusal("INVALID_DATA", ["decisionInformation.decision"])
    if found.review != "pending":
        raise Refusal("NOT_SUPPORTED", ["id"])
    wanted = set(at(ask.document, "processingInformation.actionList") or ())
    if not wanted <= {"CAPTURE", "REVERSE"}:
        raise Refusal("INVALID_DATA", ["processingInformation.actionList"])
    decide(ask.account, found.id, accept=word.upper() == "ACCEPT")
    embedded: dict[str, Any] = {}
    if "CAPTURE" in wanted and word.upper() == "ACCEPT":
        moved = capture(ask.account, found.id, _all_of(found))
        embedded["capture"] = {"status": moved.status, "_links": _link("captures", moved.id)}
    if "REVERSE" in wanted and word.upper() == "REJECT" and found.open_amount:
        undone = reverse_all(ask.account, found, _all_of(found))
        embedded["reversal"] = {"status": "REVERSED", "_links": _link("reversals", undone.id)}
    head = {"id": found.id, "submitTimeUtc": utc_text(ask.account.now())}
    status = "ACCEPTED" if word.upper() == "ACCEPT" else "REJECTED"
    return Answer(200, head | {"status": status} | ({"_embedded": embedded} if embedded else {}))


def comment(ask: Ask) -> Answer:
    """POST {id}/comments."""
    found = _case(ask)
    text = text_at(ask.document, "comments", length_max=1000, required=True)
    ask.account.log.add("case_comment", order=found.code, request_id=found.id, length=len(text))
    ask.account.state.case_comments.setdefault(found.id, []).append(text)
    ask.account.tell(
        "risk.casemanagement.addnote", found.code, {"data": {"id": found.id, "comments": text}}
    )
    return Answer(201, _head(ask, "COMPLETED"))


def mark(ask: Ask) -> Answer:
    """POST {id}/marking: as suspected, or clean again; the same mark twice is one."""
    found = ask.account.state.authorizations.get(ask.ids["id"])
    if found is None:
        raise Refusal("INVALID_DATA", ["id"])
    action = text_at(
        ask.document, "riskInformation.markingDetails.action", length_max=10, required=True
    )
    if action.lower() not in ("add", "clear", "hide"):
        raise Refusal("INVALID_DATA", ["riskInformation.markingDetails.action"])
    if action.lower() == "add":
        text_at(ask.document, "riskInformation.markingDetails.reason", length_max=25, required=True)
    ask.account.state.marks[found.id] = action.lower()
    ask.account.log.add("marked", order=found.code, request_id=found.id, action=action.lower())
    return Answer(201, _head(ask, "COMPLETED") | _reference(ask))


def add_to_list(ask: Ask) -> Answer:
    """POST /risk/v1/lists/{type}/entries."""
    if ask.id.lower() not in LISTS:
        raise Refusal("INVALID_DATA", ["type"])
    action = text_at(
        ask.document, "riskInformation.markingDetails.action", length_max=10, required=True
    )
    if action.lower() not in ("add", "delete", "convert"):
        raise Refusal("INVALID_DATA", ["riskInformation.markingDetails.action"])
    parts = ("orderInformation", "deviceInformation", "paymentInformation")
    entry = {part: ask.document[part] for part in parts if part in ask.document}
    kept = ask.account.state.listed.setdefault(ask.id.lower(), [])
    if action.lower() == "add" and entry not in kept:
        kept.append(entry)
    elif action.lower() == "delete" and entry in kept:
        kept.remove(entry)
    return Answer(201, _head(ask, "COMPLETED") | _reference(ask))


def _case(ask: Ask) -> Authorization:
    found = ask.account.state.authorizations.get(ask.ids["id"])
    if found is None or not found.review:
        raise Refusal("INVALID_DATA", ["id"])
    return found


def _all_of(found: Authorization) -> Mapping[str, Any]:
    details = {"totalAmount": str(found.open_amount), "currency": found.currency}
    return {
        "clientReferenceInformation": {"code": found.code},
        "orderInformation": {"amountDetails": details},
    }


def _head(ask: Ask, status: str) -> dict[str, Any]:
    now_s = ask.account.now()
    return {
        "id": ask.account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "status": status,
    }


def _reference(ask: Ask) -> dict[str, Any]:
    code = at(ask.document, "clientReferenceInformation.code") or ""
    return {"clientReferenceInformation": {"code": code}}


def _link(noun: str, id_: str) -> dict[str, Any]:
    return {"self": {"href": f"/pts/v2/{noun}/{id_}", "method": "GET"}}


OFFERS = (
    Offer("decision_manager.create_bundled_decision_manager_case", "risk_decision", decision),
    Offer("decision_manager.action_decision_manager_case", "case_decision", act),
    Offer("decision_manager.comment_decision_manager_case", "case_comment", comment),
    Offer("decision_manager.fraud_update", "fraud_marking", mark),
    Offer("decision_manager.add_negative", "list_entry", add_to_list),
)
