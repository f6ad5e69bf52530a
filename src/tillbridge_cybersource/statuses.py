"""The one place where Cybersource's words become ours.

Sources: REST API reference, Response Codes (status and reason of every payments service);
Simple Order reason codes for what search shows. A new reason under a known status is judged by the
status, as the vendor asks; a new status is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.canonical.payments import Operation, Verdict
from tillbridge_cybersource.exchange import Answer


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site decides about holds that Cybersource leaves to it."""

    address_check: Literal["accept", "review", "reverse"]
    splits_tender: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, Cybersource's reason for it, and for IN_REVIEW which review."""

    verdict: Verdict
    reason: str = ""
    review: str = ""


REVIEWS = {
    "DECISION_PROFILE_REVIEW": "decision_manager",
    "AVS_FAILED": "address_check",
    "CV_FAILED": "security_code",
    "CONTACT_PROCESSOR": "contact_processor",
}
"""Why an authorization is in review; every other reason is Decision Manager's."""

CARD_REFUSED = frozenset({"INVALID_CARD", "CARD_TYPE_NOT_ACCEPTED", "INVALID_CARD_TYPE"})
"""Refusals of a request (400) that another card would not meet: declines, as search shows them."""
NOT_THE_ISSUERS = frozenset({"DUPLICATE_REQUEST", "INVALID_MERCHANT_CONFIGURATION"})
"""Declines that say nothing of the card: the one may stand for a hold of ours, the other is for the
merchant's set-up."""
_SAID_NO = frozenset({"INVALID_REQUEST", "DECLINED", "FAILED"})
_CHECKS = frozenset({"AVS_FAILED", "CV_FAILED"})

REASON_CODES: dict[int, tuple[str, str]] = {
    100: ("AUTHORIZED", ""),
    101: ("DECLINED", "MISSING_FIELD"),
    102: ("DECLINED", "INVALID_DATA"),
    104: ("DECLINED", "DUPLICATE_REQUEST"),
    110: ("PARTIAL_AUTHORIZED", ""),
    200: ("AUTHORIZED_PENDING_REVIEW", "AVS_FAILED"),
    201: ("AUTHORIZED_PENDING_REVIEW", "CONTACT_PROCESSOR"),
    202: ("DECLINED", "EXPIRED_CARD"),
    203: ("DECLINED", "PROCESSOR_DECLINED"),
    204: ("DECLINED", "INSUFFICIENT_FUND"),
    205: ("DECLINED", "STOLEN_LOST_CARD"),
    207: ("DECLINED", "ISSUER_UNAVAILABLE"),
    208: ("DECLINED", "UNAUTHORIZED_CARD"),
    209: ("DECLINED", "CVN_NOT_MATCH"),
    210: ("DECLINED", "EXCEEDS_CREDIT_LIMIT"),
    211: ("DECLINED", "INVALID_CVN"),
    220: ("DECLINED", "DECLINED_CHECK"),
    221: ("DECLINED", "BLACKLISTED_CUSTOMER"),
    222: ("DECLINED", "SUSPENDED_ACCOUNT"),
    223: ("DECLINED", "PAYMENT_REFUSED"),
    230: ("AUTHORIZED_PENDING_REVIEW", "CV_FAILED"),
    231: ("DECLINED", "INVALID_ACCOUNT"),
    232: ("DECLINED", "CARD_TYPE_NOT_ACCEPTED"),
    233: ("DECLINED", "GENERAL_DECLINE"),
    234: ("DECLINED", "INVALID_MERCHANT_CONFIGURATION"),
    240: ("DECLINED", "INVALID_CARD_TYPE"),
    400: ("AUTHORIZED_RISK_DECLINED", "SCORE_EXCEEDS_THRESHOLD"),
    475: ("PENDING_AUTHENTICATION", "CONSUMER_AUTHENTICATION_REQUIRED"),
    476: ("DECLINED", "CONSUMER_AUTHENTICATION_FAILED"),
    480: ("AUTHORIZED_PENDING_REVIEW", "DECISION_PROFILE_REVIEW"),
    481: ("AUTHORIZED_RISK_DECLINED", "DECISION_PROFILE_REJECT"),
    700: ("DECLINED", "CUSTOMER_WATCHLIST_MATCH"),
    701: ("DECLINED", "ADDRESS_COUNTRY_WATCHLIST_MATCH"),
    702: ("DECLINED", "EMAIL_COUNTRY_WATCHLIST_MATCH"),
    703: ("DECLINED", "IP_COUNTRY_WATCHLIST_MATCH"),
}
"""What a numeric code of search means for an authorization, in the words of replies."""

UNDECIDED_CODES = frozenset({150, 151, 152, 236, 250})
"""System failures and time-outs: search does not know either whether anything is held."""

