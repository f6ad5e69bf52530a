"""Wallets and other ways to pay that are no card: their sessions, orders and states.

A session is where the shopper agrees at the wallet's own page; an order is what was agreed. Neither
moves money: asking again harms nothing, so they are reads. Sources: REST API reference, Payments:
"Create Alternative Payments Sessions Request", "Update Alternative Payments Sessions Request",
"Create a Payment Order Request", "Check a Payment Status"; fields: the official client's models.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.observations import money_of, part, text_of
from tillbridge_cybersource.operations import Operations, amount_details
from tillbridge_cybersource.shapes import ORDER_NUMBER
from tillbridge_cybersource.statuses import read_refusal

CALLS = frozenset(
    {
        "payments.create_session_request",
        "payments.update_session_request",
        "payments.create_order_request",
        "payments.refresh_payment_status",
    }
)
_WAY = Field(
    "way", "text", "Way to pay, as Cybersource calls it (PAYPAL, KLARNA, ...)", required=True
)
_AMOUNT = Field("amount", "money", "Amount", required=True)
_SESSION_ID = Field("session_id", "text", "Session", required=True)
_PAGES: Final = {
    "success_url": "successUrl",
    "cancel_url": "cancelUrl",
    "failure_url": "failureUrl",
}
_OPENED = (
    ORDER_NUMBER,
    _AMOUNT,
    _WAY,
    Field("success_url", "text", "Page after the shopper has agreed"),
    Field("cancel_url", "text", "Page after the shopper has left"),
    Field("failure_url", "text", "Page after it came to nothing"),
)
SESSION = DocumentShape("wallet_session", "Session at a wallet", _OPENED)
SESSION_CHANGE = DocumentShape(
    "wallet_session_change", "Change of a session at a wallet", (_SESSION_ID, *_OPENED)
)
ORDER = DocumentShape(
    "wallet_order", "Order that was agreed at a wallet", (ORDER_NUMBER, _SESSION_ID, _AMOUNT, _WAY)
)
STATE = DocumentShape(
    "wallet_state",
    "How a payment at a wallet stands",
    (ORDER_NUMBER, Field("payment_id", "text", "Session, order or payment", required=True), _WAY),
)


class Wallets:
    """The reads about wallets."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.reads = (
            Read("wallet_session", SESSION, self._open),
            Read("wallet_session_change", SESSION_CHANGE, self._change),
            Read("wallet_order", ORDER, self._order),
            Read("wallet_state", STATE, self._state),
        )

    async def _open(self, call: Call, fields: Fields) -> Receipt:
        document = _session(fields)
        return await self._asked(call, "/pts/v2/payment-references", document)

    async def _change(self, call: Call, fields: Fields) -> Receipt:
        session_id = values.required_text(fields, "session_id")
        path = f"/pts/v2/payment-references/{quote(session_id, safe='')}"
        return await self._asked(call, path, _session(fields), "PATCH")

    async def _order(self, call: Call, fields: Fields) -> Receipt:
        session_id = values.required_text(fields, "session_id")
        path = f"/pts/v2/payment-references/{quote(session_id, safe='')}/intents"
        amount = amount_details(values.money_above_zero(fields, "amount"))
        document = {**_about(fields, "AP_ORDER"), "orderInformation": {"amountDetails": amount}}
        return await self._asked(call, path, document)

    async def _state(self, call: Call, fields: Fields) -> Receipt:
        payment_id = values.required_text(fields, "payment_id")
        path = f"/pts/v2/refresh-payment-status/{quote(payment_id, safe='')}"
        return await self._asked(call, path, _about(fields, "AP_STATUS"))

    async def _asked(
        self, call: Call, path: str, document: Mapping[str, object], method: str = "POST"
    ) -> Receipt:
        exchange = self._operations.exchange
        answer = await exchange.manage(call, method, path, document)
        if not answer.is_accepted:
            raise read_refusal(exchange.name, f"{method} {path}", answer)
        return _told(answer)


def _session(fields: Fields) -> Mapping[str, object]:
    amount = amount_details(values.money_above_zero(fields, "amount"))
    pages = {theirs: page for ours, theirs in _PAGES.items() if (page := values.text(fields, ours))}
    return {
        **_about(fields, "AP_SESSIONS"),
        "orderInformation": {"amountDetails": amount},
        **({"merchantInformation": pages} if pages else {}),
    }


def _about(fields: Fields, action: str) -> dict[str, object]:
    method: dict[str, object] = {"method": {"name": values.required_text(fields, "way")}}
    if action != "AP_ORDER":
        method["name"] = "EWALLET"  # an order's request has no such field
    return {
        "clientReferenceInformation": {"code": values.required_text(fields, "order_number")},
        "processingInformation": {"actionList": [action]},
        "paymentInformation": {"paymentType": method},
    }


def _told(answer: Answer) -> Receipt:
    """id, status, the page of the wallet, the amount and the wallet's own reason."""
    body = answer.body
    money = money_of(part(body, "orderInformation", "amountDetails"), "totalAmount")
    told = {
        "id": text_of(body, "id"),
        "status": text_of(body, "status"),
        "page": text_of(part(body, "processorInformation"), "paymentUrl"),
        "amount": money.text if money else "",
        "currency": money.currency if money else "",
        "reason": text_of(part(body, "errorInformation"), "reason"),
    }
    return Receipt(fields={name: value for name, value in told.items() if value})
