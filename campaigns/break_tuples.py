"""Every tuple of operation, break point, HTTP status, status word and reason that is tried.

The words are those of the official client's models (`PtsV2Payments...Post201Response` and its
siblings, "Possible values"), and of each kind one that nobody has heard of, and none at all.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from campaigns.break_table import MONEY, READS, RETRY_AFTER, TOKENS, settings_named
from campaigns.break_wire import NO_BODY

NEW: Final = "SOMETHING_NEW"
_SUCCESSES: Final = (201, 200, 202)
_REFUSALS: Final = (400, 404, 405, 406, 409, 410, 411, 412, 413, 415, 422, 424, 431)
_OTHERS: Final = (204, 300, 301, 302, 303, 304, 307, 308, 401, 403, 407, 408, 425, 429)
_FAILURES: Final = (500, 501, 502, 503, 504, 505, 520)
_STATUSES: Final = (
    *("AUTHORIZED", "PARTIAL_AUTHORIZED", "AUTHORIZED_PENDING_REVIEW", "AUTHORIZED_RISK_DECLINED"),
    *("PENDING_AUTHENTICATION", "PENDING_REVIEW", "DECLINED", "INVALID_REQUEST", "PENDING"),
    *("TRANSMITTED", "REVERSED", "VOIDED", "CANCELLED", "FAILED", "COMPLETED", "SERVER_ERROR"),
    *(NEW, ""),
)
_DECLINES: Final = (
    *("AVS_FAILED", "CONTACT_PROCESSOR", "EXPIRED_CARD", "PROCESSOR_DECLINED", "INSUFFICIENT_FUND"),
    *("STOLEN_LOST_CARD", "ISSUER_UNAVAILABLE", "UNAUTHORIZED_CARD", "CVN_NOT_MATCH"),
    *("EXCEEDS_CREDIT_LIMIT", "INVALID_CVN", "BLOCKED_BY_CARDHOLDER", "DECLINED_CHECK"),
    *("BLACKLISTED_CUSTOMER", "SUSPENDED_ACCOUNT", "PAYMENT_REFUSED", "CV_FAILED"),
    *("INVALID_ACCOUNT", "GENERAL_DECLINE", "INVALID_MERCHANT_CONFIGURATION"),
    *("DECISION_PROFILE_REJECT", "SCORE_EXCEEDS_THRESHOLD", "PENDING_AUTHENTICATION"),
    *("ACH_VERIFICATION_FAILED", "DECISION_PROFILE_REVIEW", "CONSUMER_AUTHENTICATION_REQUIRED"),
    *("CONSUMER_AUTHENTICATION_FAILED", "ALLOWABLE_PIN_RETRIES_EXCEEDED", "PROCESSOR_ERROR"),
    *("CUSTOMER_WATCHLIST_MATCH", "ADDRESS_COUNTRY_WATCHLIST_MATCH"),
    *("EMAIL_COUNTRY_WATCHLIST_MATCH", "IP_COUNTRY_WATCHLIST_MATCH", "DAGGREJECTED", "DAGGDENIED"),
    *("DSYSREJECTED",),
)
_FLAWS: Final = (
    *("MISSING_FIELD", "INVALID_DATA", "DUPLICATE_REQUEST", "INVALID_CARD"),
    *("CARD_TYPE_NOT_ACCEPTED", "INVALID_MERCHANT_CONFIGURATION", "PROCESSOR_UNAVAILABLE"),
    *("INVALID_AMOUNT", "INVALID_CARD_TYPE", "INVALID_PAYMENT_ID", "NOT_SUPPORTED"),
    *("EXCEEDS_AUTH_AMOUNT", "AUTH_ALREADY_REVERSED", "TRANSACTION_ALREADY_SETTLED"),
    *("MISSING_AUTH", "TRANSACTION_ALREADY_REVERSED_OR_SETTLED", "CAPTURE_ALREADY_VOIDED"),
    *("ACCOUNT_NOT_ALLOWED_CREDIT", "NOT_VOIDABLE"),
)
_SYSTEM: Final = ("SYSTEM_ERROR", "SERVER_TIMEOUT", "SERVICE_TIMEOUT")
_REASONS: Final = ("", NEW, *dict.fromkeys((*_DECLINES, *_FLAWS, *_SYSTEM)))
_FEW_REASONS: Final = (
    *("", NEW, "AVS_FAILED", "CV_FAILED", "CONTACT_PROCESSOR", "EXPIRED_CARD"),
    *("DUPLICATE_REQUEST", "INVALID_MERCHANT_CONFIGURATION", "DECISION_PROFILE_REVIEW"),
)
_WHOLE: Final = ("odd_type", "chunked", "gzipped")
_BROKEN: Final = (
    *("not_json", "no_body", "wrong_shape"),
    *("cut_unread", "cut_read", "cut_in_head", "cut_in_body"),
)
_KEPT: Final = ("kept", "removal", "note")
_SAID_OF_TOKENS: Final = ("", NEW, "INVALID_REQUEST", "SERVER_ERROR")
"""The token vault's successes have no status word."""
SLOW: Final = ("hangs", "late", "trickles")
UNSENT: Final = ("refused", "name_unknown", "tls_refused", "connect_hangs", "lease_lost")


