"""Capture contexts for the shop's pages, and proof of the transient tokens that come back.

Sources: Microform Integration v2 and Unified Checkout guides ("Capture Context", "Validating the
Capture Context", "Transient Token Format", "Token Verification", "Payment Details API"); the
official client's models, and its check of a context against /flex/v2/public-keys/{kid}.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import rsa

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import Token
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.capture import CaptureContext, ContextRequest
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.operations import amount_details
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal
from tillbridge_cybersource.web_tokens import WebToken, forged, public_key, read_token

CALLS = frozenset(
    {
        "microform_integration.generate_capture_context",
        "unified_checkout_capture_context.generate_unified_checkout_capture_context",
        "unified_checkout_v1_capture_context.generate_unified_checkout_v1_capture_context",
        "flex_api.generate_flex_api_capture_context",
        "transient_token_data_v2.get_transaction_for_transient_token",
        "transient_token_data_v2.get_transaction_for_transient_token_jti",
    }
)
PUBLIC_KEYS = "/flex/v2/public-keys/"
"""Where the keys that sign contexts are; the official client asks there too, outside its index."""
SKEW_S = 60
"""How far Cybersource's clock may be from ours."""
KEYS_MAX = 16
"""Public keys that are remembered; Cybersource has few, and changes them seldom."""

_MICROFORM_VERSION = "v2"
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CONTEXT, _TOKEN, _KEY = "capture context", "transient token", "key of the capture context"
_PATHS = {
    "microform": "/microform/v2/sessions",
    "unified_checkout": "/up/v1/capture-contexts",
    "flex": "/flex/v2/sessions",
}
_SESSIONS = "/uc/v1/sessions"
_FLEX_FIELDS = {
    "number": {"required": True},
    "expirationMonth": {"required": True},
    "expirationYear": {"required": True},
    "securityCode": {"required": False},
    "type": {"required": False},
}

TOKEN_DETAILS = DocumentShape(
    "token_details",
    "What is known of a transient token",
    (Field("token", "text", "Transient token", required=True),),
)


