"""Payer authentication (3-D Secure 2): the three calls before an authorization, and what they mean.

Sources: Payer Authentication Developer Guide (REST): set-up, enrolment, validation, the results of
its test cases 2.1 to 2.11; what a TMS and a Flex Microform token are called there. None of the
three moves money, so each is asked again when its answer was lost.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from tillbridge.canonical.authentications import Returned
from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import Call
from tillbridge.connector.authentication import (
    Authentication,
    Challenge,
    NotAuthenticated,
    Proof,
)
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import instant_of, part, text_of
from tillbridge_cybersource.operations import amount_details
from tillbridge_cybersource.payment_documents import PROOF, billing_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "payer_authentication.payer_auth_setup",
        "payer_authentication.check_payer_auth_enrollment",
        "payer_authentication.validate_authentication_results",
    }
)
Result: TypeAlias = Literal["authenticated", "attempted", "unavailable"]
RESULTS: Mapping[str, Result] = {"Y": "authenticated", "I": "authenticated", "A": "attempted"}
"""consumerAuthenticationInformation.paresStatus of what was not refused; every other one, and
none at all, proves nothing about the shopper."""
ENOUGH: Mapping[str, frozenset[Result]] = {
    "required": frozenset({"authenticated"}),
    "attempted": frozenset({"authenticated", "attempted"}),
    "where_possible": frozenset({"authenticated", "attempted", "unavailable"}),
}
"""By setting, the results with which the authorization is asked for."""
FAILED = "CONSUMER_AUTHENTICATION_FAILED"

_PASSED, _PENDING, _FAILED = (
    "AUTHENTICATION_SUCCESSFUL",
    "PENDING_AUTHENTICATION",
    "AUTHENTICATION_FAILED",
)
_INFORMATION = "consumerAuthenticationInformation"
_BROWSER = {
    "ip": ("ipAddress", 48),
    "user_agent": ("userAgentBrowserValue", 255),
    "accept": ("httpAcceptBrowserValue", 255),
    "language": ("httpBrowserLanguage", 8),
    "java_enabled": ("httpBrowserJavaEnabled", 5),
    "javascript_enabled": ("httpBrowserJavaScriptEnabled", 5),
    "color_depth": ("httpBrowserColorDepth", 2),
    "screen_height": ("httpBrowserScreenHeight", 6),
    "screen_width": ("httpBrowserScreenWidth", 6),
    "time_offset": ("httpBrowserTimeDifference", 5),
}
"""deviceInformation: our name -> theirs and its width (API field reference)."""
_PROOF = {**PROOF, "version": "specificationVersion"}
"""The authorization's group `authentication`: our name -> the answer's."""


class PayerAuthentication:
    """The ability AuthenticatesShoppers of one account."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        self._exchange = exchange
        self._policy = settings.payer_authentication
        self._challenge_code = settings.challenge_preference

    @property
    def is_wanted(self) -> bool:
        return self._policy != "off"

    async def authenticate(
        self, call: Call, fields: Fields, returned: Returned | None, kept: Mapping[str, str]
    ) -> Authentication:
        """One step on. Raises Transient, Rejected, Misconfigured."""
        if returned is None:
            return await self._set_up(call, fields)
        if returned.step == "collect":
            return await self._enrol(call, fields, returned, kept)
        return await self._validate(call, fields, kept)

    async def _set_up(self, call: Call, fields: Fields) -> Challenge:
        document = {**_reference(fields), **_paid_with(fields)}
        answer = await self._ask(call, "/risk/v1/authentication-setups", document)
        told = part(answer.body, _INFORMATION)
        page = {
            "url": text_of(told, "deviceDataCollectionUrl"),
            "access_token": text_of(told, "accessToken"),
            "reference_id": text_of(told, "referenceId"),
        }
        if text_of(answer.body, "status") != "COMPLETED" or not all(page.values()):
            raise self._not_known(answer)
        return Challenge("collect", page, {"reference_id": page["reference_id"]})

    async def _enrol(
        self, call: Call, fields: Fields, returned: Returned, kept: Mapping[str, str]
    ) -> Authentication:
        wanted = {
            "referenceId": kept["reference_id"],
            "deviceChannel": "Browser",
            "transactionMode": "S",
            "returnUrl": returned.return_url,
            "challengeCode": self._challenge_code,
        }
        document = {
            **_reference(fields),
            **_paid_with(fields),
            "orderInformation": _order(fields),
            "deviceInformation": _browser(returned.browser),
            _INFORMATION: {name: value for name, value in wanted.items() if value},
        }
        answer = await self._ask(call, "/risk/v1/authentications", document)
        if text_of(answer.body, "status") != _PENDING:
            return self._judge(fields, answer)
        told = part(answer.body, _INFORMATION)
        page = {"url": text_of(told, "stepUpUrl"), "access_token": text_of(told, "accessToken")}
        id_ = text_of(told, "authenticationTransactionId")
        if not (id_ and all(page.values())):
            raise self._not_known(answer)
        return Challenge("confirm", page, {"authentication_id": id_})

    async def _validate(
        self, call: Call, fields: Fields, kept: Mapping[str, str]
    ) -> Authentication:
        amount = values.money_above_zero(fields, "amount")
        document = {
            **_reference(fields),
            **_paid_with(fields, transient="jti"),
            "orderInformation": {"amountDetails": amount_details(amount)},
            _INFORMATION: {"authenticationTransactionId": kept["authentication_id"]},
        }
        answer = await self._ask(call, "/risk/v1/authentication-results", document)
        return self._judge(fields, answer)

    def _judge(self, fields: Fields, answer: Answer) -> Proof | NotAuthenticated:
        """What a finished authentication is worth, by the connection's setting."""
        status = text_of(answer.body, "status")
        told = part(answer.body, _INFORMATION)
        if status == _FAILED:
            reason = text_of(part(answer.body, "errorInformation"), "reason") or FAILED
            return self._declined(fields, answer, reason)
        if status != _PASSED:
            raise self._not_known(answer)
        result = RESULTS.get(text_of(told, "paresStatus"), "unavailable")
        if result not in ENOUGH[self._policy]:
            return self._declined(fields, answer, f"AUTHENTICATION_{result.upper()}")
        return Proof(_proof(told))

    def _declined(self, fields: Fields, answer: Answer, reason: str) -> NotAuthenticated:
        try:
            occurred_at = instant_of(answer.body)
        except Rejected as error:
            raise self._not_known(answer) from error
        return NotAuthenticated(
            Observation(
                operation=Operation.AUTHORIZATION,
                verdict=Verdict.DECLINED,
                source=Source.REPLY,
                order_number=values.required_text(fields, "order_number"),
                request_id=text_of(answer.body, "id"),
                occurred_at=occurred_at,
                attempt_key=values.required_text(fields, "attempt_key"),
                reason=reason,
            )
        )

    async def _ask(self, call: Call, path: str, document: Mapping[str, object]) -> Answer:
        answer = await self._exchange.read(call, path, document)
        if answer.status != 201:
            raise refusal(self._exchange.name, "The shopper's authentication", answer)
        return answer

    def _not_known(self, answer: Answer) -> Transient:
        """An answer nobody knows proves nothing, and nobody is charged on it."""
        status = text_of(answer.body, "status")
        return Transient(
            f"{self._exchange.name}: an authentication was answered with {status!r}, in a form"
            " that is not known.",
            reason="unknown_status",
            next_step="Tell the maintainers.",
        )