@dataclass(frozen=True, slots=True)
class Tuple:
    """One answer or break of one call.

    Attributes:
        kind: of the document that is written, or the read.
        operation: the table's word for it.
        setting: "name=value", "" for the defaults.
    """

    kind: str
    operation: str
    point: str
    http: int = 0
    status: str = ""
    reason: str = ""
    setting: str = ""
    retry_after: str = ""

    def __str__(self) -> str:
        parts = (self.kind, self.point, self.http or "-", self.status or "-")
        more = (self.reason or "-", self.setting, self.retry_after)
        return " ".join(str(part) for part in (*parts, *more) if part != "")


def tuples(operations: Mapping[str, str], scale: str) -> Iterator[Tuple]:
    """All of them, by kind of document; in the short form with the few reasons only."""
    for kind, operation in operations.items():
        is_short = scale == "short" or operation in TOKENS
        yield from dict.fromkeys(_of(kind, operation, is_short=is_short))


def _of(kind: str, operation: str, *, is_short: bool) -> Iterator[Tuple]:
    made = _kept_answers() if operation in _KEPT else _answers(is_short=is_short)
    answers = [one for one in made if operation not in TOKENS or one[1] in _SAID_OF_TOKENS]
    for point, said in _said(operation, answers, is_short=is_short):
        for http, status, reason in said:
            if point != "cut_in_body" or http not in NO_BODY:
                yield Tuple(kind, operation, point, http, status, reason)
    for point in UNSENT:
        yield Tuple(kind, operation, point)
    for http, asked in itertools.product((429, 503), RETRY_AFTER):
        yield Tuple(kind, operation, "whole", http, "SERVER_ERROR", retry_after=asked)
    if operation in MONEY:
        for setting, status, reason in itertools.product(
            settings_named()[1:], _STATUSES[:3], _FEW_REASONS
        ):
            yield Tuple(kind, operation, "whole", 201, status, reason, setting)


_Answers: TypeAlias = "Sequence[tuple[int, str, str]]"


def _said(operation: str, answers: _Answers, *, is_short: bool) -> Iterator[tuple[str, _Answers]]:
    """By break point, the answers that break there."""
    if is_short and operation in _KEPT:
        yield "whole", _fewest(answers)
        yield "cut_read", _documented(operation)
        return
    yield "whole", answers
    few = _fewest(answers) if is_short or operation in _KEPT else _fewer(answers)
    for point in (*_WHOLE, *_BROKEN):
        yield point, few
    for point in SLOW:
        yield point, _documented(operation)