class CaptureContexts:
    """The abilities MakesCaptureContexts and VerifiesTokens of one account."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        self._exchange = exchange
        self._settings = settings
        self._origins = tuple(settings.page_origins.split())
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self.details = Read("token_details", TOKEN_DETAILS, self._details)

    @property
    def wants_contexts(self) -> bool:
        return self._settings.transient_tokens == "verified"

    async def make(self, call: Call, request: ContextRequest) -> CaptureContext:
        """A new context, proven to be Cybersource's. Raises as MakesCaptureContexts says."""
        path = _PATHS[request.kind]
        if request.kind == "unified_checkout" and self._settings.unified_checkout_service == "uc":
            path = _SESSIONS
        answer = await self._exchange.issue(call, path, self._document(request))
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, "The capture context", answer)
        assert answer.reply is not None, "an answer of the exchange has its reply"
        text = answer.reply.body.decode("ascii", "replace").strip()
        context = await self._proven_context(call, text)
        told = _page_of(context)
        return CaptureContext(
            kind=request.kind,
            context=text,
            library=text_of(told, "clientLibrary"),
            library_integrity=text_of(told, "clientLibraryIntegrity"),
            expires_at=datetime.fromtimestamp(context.instant("exp"), UTC),
        )

    async def verify(self, call: Call, token: Token) -> None:
        """The token was made with this context, for our pages, and is still good.

        The context itself may have ended since: the token was made while it was good.
        """
        if not token.context:
            raise Rejected(
                "A transient token comes with the capture context it was made in.",
                reason="no_context",
                next_step="Send the context from /checkout/contexts as token.context.",
            )
        context = await self._proven_context(call, token.context)
        claims = read_token(token.value, _TOKEN)
        web_key = part(context.claims, "flx").get("jwk")
        key = public_key(web_key, _KEY)
        if not isinstance(web_key, Mapping) or web_key.get("kid") != claims.key_id:
            raise forged(_TOKEN, "it was made in another capture context")
        claims.verify(key)
        self._check_pages(context)
        now_s = int(call.now.timestamp())
        made_s, ends_s = claims.instant("iat"), claims.instant("exp")
        if not context.instant("iat") - SKEW_S <= made_s <= context.instant("exp") + SKEW_S:
            raise forged(_TOKEN, "it was not made while its capture context was good")
        if ends_s <= now_s - SKEW_S:
            raise forged(_TOKEN, "it has expired")
        if not text_of(claims.claims, "jti"):
            raise forged(_TOKEN, "it has no id")

    async def _details(self, call: Call, fields: Fields) -> Receipt:
        """GET /up/v1/payment-details/{transientToken}, or /flex/v2/payment-details/{jti} by a
        token's id: the card masked, and who pays."""
        token = values.required_text(fields, "token")
        service = "up/v1" if "." in token else "flex/v2"
        path = f"/{service}/payment-details/{quote(token, safe='.')}"
        answer = await self._exchange.read(call, path)
        if answer.status != 200:
            raise refusal(self._exchange.name, "Reading the transient token", answer)
        card = part(answer.body, "paymentInformation", "card")
        billing = part(answer.body, "orderInformation", "billTo")
        found = {
            "card_type": text_of(card, "type"),
            "last4": text_of(card, "number")[-4:],
            "expires_month": text_of(card, "expirationMonth"),
            "expires_year": text_of(card, "expirationYear"),
            "first_name": text_of(billing, "firstName"),
            "last_name": text_of(billing, "lastName"),
            "email": text_of(billing, "email"),
            "country": text_of(billing, "country"),
        }
        return Receipt(fields={name: value for name, value in found.items() if value})

    def _document(self, request: ContextRequest) -> Mapping[str, object]:
        settings = self._settings
        if request.kind == "flex":
            return {"fields": {"paymentInformation": {"card": _FLEX_FIELDS}}}
        origins = list(request.origins or self._origins)
        if not origins:
            raise Rejected(
                "A capture context names the pages it is for.",
                reason="missing_field",
                next_step="Send origins, or set page_origins of the connection.",
            )
        self._check_origins(origins)
        document: dict[str, object] = {
            "targetOrigins": origins,
            "allowedCardNetworks": settings.card_networks.split(),
        }
        if request.kind == "microform":
            return {**document, "clientVersion": _MICROFORM_VERSION}
        if request.amount is None:
            raise Rejected(
                "A unified checkout shows the amount that will be paid.",
                reason="missing_field",
                next_step="Send the amount and its currency.",
            )
        told: dict[str, object] = {
            "orderInformation": {"amountDetails": amount_details(request.amount)}
        }
        if request.order_number:
            told["clientReferenceInformation"] = {"code": request.order_number}
        return {
            **document,
            "clientVersion": settings.unified_checkout_version,
            "allowedPaymentTypes": settings.unified_checkout_payments.split(),
            "country": request.country or "US",
            "locale": request.locale or "en_US",
            "data": told,
        }

    def _check_origins(self, origins: list[str]) -> None:
        """Where the connection names its pages, there are no others."""
        others = [origin for origin in origins if self._origins and origin not in self._origins]
        if others:
            raise Rejected(
                f"The connection takes no cards on {', '.join(others)}.",
                reason="unknown_origin",
                next_step="Add it to page_origins of the connection.",
            )

    def _check_pages(self, context: WebToken) -> None:
        told = _page_of(context).get("targetOrigins") or ()
        if self._origins and not set(map(str, told)) <= set(self._origins):
            raise forged(_CONTEXT, "it was made for other pages")

    async def _proven_context(self, call: Call, text: str) -> WebToken:
        context = read_token(text, _CONTEXT)
        context.verify(await self._signer(call, context.key_id))
        return context

    async def _signer(self, call: Call, key_id: str) -> rsa.RSAPublicKey:
        """Cybersource's key of this id, from Cybersource itself; remembered."""
        if key_id in self._keys:
            return self._keys[key_id]
        if not _KEY_ID.fullmatch(key_id):
            raise forged(_CONTEXT, "the key it names cannot be one")
        answer = await self._exchange.read(call, PUBLIC_KEYS + key_id)
        if answer.status == 404:
            raise forged(_CONTEXT, "Cybersource does not know the key that signed it")
        if answer.status != 200:
            raise refusal(self._exchange.name, "Reading a public key", answer)
        key = public_key(answer.body, f"public key {key_id}")
        while len(self._keys) >= KEYS_MAX:
            del self._keys[next(iter(self._keys))]
        self._keys[key_id] = key
        return key


def _page_of(context: WebToken) -> Mapping[str, Any]:
    """What a context says of the page it is for; empty for one without a page."""
    contexts = context.claims.get("ctx")
    first = contexts[0] if isinstance(contexts, list) and contexts else {}
    return part(first, "data") if isinstance(first, Mapping) else {}
