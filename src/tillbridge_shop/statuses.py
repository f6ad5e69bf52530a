"""Messages to the shop about its payments: the write `payment_status`.

    POST <status_url>, signed, idempotency-key: <26 characters>
    {"shop": "...", "order_number": "1042", "status": "captured", "transaction_id": "...",
     "attempt_key": "...", "reason": "", "amount": {"amount": "25.00", "currency": "USD"}}

The shop keeps the key under a unique index and answers 2xx; the same key again is answered 2xx
and changes nothing.
"""

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.canonical.payments import AttemptState
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge.connector.http import Reply

KIND = "payment_status"
STATUSES = (
    *(state.value for state in AttemptState),
    *("capture_failed", "refunded", "refund_failed"),
)

SHAPE = DocumentShape(
    KIND,
    "Message to the shop about a payment",
    (
        Field("order_number", "text", "Order number", required=True, length_max=50),
        Field("status", "choice", "Status", required=True, options=STATUSES),
        Field("amount", "money", "Amount held, captured, released or refunded"),
        Field("transaction_id", "text", "The payment system's id", length_max=100),
        Field("attempt_key", "text", "The shop's key of the try", length_max=64),
        Field("reason", "text", "Why, when it is not plain success", length_max=500),
    ),
)


def encoded(shop: str, fields: Fields) -> bytes:
    """The message's body."""
    names = [field.name for field in SHAPE.fields]
    return encode({"shop": shop, **{name: fields.get(name) for name in names}})


def receipt(connection: str, call: Call, reply: Reply) -> Receipt:
    """What the shop's answer proves. Raises for everything but 2xx."""
    error = refusal(connection, reply, write=True)
    if error is not None:
        raise error
    reference = ExternalReference(connection, KIND, call.key)
    return Receipt((reference,), {"http_status": str(reply.status)})


def refusal(connection: str, reply: Reply, *, write: bool) -> TillbridgeError | None:
    """The error an answer stands for; None for 2xx.

    A 429 certainly did nothing here: sending the same key again is harmless in any case.
    """
    message = f"{connection}: the shop answered {reply.status} at its status address."
    if reply.status == 429:
        return Transient(message, wait_s=reply.wait_s, sent="no", gate=True, reason="rate_limited")
    outcome = classify(BreakPoint.ANSWERED, reply.status, write=write)
    if outcome is Outcome.DONE:
        return None
    if outcome is Outcome.CREDENTIALS:
        return Misconfigured(
            message,
            reason="credentials",
            next_step="Check that the shop's signing secret is the same as this connection's.",
        )
    return error_for(outcome, message, reply.wait_s)
