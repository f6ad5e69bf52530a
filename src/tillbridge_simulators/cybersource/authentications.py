"""Payer authentication (3-D Secure 2): set-up, enrolment, challenge and validation.

Source: Payer Authentication Developer Guide (statuses and the values of a frictionless, challenged
and failed authentication); the official client's models. The issuer's page is not imitated: what
the cardholder does there is the trigger `challenge.passed` or `challenge.failed`.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, money_at, text_at
from tillbridge_simulators.cybersource.instruments import resolve
from tillbridge_simulators.cybersource.messages import declined
from tillbridge_simulators.cybersource.outcomes import TRIGGER_AMOUNTS
from tillbridge_simulators.cybersource.state import Authentication

_INFORMATION = "consumerAuthenticationInformation"
_MASTERCARD = "002"
_ENDINGS = {
    "challenge": "challenged",
    "challenge_passes": "challenged",
    "challenge_unavailable": "challenged",
    "consumer_authentication_failed": "failed",
    "authentication_attempted": "attempted",
    "authentication_unavailable": "unavailable",
    "authentication_rejected": "rejected",
    "not_enrolled": "not_enrolled",
}
"""What a token's or test card's name makes of an enrolment; any other passes without friction."""
_UNANSWERED = {"challenge_passes": "passed", "challenge_unavailable": "unavailable"}
"""How a challenge ends that nobody has answered when it is validated; any other has failed. The
test card for a challenge that succeeds needs nobody."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What an authentication's state looks like: the results of the guide's test cases.

    Attributes:
        eci: raw electronic commerce indicator, of Visa and of Mastercard.
        indicator: the commerce indicator, of Visa and of Mastercard.
        proves: a CAVV or UCAF comes with it.
    """

    status: str
    pares: str
    veres: str = "Y"
    eci: tuple[str, str] = ("", "")
    indicator: tuple[str, str] = ("", "")
    proves: bool = False


_PASSED = "AUTHENTICATION_SUCCESSFUL"
_FAILED = "AUTHENTICATION_FAILED"
_RESULTS = {
    "passed": _Result(_PASSED, "Y", "Y", ("05", "02"), ("vbv", "spa"), proves=True),
    "attempted": _Result(_PASSED, "A", "Y", ("06", "01"), ("vbv_attempted", "spa"), proves=True),
    "unavailable": _Result(_PASSED, "U", "Y", ("07", "00"), ("vbv_failure", "spa_failure")),
    "not_enrolled": _Result(_PASSED, "", "U", ("07", "00"), ("internet", "internet")),
    "challenged": _Result("PENDING_AUTHENTICATION", "C"),
    "failed": _Result(_FAILED, "N", "Y", ("07", "00")),
    "rejected": _Result(_FAILED, "R", "Y", ("07", "00")),
}


def set_up(ask: Ask) -> Answer:
    """POST /risk/v1/authentication-setups: where the browser's data are collected."""
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=True)
    resolve(ask.account, _with_token(ask))
    now_s = ask.account.now()
    return Answer(
        201,
        {
            "id": ask.account.state.new_id(now_s),
            "submitTimeUtc": utc_text(now_s),
            "status": "COMPLETED",
            "clientReferenceInformation": {"code": code},
            _INFORMATION: {
                "accessToken": _token({"jti": str(uuid.uuid4())}),
                "referenceId": str(uuid.uuid4()),
                "deviceDataCollectionUrl": "https://centinelapistag.example.com/V1/Cruise/Collect",
            },
        },
    )


def enrol(ask: Ask) -> Answer:
    """POST /risk/v1/authentications: authenticated at once, challenged, tried or failed."""
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=True)
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    paid_with = resolve(ask.account, _with_token(ask))
    outcome = TRIGGER_AMOUNTS.get(amount, paid_with.authentication or paid_with.outcome)
    made = Authentication(
        id=uuid.uuid4().hex[:20], code=code, amount=amount, currency=currency,
        brand=paid_with.brand, state=_ENDINGS.get(outcome, "passed"),
        unanswered=_UNANSWERED.get(outcome, "failed"),
    )  # fmt: skip
    ask.account.state.authentications[made.id] = made
    return Answer(201, _told(ask, made, "ecommerceIndicator"))


