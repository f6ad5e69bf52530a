"""Decision Manager, what is done there: cases decided and commented, fraud marked, lists kept.

Source: REST API reference, Decision Manager (risk/v1/decisions/{id}/actions, comments, marking;
risk/v1/lists/{type}/entries) and the official client's models. A case is only decided here: money
that a decision could move along (its actionList) is moved by captures and reversals, which are
claimed first and fenced.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.decisions import Decisions
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import instant_of, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.shapes import ADDRESS, ORDER_NUMBER

CALLS = frozenset(
    {
        "decision_manager.action_decision_manager_case",
        "decision_manager.comment_decision_manager_case",
        "decision_manager.fraud_update",
        "decision_manager.add_negative",
    }
)
PATH: Final = "/risk/v1/decisions"
LISTS_PATH: Final = "/risk/v1/lists"
_AUTHORIZATION = Field("authorization_id", "text", "Authorization", required=True)
_REASONS: Final = ("suspected", "fraud_chargeback", "non_fraud_chargeback", "creditback")
_MARKING = (
    Field("reason", "choice", "Why", options=_REASONS),
    Field("notes", "text", "Notes", length_max=120),
)
_DECIDED: Final[Mapping[str, Verdict]] = {
    "ACCEPTED": Verdict.APPROVED,
    "REJECTED": Verdict.DECLINED,
}
"""A case after an action."""
_WANTED: Final[Mapping[str, Verdict]] = {"accept": Verdict.APPROVED, "reject": Verdict.DECLINED}
_CLOCKS_APART: Final = timedelta(seconds=5)

CASE_DECISION = DocumentShape(
    "case_decision",
    "Decision about a payment in review",
    (
        ORDER_NUMBER,
        _AUTHORIZATION,
        Field("decision", "choice", "Decision", required=True, options=tuple(_WANTED)),
        Field("comments", "text", "Why", length_max=1000),
    ),
)
CASE_COMMENT = DocumentShape(
    "case_comment",
    "Comment to a case",
    (_AUTHORIZATION, Field("comments", "text", "Comment", required=True, length_max=1000)),
)
FRAUD_MARKING = DocumentShape(
    "fraud_marking",
    "A transaction is marked as suspect, or not any more",
    (
        ORDER_NUMBER,
        _AUTHORIZATION,
        Field("action", "choice", "What", required=True, options=("add", "clear", "hide")),
        *_MARKING,
    ),
)
LIST_ENTRY = DocumentShape(
    "list_entry",
    "Somebody is put on, or taken off, a list of Decision Manager",
    (
        ORDER_NUMBER,
        Field("list", "choice", "List", required=True, options=("positive", "negative", "review")),
        Field("action", "choice", "What", required=True, options=("add", "delete", "convert")),
        Field("name", "text", "Name of the entry", length_max=255),
        Field("billing", "group", "Billing address, e-mail and telephone", of=ADDRESS),
        Field("shipping", "group", "Shipping address", of=ADDRESS),
        Field("ip_address", "text", "IP address", length_max=48),
        *_MARKING,
    ),
)
_NOT_LISTED: Final = frozenset({"company"})
_NOT_SHIPPED: Final = frozenset({"company", "email", "phone", "first_name", "last_name"})


class Cases:
    """The writes of Decision Manager.

    A lost decision is found in the report of decisions. Marks and entries are sets: the same again
    changes nothing. A comment cannot be read back: one whose answer is lost is a person's.
    """

    def __init__(self, kept: Kept, decisions: Decisions) -> None:
        self._kept = kept
        self._decisions = decisions
        self.writes = (
            Write(CASE_DECISION, "find", self._decide, find=self._find_decision),
            Write(CASE_COMMENT, "none", self._comment),
            Write(FRAUD_MARKING, "natural_key", self._mark),
            Write(LIST_ENTRY, "natural_key", self._list),
        )

    async def _decide(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "authorization_id")
        decision: dict[str, object] = {"decision": values.required_text(fields, "decision").upper()}
        if comments := values.text(fields, "comments"):
            decision["comments"] = comments
        answer = await self._kept.change(
            call,
            self._kept.at(id_, "actions"),
            {"decisionInformation": decision},
            doing=f"Deciding about {id_}",
        )
        status = text_of(answer.body, "status")
        verdict = _DECIDED.get(status.upper())
        if verdict is not _WANTED[values.required_text(fields, "decision")]:
            raise self._kept.odd(status)
        with reading_success(self._kept.exchange.name):
            at = instant_of(answer.body)
        return self._receipt(fields, _review(fields, verdict, at))

    async def _find_decision(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By the report of decisions; one that somebody else took otherwise is a person's."""
        since = sent_at - _CLOCKS_APART
        seen = _review(fields, Verdict.IN_REVIEW, since)
        found = await self._decisions.about(call, seen)
        wanted = _WANTED[values.required_text(fields, "decision")]
        if any(one.verdict is not wanted for one in found):
            raise Unreconciled(
                f"{self._kept.exchange.name}: {seen.request_id} (order {seen.order_number}) was"
                " decided otherwise.",
                reason="decided_otherwise",
                next_step="Look the case up in the Business Center.",
            )
        receipt = self._receipt(fields, found[-1]) if found else None
        lag_s = self._kept.settings.kept_absent_after_s + self._kept.settings.decision_lag_s
        return self._kept.finding(call, receipt, sent_at, lag_s)

    async def _comment(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "authorization_id")
        document = {"comments": values.required_text(fields, "comments")}
        path = self._kept.at(id_, "comments")
        answer = await self._kept.change(call, path, document, doing=f"Commenting on {id_}")
        return self._done(answer.body, text_of(answer.body, "id"))

    async def _mark(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "authorization_id")
        document = _marking(fields, "")
        path = self._kept.at(id_, "marking")
        answer = await self._kept.change(call, path, document, doing=f"Marking {id_}")
        return self._done(answer.body, id_)

    async def _list(self, call: Call, fields: Fields) -> Receipt:
        name = values.required_text(fields, "list")
        document = _marking(fields, values.text(fields, "name"))
        order = {
            "billTo": address_of(values.group(fields, "billing"), _NOT_LISTED),
            "shipTo": address_of(values.group(fields, "shipping"), _NOT_SHIPPED),
        }
        document["orderInformation"] = {part: given for part, given in order.items() if given}
        if ip_address := values.text(fields, "ip_address"):
            document["deviceInformation"] = {"ipAddress": ip_address}
        path = f"{LISTS_PATH}/{quote(name, safe='')}/entries"
        answer = await self._kept.change(call, path, document, doing=f"Changing the list {name}")
        order_number = values.required_text(fields, "order_number")
        return self._done(answer.body, f"{name} {order_number}")

    def _receipt(self, fields: Fields, decided: Observation) -> Receipt:
        taken = self._kept.receipt(
            decided.request_id,
            {
                "authorization_id": decided.request_id,
                "decision": values.required_text(fields, "decision"),
                "state": decided.verdict.value,
            },
        )
        return Receipt(taken.references, taken.fields, (decided,))

    def _done(self, body: Body, id_: str) -> Receipt:
        """COMPLETED is what the models say; ACCEPTED is taken as well."""
        self._kept.expect_done(body)
        return self._kept.receipt(id_, {"status": text_of(body, "status")})


def _review(fields: Fields, verdict: Verdict, at: datetime) -> Observation:
    """What a decision proves of the payment."""
    id_ = values.required_text(fields, "authorization_id")
    return Observation(
        operation=Operation.REVIEW,
        verdict=verdict,
        source=Source.REPLY,
        order_number=values.required_text(fields, "order_number"),
        request_id=id_,
        occurred_at=at,
        parent_id=id_,
        review="decision_manager",
    )


def _marking(fields: Fields, name: str) -> dict[str, object]:
    details = {
        "action": values.required_text(fields, "action"),
        "reason": values.text(fields, "reason"),
        "notes": values.text(fields, "notes"),
        "recordName": name,
    }
    given = {name: value for name, value in details.items() if value}
    return {
        "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
        "riskInformation": {"markingDetails": given},
    }
