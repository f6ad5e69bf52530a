"""Capture contexts (Microform, Unified Checkout, Flex) and the transient tokens they bring.

Source: Microform Integration v2 and Unified Checkout guides ("Capture Context", "Transient Token
Format", "Payment Details API"). What a browser does with a context is `typed_in`: no card number
comes here. How a refusal of these services looks is not documented: they use the common shape.
"""

import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.context_keys import claims_of, sealed
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.outcomes import OUTCOMES
from tillbridge_simulators.cybersource.tokens import MintedToken

LIFE_S = 900
"""How long a context, and a token made in it, may be used."""
_ORIGIN = "https://testflex.cybersource.com"
_LIBRARY = "https://testup.cybersource.com/uc/v1/assets/{version}/SecureAcceptance.js"
_MICROFORM = f"{_ORIGIN}/microform/bundle/v2.5.1/flex-microform.min.js"
_INTEGRITY = "sha256-r14W+hvWIp3kTTvR7SSPWSRGsqFTyf2tg2MrXjdXfQE="
_VERSIONS = ("v2", "v2.0")


def microform(ask: Ask) -> Answer:
    """POST /microform/v2/sessions."""
    if ask.document.get("clientVersion", "v2") not in _VERSIONS:
        raise Refusal("INVALID_DATA", ["clientVersion"])
    origins = _origins(ask)
    told = {
        "clientLibrary": _MICROFORM,
        "clientLibraryIntegrity": _INTEGRITY,
        "allowedCardNetworks": _networks(ask),
        "targetOrigins": origins,
        "mfOrigin": _ORIGIN,
    }
    if types := ask.document.get("allowedPaymentTypes"):
        told["allowedPaymentTypes"] = types
    return _issued(ask, "mf-2.1.0", told)


def unified_checkout(ask: Ask) -> Answer:
    """POST /up/v1/capture-contexts, and /uc/v1/sessions, which is newer: the amount stands in
    `data` or, as it was, beside it."""
    version = ask.document.get("clientVersion")
    if not version:
        raise Refusal("MISSING_FIELD", ["clientVersion"])
    details = "orderInformation.amountDetails"
    amounts = at(ask.document, f"data.{details}") or at(ask.document, details) or {}
    names = ("totalAmount", "currency")
    if missing := [f"{details}.{name}" for name in names if not amounts.get(name)]:
        raise Refusal("MISSING_FIELD", missing)
    told = {
        "clientLibrary": _LIBRARY.format(version=version),
        "clientLibraryIntegrity": _INTEGRITY,
        "targetOrigins": _origins(ask),
        "allowedCardNetworks": _list(ask, "allowedCardNetworks"),
        "paymentTypes": _list(ask, "allowedPaymentTypes"),
        "country": ask.document.get("country", ""),
        "locale": ask.document.get("locale", ""),
    }
    return _issued(ask, "gda-0.9.0", told)


def flex(ask: Ask) -> Answer:
    """POST /flex/v2/sessions: a context without a page of Cybersource's."""
    if not ask.document.get("fields"):
        raise Refusal("MISSING_FIELD", ["fields"])
    return _issued(ask, "", {})


def payment_details(ask: Ask) -> Answer:
    """GET /up/v1/payment-details/{transientToken} and /flex/v2/payment-details/{jti}."""
    tokens, now_s = ask.account.tokens, ask.account.now()
    token = ask.id if "." in ask.id else tokens.of_id(ask.id)
    found = tokens.find(token, "transient", now_s)
    if found is None:
        return not_found(now_s)
    card = {
        "expirationYear": "2030",
        "number": f"XXXXXXXXXXXX{found.last4}",
        "expirationMonth": "05",
        "type": found.brand,
    }
    billing = {"firstName": "Tanya", "lastName": "Lee", "country": "US"}
    return Answer(
        200, {"paymentInformation": {"card": card}, "orderInformation": {"billTo": billing}}
    )