FOLLOW_ON_STATUSES: Mapping[Operation, frozenset[str]] = {
    Operation.CAPTURE: frozenset({"PENDING", "TRANSMITTED"}),
    Operation.REVERSAL: frozenset({"REVERSED"}),
    Operation.VOID: frozenset({"VOIDED", "CANCELLED"}),
    Operation.REFUND: frozenset({"PENDING", "TRANSMITTED"}),
    Operation.CREDIT: frozenset({"PENDING", "TRANSMITTED", "AUTHORIZED", "COMPLETED"}),
}
"""The statuses by which a follow-on took effect; FAILED voids and all others did not."""

_PLAIN = {
    "AUTHORIZED": Verdict.APPROVED,
    "DECLINED": Verdict.DECLINED,
    "AUTHORIZED_RISK_DECLINED": Verdict.HELD_DECLINED,
    "PENDING_AUTHENTICATION": Verdict.CHALLENGE,
}


def judge(status: str, reason: str, policy: Policy, *, approved: bool = False) -> Judgement | None:
    """What became of an authorization; None for a status that is not known.

    `approved` says that the answer has the issuer's approval code: Cybersource may decline for a
    failed address or security code what the issuer holds nevertheless.
    """
    if status == "DECLINED" and reason in _CHECKS and approved:
        return Judgement(Verdict.HELD_DECLINED, reason)
    if status in _PLAIN:
        return Judgement(_PLAIN[status], reason)
    if status == "PARTIAL_AUTHORIZED":
        verdict = Verdict.PARTIAL if policy.splits_tender else Verdict.HELD_DECLINED
        return Judgement(verdict, reason or "PARTIAL_AUTHORIZED")
    if status == "PENDING_REVIEW":
        return Judgement(Verdict.IN_REVIEW, reason, "decision_manager")
    if status != "AUTHORIZED_PENDING_REVIEW":
        return None
    if reason in _CHECKS:
        return _judge_check(reason, policy)
    return Judgement(Verdict.IN_REVIEW, reason, REVIEWS.get(reason, "decision_manager"))


def judge_code(code: int, policy: Policy, *, held: bool) -> Judgement:
    """The same for a hit of search.

    `held` says whether the card authorization itself succeeded there: Decision Manager may also
    reject what was never authorized. Codes of UNDECIDED_CODES prove nothing and are not for here.

    Raises:
        Unreconciled: a code that is not known.
    """
    if code not in REASON_CODES:
        raise Unreconciled(
            f"Search shows the reason code {code}, which is not known.",
            reason="unknown_status",
            next_step="Look the transaction up in the Business Center and decide.",
        )
    status, reason = REASON_CODES[code]
    if status == "AUTHORIZED_RISK_DECLINED" and not held:
        status = "DECLINED"
    judgement = judge(status, reason, policy)
    assert judgement is not None, "every row of REASON_CODES is a known status"
    return judgement


def unknown_status(system: str, status: str, reason: str) -> Transient:
    """A business answer nobody knows: perhaps money is held, so it is settled like a lost one."""
    return Transient(
        f"{system}: the status {status!r} with reason {reason!r} is not known.",
        sent="perhaps",
        reason="unknown_status",
        next_step="Tell the maintainers; the fence or search settles this one.",
    )


def refusal(system: str, doing: str, answer: Answer) -> TillbridgeError:
    """The error for a request that was not answered as a success is.

    A success that is none of the documented ones leaves it open; 4xx is a certain no.
    """
    reason = answer.reason
    status = str(answer.body.get("status") or answer.status)
    if answer.status < 400 and status not in _SAID_NO:
        return unknown_status(system, status, reason)
    message = f"{system}: {doing} was refused: {reason or answer.status}."
    if reason == "DUPLICATE_REQUEST":
        return Transient(message, sent="perhaps", reason="duplicate_request")
    if reason == "PROCESSOR_UNAVAILABLE":
        return Transient(message, gate=True, reason="processor_unavailable")
    if reason == "INVALID_MERCHANT_CONFIGURATION":
        return Misconfigured(
            message, reason="merchant_configuration", next_step="Ask Cybersource's support."
        )
    fields = [
        str(detail.get("field"))
        for detail in answer.body.get("details") or ()
        if isinstance(detail, dict)
    ]
    said = str(answer.body.get("message") or "")
    return Rejected(
        f"{message} {said}".strip() + (f" Fields: {', '.join(fields)}." if fields else ""),
        reason=(reason or "refused").lower(),
        place=Place(field=fields[0]) if fields else None,
        next_step="Correct the data and send it again.",
    )


def read_refusal(system: str, doing: str, answer: Answer) -> TillbridgeError:
    """The same for what was only asked: it did nothing, whatever the answer says."""
    error = refusal(system, doing, answer)
    if not (isinstance(error, Transient) and error.sent == "perhaps"):
        return error
    if answer.status >= 400:
        return Rejected(error.message, reason=error.reason)
    return Transient(error.message, reason=error.reason)


def _judge_check(reason: str, policy: Policy) -> Judgement:
    if policy.address_check == "accept":
        return Judgement(Verdict.APPROVED, reason)
    if policy.address_check == "reverse":
        return Judgement(Verdict.HELD_DECLINED, reason)
    return Judgement(Verdict.IN_REVIEW, reason, REVIEWS[reason])