def validate(ask: Ask) -> Answer:
    """POST /risk/v1/authentication-results: how the challenge ended."""
    path = f"{_INFORMATION}.authenticationTransactionId"
    id_ = text_at(ask.document, path, length_max=20, required=True)
    found = ask.account.state.authentications.get(id_)
    if found is None:
        raise Refusal("INVALID_DATA", [path])
    if found.state == "challenged":
        found.state = found.unanswered
    return Answer(201, _told(ask, found, "indicator"))


def challenge(account: Account, id_: str, *, passed: bool) -> None:
    """The cardholder does what the issuer asks, or not. Raises KeyError, ValueError."""
    found = account.state.authentications[id_]
    if found.state != "challenged":
        raise ValueError(f"The authentication {id_} waits for no cardholder: it {found.state}.")
    found.state = "passed" if passed else "failed"


def proven(account: Account, document: Mapping[str, Any]) -> bool:
    """Whether a payment names an authentication that has passed, or carries what it proved."""
    told = at(document, _INFORMATION) or {}
    known = account.state.authentications
    named = known.get(str(told.get("authenticationTransactionId")))
    if named is not None and _RESULTS[named.state].proves:
        return True
    shown = told.get("cavv") or told.get("ucafAuthenticationData")
    return bool(shown) and any(
        _RESULTS[one.state].proves and _proof(one) == shown for one in known.values()
    )


def _with_token(ask: Ask) -> dict[str, Any]:
    """As a payment would name it: a transient token goes by its id here, a stored one as a
    customer's."""
    document = dict(ask.document)
    information = document.get("tokenInformation") or {}
    transient = information.get("transientToken") or information.get("jti")
    if transient:
        token = ask.account.tokens.of_id(transient)
        document["tokenInformation"] = {"transientTokenJwt": token or transient}
    customer = at(document, "paymentInformation.customer.customerId")
    if customer:
        document["paymentInformation"] = {"customer": {"id": customer}}
    return document


def _told(ask: Ask, one: Authentication, indicator: str) -> dict[str, Any]:
    now_s = ask.account.now()
    body: dict[str, Any] = {
        "id": ask.account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "status": _RESULTS[one.state].status,
        "clientReferenceInformation": {"code": one.code},
        _INFORMATION: {
            "authenticationTransactionId": one.id,
            "specificationVersion": "2.2.0",
            "directoryServerTransactionId": str(uuid.uuid4()),
            "threeDSServerTransactionId": str(uuid.uuid4()),
        }
        | _values(one, indicator),
    }
    if one.state == "challenged":
        body["errorInformation"] = {
            "reason": "CONSUMER_AUTHENTICATION_REQUIRED",
            "message": declined("CONSUMER_AUTHENTICATION_REQUIRED"),
        }
    if _RESULTS[one.state].status == _FAILED:
        body["errorInformation"] = {
            "reason": "CONSUMER_AUTHENTICATION_FAILED",
            "message": declined("CONSUMER_AUTHENTICATION_FAILED"),
        }
    return body


def _values(one: Authentication, indicator: str) -> dict[str, str]:
    if one.state == "challenged":
        return {
            "accessToken": _token({"jti": one.id}),
            "acsUrl": "https://acs.example.com/challenge",
            "stepUpUrl": "https://centinelapistag.example.com/V2/Cruise/StepUp",
            "pareq": _token({"threeDSServerTransID": one.id}),
            "challengeRequired": "Y",
            "paresStatus": "C",
            "veresEnrolled": "Y",
        }
    result, is_mastercard = _RESULTS[one.state], one.brand == _MASTERCARD
    told = {
        "paresStatus": result.pares,
        "veresEnrolled": result.veres,
        "eciRaw": result.eci[is_mastercard],
        indicator: result.indicator[is_mastercard],
    }
    if result.proves:
        told["xid"] = told["ucafAuthenticationData" if is_mastercard else "cavv"] = _proof(one)
        if is_mastercard:
            told["ucafCollectionIndicator"] = "2" if one.state == "passed" else "1"
        else:
            told["eci"] = told["eciRaw"]
    return {name: value for name, value in told.items() if value}


def _proof(one: Authentication) -> str:
    """20 bytes in base64, as issuers make them."""
    return base64.b64encode(one.id.encode()).decode()


def _token(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


OFFERS = (
    Offer("payer_authentication.payer_auth_setup", "authentication_setup", set_up),
    Offer("payer_authentication.check_payer_auth_enrollment", "authentication", enrol),
    Offer(
        "payer_authentication.validate_authentication_results", "authentication_result", validate
    ),
)
