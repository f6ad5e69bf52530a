"""The OpenAPI description: what FastAPI draws of the desk, and what it cannot see of the doors."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

ERROR = {
    "type": "object",
    "title": "Error",
    "required": ["error", "safe_to_retry"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["reason", "message"],
            "properties": {
                "reason": {"type": "string", "description": "A short machine word."},
                "message": {"type": "string", "description": "What is wrong, for people."},
                "place": {"type": ["string", "null"], "description": "Where it is wrong."},
                "next_step": {"type": ["string", "null"], "description": "What to do."},
            },
        },
        "safe_to_retry": {"type": "boolean", "description": "True when nothing was done."},
    },
}
_ERROR_ANSWER = {
    "description": "The one shape of every error.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}
_SIGNED = "Signed by its sender as the connection wants it; no operator's token."


def _text(name: str, where: str, about: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": True,
        "schema": {"type": "string"},
        "description": about,
    }


def _answers(**by_status: str) -> dict[str, Any]:
    shown = {status[1:]: {"description": about} for status, about in by_status.items()}
    return {**shown, "default": _ERROR_ANSWER}


DOORS: Mapping[str, Any] = {
    "/doors/{connection}": {
        "post": {
            "tags": ["doors"],
            "summary": "Deliver",
            "operationId": "deliver",
            "description": "Keeps a delivery, once by the sender's own id, before it answers."
            f" {_SIGNED}",
            "parameters": [_text("connection", "path", "The connection it is delivered to.")],
            "requestBody": {"required": True, "content": _OBJECT},
            "responses": _answers(
                _202="Kept: verdict is accepted, repeat, altered (same id, another body)"
                " or kept_back."
            ),
        }
    },
    "/doors/{connection}/health": {
        method: {
            "tags": ["doors"],
            "summary": "Is the door open",
            "operationId": f"door_is_open_{method}",
            "description": "Whether deliveries can be kept now. Open to everybody, for those who"
            " deliver and ask first.",
            "parameters": [_text("connection", "path", "The connection that is delivered to.")],
            "responses": _answers(_200="They can.", _404="No such door.", _503="Not now."),
        }
        for method in ("get", "post")
    },
    "/checkout/payments": {
        "post": {
            "tags": ["doors"],
            "summary": "Pay",
            "operationId": "pay",
            "description": "Asks for an authorization while the shopper waits: an order and a"
            " token, never a card. The same key re-attaches to the same attempt, and is how a"
            " shopper who had to authenticate comes back. Where a part is paid, another card pays"
            f" what is owed: the same order with a new key and `owed`. {_SIGNED}",
            "parameters": [_text("idempotency-key", "header", "The shop's key of this try.")],
            "requestBody": {"required": True, "content": _OBJECT},
            "responses": _answers(
                _200="authorized, partial, declined, in_review, challenge or abandoned.",
                _202="pending: ask again at the address in Location.",
                _409="Another body under the same key, or another attempt is in flight.",
                _503="Not attempted: safe to send again.",
            ),
        }
    },
    "/checkout/contexts": {
        "post": {
            "tags": ["doors"],
            "summary": "Ask for a capture context",
            "operationId": "make_context",
            "description": "What a page of the shop needs so that the payment system can take a"
            f" card on it; nothing is kept, and asking again is harmless. {_SIGNED}",
            "requestBody": {"required": True, "content": _OBJECT},
            "responses": _answers(_200="The context, the library to load, and when it ends."),
        }
    },
    "/checkout/payments/{attempt_key}": {
        "get": {
            "tags": ["doors"],
            "summary": "Ask about a payment",
            "operationId": "ask_payment",
            "description": f"Where an attempt stands. {_SIGNED}",
            "parameters": [_text("attempt_key", "path", "The shop's key of the try.")],
            "responses": _answers(
                _200="authorized, partial, declined, in_review, challenge or abandoned.",
                _202="pending.",
            ),
        }
    },
}


def describe(app: FastAPI) -> None:
    """Makes the application answer its whole description at /openapi.json."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _described(app: FastAPI) -> dict[str, Any]:
    page = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    for operations in page["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ERROR_ANSWER
    schemas = page["components"]["schemas"]
    for theirs in ("HTTPValidationError", "ValidationError"):
        schemas.pop(theirs, None)
    schemas["Error"] = ERROR
    page["paths"] = {**DOORS, **page["paths"]}
    return page