def _reference(fields: Fields) -> Mapping[str, object]:
    code = values.required_text(fields, "order_number")
    return {"clientReferenceInformation": {"code": code}}


def _paid_with(fields: Fields, transient: str = "transientToken") -> Mapping[str, object]:
    """The token as these services call it: a transient one by its id, a stored one as customer."""
    token = values.required_text(fields, "token")
    if values.required_text(fields, "token_kind") == "transient":
        return {"tokenInformation": {transient: token_id(token)}}
    return {"paymentInformation": {"customer": {"customerId": token}}}


def token_id(token: str) -> str:
    """The id (jti) of a transient token; a token that is no JSON Web Token is its own."""
    parts = token.split(".")
    if len(parts) != 3:
        return token
    try:
        padding = "=" * (-len(parts[1]) % 4)
        claims: Any = read_json(base64.urlsafe_b64decode(parts[1] + padding))
    except (binascii.Error, ValueError, Rejected):
        return token
    found = claims.get("jti") if isinstance(claims, dict) else None
    return found if isinstance(found, str) and found else token


def _order(fields: Fields) -> Mapping[str, object]:
    amount = values.money_above_zero(fields, "amount")
    billing = billing_of(fields)
    return {"amountDetails": amount_details(amount), **({"billTo": billing} if billing else {})}


def _browser(browser: Mapping[str, str]) -> Mapping[str, str]:
    """Cut to their widths: no browser is worth a payment that fails."""
    return {
        name: value[:width]
        for ours, (name, width) in _BROWSER.items()
        if (value := browser.get(ours, ""))
    }


def _proof(told: Mapping[str, Any]) -> Fields:
    """What goes out with the authorization. The indicator is `ecommerceIndicator` after the
    enrolment and `indicator` after the validation."""
    found = {ours: text_of(told, theirs) for ours, theirs in _PROOF.items()}
    found["eci_raw"] = found["eci_raw"] or text_of(told, "eci")
    found["commerce_indicator"] = text_of(told, "ecommerceIndicator") or text_of(told, "indicator")
    return {name: value for name, value in found.items() if value}