def _answers(*, is_short: bool) -> Iterator[tuple[int, str, str]]:
    successes = _SUCCESSES[:1] if is_short else _SUCCESSES
    reasons = _FEW_REASONS if is_short else _REASONS
    yield from itertools.product(successes, _STATUSES, reasons)
    for http in _SUCCESSES:
        yield from ((http, status, "") for status in _STATUSES)
    said = ("INVALID_REQUEST",) if is_short else ("INVALID_REQUEST", "DECLINED", "")
    yield from itertools.product((400,), said, _REASONS)
    refused = (404, 409, 422) if is_short else _REFUSALS
    yield from itertools.product(refused, ("INVALID_REQUEST", ""), ("", NEW, *_FLAWS[:6]))
    yield from ((http, "INVALID_REQUEST", "") for http in (*_REFUSALS, *_OTHERS))
    yield from itertools.product(_FAILURES, ("SERVER_ERROR", ""), ("", NEW, *_SYSTEM))


def _kept_answers() -> Iterator[tuple[int, str, str]]:
    """What its successes say is in words of its own: those are for its own tests."""
    for http in (*_REFUSALS, *_OTHERS, *_FAILURES):
        yield from ((http, "INVALID_REQUEST", reason) for reason in ("", *_SYSTEM[:1], *_FLAWS[:6]))


def _fewest(answers: _Answers) -> _Answers:
    """Every HTTP status, with one status word."""
    return [(http, status, "") for http, status in {one[0]: one[1] for one in answers}.items()]


def _fewer(answers: _Answers) -> _Answers:
    """Every HTTP status and status word, with the few reasons."""
    return [one for one in answers if one[2] in _FEW_REASONS or one[0] >= 500]


def _documented(operation: str) -> _Answers:
    """One answer of each kind, for the break points that take a while."""
    success = {"capture": "PENDING", "reversal": "REVERSED", "void": "VOIDED"}
    yes = success.get(operation, "AUTHORIZED")
    refusal = (400, "INVALID_REQUEST", "INVALID_DATA")
    return (
        *((201, yes, ""), (201, "DECLINED", "EXPIRED_CARD"), refusal),
        *((401, "", ""), (429, "", ""), (502, "SERVER_ERROR", "SYSTEM_ERROR")),
    )


def body(one: Tuple, order_number: str) -> Mapping[str, Any]:
    """The answer's body, with every amount and id that such an answer has."""
    if one.operation in READS:
        return _read(one)
    if one.http >= 300:
        said = {"status": one.status, "reason": one.reason, "message": "As it was told."}
        given = {name: value for name, value in said.items() if value}
        return {"submitTimeUtc": _AT, "id": _ID, "details": []} | given
    found: dict[str, Any] = {
        "id": _ID,
        "submitTimeUtc": _AT,
        "clientReferenceInformation": {"code": order_number},
        "reconciliationId": "71234567",
    }
    if one.status:
        found["status"] = one.status
    if one.reason:
        found["errorInformation"] = {"reason": one.reason, "message": "As it was told."}
    return found | _amounts(one)


_ID: Final = "7000000000000000000002"
_AT: Final = "2026-01-02T03:04:05Z"


def _amounts(one: Tuple) -> dict[str, Any]:
    """What was held or moved. A failed address check is declined after the issuer approved."""
    is_held = one.status.startswith(("AUTHORIZED", "PARTIAL")) or one.reason in (
        "AVS_FAILED",
        "CV_FAILED",
    )
    if one.operation in ("authorization", "sale", "incremental"):
        if not is_held:
            return {}
        held = "10.00" if one.status == "PARTIAL_AUTHORIZED" else "25.00"
        details = {"authorizedAmount": held, "totalAmount": "25.00", "currency": "USD"}
        approved = {"approvalCode": "831000", "responseCode": "00"}
        return {"orderInformation": {"amountDetails": details}, "processorInformation": approved}
    moved = {"currency": "USD"}
    return {
        "orderInformation": {"amountDetails": moved | {"totalAmount": "25.00"}},
        "reversalAmountDetails": moved | {"reversedAmount": "25.00"},
        "voidAmountDetails": moved | {"voidAmount": "25.00"},
        "refundAmountDetails": moved | {"refundAmount": "25.00"},
        "creditAmountDetails": moved | {"creditAmount": "25.00"},
    }


def _read(one: Tuple) -> Mapping[str, Any]:
    if one.http >= 300:
        return {"status": one.status, "reason": one.reason, "submitTimeUtc": _AT}
    return {"totalCount": 0, "count": 0, "submitTimeUtc": _AT, "_embedded": {}}