def typed_in(account: Account, context: str, outcome: str = "authorized") -> str:
    """What a browser gets for the card that somebody typed into the page of this context.

    Raises ValueError for an unknown outcome or context, and one that is too old.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"{outcome!r} is not an outcome; known: {', '.join(OUTCOMES)}")
    claims, now_s = claims_of(context), int(account.now())
    if claims["exp"] < now_s:
        raise ValueError("The context has expired.")
    kinds = [one["type"] for one in claims.get("ctx", ())]
    content = {
        "expirationYear": {"value": "2030"},
        "number": {
            "detectedCardTypes": ["001"],
            "maskedValue": "XXXXXXXXXXXX1111",
            "bin": "411111",
        },
        "securityCode": {},
        "expirationMonth": {"value": "05"},
    }
    told = {
        "iss": "Flex/00",
        "exp": now_s + LIFE_S,
        "type": kinds[0] if kinds else "api-0.1.0",
        "iat": now_s,
        "jti": (uuid.uuid4().hex + uuid.uuid4().hex).upper(),
        "content": {"paymentInformation": {"card": content}},
    }
    token = account.state.context_keys.signed(told, claims["flx"]["jwk"]["kid"])
    stands_for = MintedToken("transient", outcome, "001", "1111", float(now_s + LIFE_S))
    account.tokens.put(token, stands_for)
    return token


def key_routes(account: Account) -> list[web.RouteDef]:
    """GET /flex/v2/public-keys/{kid}: for everybody, unsigned."""

    async def key(request: web.Request) -> web.Response:
        found = account.state.context_keys.public(request.match_info["kid"])
        if found is None:
            return web.json_response(dict(not_found(time.time()).body), status=404)
        return web.json_response(found)

    return [web.get("/flex/v2/public-keys/{kid}", key)]


def _issued(ask: Ask, kind: str, told: dict[str, Any]) -> Answer:
    keys, now_s = ask.account.state.context_keys, int(ask.account.now())
    claims: dict[str, Any] = {
        "flx": {
            "path": "/flex/v2/tokens",
            "data": sealed(),
            "origin": _ORIGIN,
            "jwk": keys.public(keys.new()),
        },
        "iss": "Flex API",
        "exp": now_s + LIFE_S,
        "iat": now_s,
        "jti": uuid.uuid4().hex[:16],
    }
    if kind:
        claims["ctx"] = [{"data": told, "type": kind}]
    return Answer(201, raw=keys.signed(claims).encode(), content_type="application/jwt")


def _origins(ask: Ask) -> list[str]:
    """Full https origins; http only of this machine, as Microform takes it."""
    origins = _list(ask, "targetOrigins")
    for place, origin in enumerate(origins):
        parts = urlsplit(origin)
        is_local = parts.scheme == "http" and parts.hostname == "localhost"
        whole = parts.hostname and not (parts.path or parts.query or "*" in origin)
        if not whole or not (parts.scheme == "https" or is_local):
            raise Refusal("INVALID_DATA", [f"targetOrigins[{place}]"])
    return origins


def _networks(ask: Ask) -> list[str]:
    """The cards that are taken; none need be named where none are."""
    types = ask.document.get("allowedPaymentTypes") or ["CARD"]
    return _list(ask, "allowedCardNetworks") if "CARD" in types else []


def _list(ask: Ask, name: str) -> list[str]:
    found = ask.document.get(name)
    if not found:
        raise Refusal("MISSING_FIELD", [name])
    return list(found)


OFFERS = (
    Offer("microform_integration.generate_capture_context", "capture_context", microform),
    Offer(
        "unified_checkout_capture_context.generate_unified_checkout_capture_context",
        "capture_context",
        unified_checkout,
    ),
    Offer(
        "unified_checkout_v1_capture_context.generate_unified_checkout_v1_capture_context",
        "capture_context",
        unified_checkout,
    ),
    Offer("flex_api.generate_flex_api_capture_context", "capture_context", flex),
    Offer(
        "transient_token_data_v2.get_transaction_for_transient_token",
        "payment_details",
        payment_details,
    ),
    Offer(
        "transient_token_data_v2.get_transaction_for_transient_token_jti",
        "payment_details",
        payment_details,
    ),
)
