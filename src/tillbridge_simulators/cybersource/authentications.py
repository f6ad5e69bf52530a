"""Payer authentication (3-D Secure 2): set-up, enrolment, challenge and validation.

Source: Payer Authentication Developer Guide (statuses and the values of a frictionless, challenged
and failed authentication); the official client's models. The issuer's page is not imitated: what
the cardholder does there is the trigger `challenge.passed` or `challenge.failed`.
"""

import base64
import json
import uuid
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, money_at, text_at
from tillbridge_simulators.cybersource.instruments import resolve
from tillbridge_simulators.cybersource.outcomes import TRIGGER_AMOUNTS
from tillbridge_simulators.cybersource.state import Authentication

_INFORMATION = "consumerAuthenticationInformation"
_ECI = {"001": "05", "002": "02"}
_TRIED = {"001": "06", "002": "01"}


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
    outcome = TRIGGER_AMOUNTS.get(amount, paid_with.outcome)
    state = {"challenge": "challenged", "consumer_authentication_failed": "failed"}.get(
        outcome, "passed"
    )
    made = Authentication(
        id=uuid.uuid4().hex[:20], code=code, amount=amount, currency=currency,
        brand=paid_with.brand, state=state,
    )  # fmt: skip
    ask.account.state.authentications[made.id] = made
    return Answer(201, _told(ask, made))


def validate(ask: Ask) -> Answer:
    """POST /risk/v1/authentication-results: how the challenge ended."""
    path = f"{_INFORMATION}.authenticationTransactionId"
    id_ = text_at(ask.document, path, length_max=20, required=True)
    found = ask.account.state.authentications.get(id_)
    if found is None:
        raise Refusal("INVALID_DATA", [path])
    if found.state == "challenged":
        found.state = "failed"
    return Answer(201, _told(ask, found))


def challenge(account: Account, id_: str, *, passed: bool) -> None:
    """The cardholder does what the issuer asks, or not. Raises KeyError, ValueError."""
    found = account.state.authentications[id_]
    if found.state != "challenged":
        raise ValueError(f"The authentication {id_} waits for no cardholder: it {found.state}.")
    found.state = "passed" if passed else "failed"


def proven(account: Account, id_: object) -> bool:
    """Whether this authentication has passed."""
    found = account.state.authentications.get(str(id_))
    return found is not None and found.state == "passed"


def _with_token(ask: Ask) -> dict[str, Any]:
    """The transient token may be named shorter here than in a payment."""
    transient = at(ask.document, "tokenInformation.transientToken")
    if not transient:
        return dict(ask.document)
    return {**ask.document, "tokenInformation": {"transientTokenJwt": transient}}


def _told(ask: Ask, one: Authentication) -> dict[str, Any]:
    now_s = ask.account.now()
    status = {
        "passed": "AUTHENTICATION_SUCCESSFUL",
        "challenged": "PENDING_AUTHENTICATION",
        "failed": "AUTHENTICATION_FAILED",
    }[one.state]
    body: dict[str, Any] = {
        "id": ask.account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "status": status,
        "clientReferenceInformation": {"code": one.code},
        _INFORMATION: {
            "authenticationTransactionId": one.id,
            "specificationVersion": "2.2.0",
            "directoryServerTransactionId": str(uuid.uuid4()),
            "threeDSServerTransactionId": str(uuid.uuid4()),
        }
        | _values(one),
    }
    if one.state == "challenged":
        body["errorInformation"] = {
            "reason": "CONSUMER_AUTHENTICATION_REQUIRED",
            "message": "The cardholder is enrolled: authenticate him before you authorize.",
        }
    if one.state == "failed":
        body["errorInformation"] = {
            "reason": "CONSUMER_AUTHENTICATION_FAILED",
            "message": "The cardholder was not authenticated.",
        }
    return body


def _values(one: Authentication) -> dict[str, str]:
    proof = base64.b64encode(one.id.encode()).decode()
    if one.state == "passed":
        name = "cavv" if one.brand != "002" else "ucafAuthenticationData"
        return {
            name: proof,
            "eci": _ECI.get(one.brand, "05"),
            "eciRaw": _ECI.get(one.brand, "05"),
            "paresStatus": "Y",
            "veresEnrolled": "Y",
            "xid": proof,
        }
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
    return {"paresStatus": "N", "veresEnrolled": "Y", "eciRaw": _TRIED.get(one.brand, "07")}


def _token(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


OFFERS = (
    Offer("payer_authentication.payer_auth_setup", "authentication", set_up),
    Offer("payer_authentication.check_payer_auth_enrollment", "authentication", enrol),
    Offer("payer_authentication.validate_authentication_results", "authentication", validate),
)
