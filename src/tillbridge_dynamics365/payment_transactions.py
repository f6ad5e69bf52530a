"""What the payment system did, as rows of our own table beside the order.

A row is created once under the payment system's request id and never changed.
"""

from datetime import UTC
from decimal import Decimal
from typing import Any

from tillbridge.canonical.errors import Rejected, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Operation, Verdict
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_dynamics365.batch import Part
from tillbridge_dynamics365.errors import DUPLICATE_KEY
from tillbridge_dynamics365.names import REQUEST_ID_LENGTH, Names
from tillbridge_dynamics365.odata import by_id, by_key, plain_key
from tillbridge_dynamics365.order_state import find_order
from tillbridge_dynamics365.reference_rows import ReferenceRows
from tillbridge_dynamics365.web_api import WebApi

OPTION_VALUES = 727_000_000
"""First option value of the publisher (customizationoptionvalueprefix 72700)."""
TYPES = {member.value: OPTION_VALUES + at for at, member in enumerate(Operation)}
STATUSES = {member.value: OPTION_VALUES + at for at, member in enumerate(Verdict)}

PAYMENT_TRANSACTION = DocumentShape(
    "payment_transaction",
    "Payment transaction",
    (
        Field("requestid", "text", "Request id", required=True, length_max=REQUEST_ID_LENGTH),
        Field("parentrequestid", "text", "Request it follows", length_max=REQUEST_ID_LENGTH),
        Field("type", "choice", "Operation", required=True, options=tuple(TYPES)),
        Field("status", "choice", "Outcome", required=True, options=tuple(STATUSES)),
        Field("amount", "money", "Amount", required=True),
        Field("merchantreference", "text", "Order number", required=True, length_max=100),
        Field("rawstatus", "text", "Reason as the payment system said it", length_max=4000),
        Field("paymentmethod", "text", "Payment method", length_max=50),
        Field("submittimeutc", "instant", "When it was done"),
        Field("salesorderid", "text", "Order's id in Dynamics", length_max=36),
        Field("ordernumber", "text", "Order number in Dynamics", length_max=100),
    ),
)


class PaymentTransactions:
    """Writes payment transactions of one organization."""

    def __init__(self, web_api: WebApi, names: Names, reference_rows: ReferenceRows) -> None:
        self._web_api = web_api
        self._names = names
        self._reference_rows = reference_rows

    async def create(self, call: Call, fields: Fields) -> Receipt:
        """The row of this request id: created now, or found because it already was.

        Raises:
            Unreconciled: the row that is there says another amount.
            Rejected: the order it belongs to is not there, or a value is refused.
        """
        request_id = plain_key(
            values.required_text(fields, "requestid"), "requestid", REQUEST_ID_LENGTH
        )
        amount = values.required_money(fields, "amount")
        body = await self._body(call, fields, amount)
        address = by_key(self._names.payment_set, self._names.request_id, request_id)
        parts = [
            Part("PATCH", address, body, {"If-None-Match": "*"}),
            Part("GET", address),
        ]
        written, found = await self._web_api.batch(call, parts, write=True)
        if not written.done and written.code != DUPLICATE_KEY:
            what = f"The payment transaction {request_id}"
            raise self._web_api.refused(what, written, write=True)
        if found.status != 200:
            raise self._web_api.unread(f"the payment transaction {request_id}", found)
        return self._receipt(request_id, amount, found.row())

    async def _body(self, call: Call, fields: Fields, amount: Money) -> dict[str, Any]:
        own = self._names.own
        currency = await self._reference_rows.currency(call, amount.currency)
        title = f"{values.text(fields, 'type')} {values.text(fields, 'merchantreference')}"
        body: dict[str, Any] = {
            own("name"): title[:100],
            own("effectkey"): call.key,
            own("type"): _option(TYPES, fields, "type"),
            own("status"): _option(STATUSES, fields, "status"),
            own("amount"): amount.amount,
            own("amountexact"): amount.amount,
            own("isocurrency"): amount.currency,
            "transactioncurrencyid@odata.bind": f"/transactioncurrencies({currency.id})",
        }
        for name in ("merchantreference", "parentrequestid", "paymentmethod", "rawstatus"):
            text = values.text(fields, name)
            if text:
                body[own(name)] = text
        moment = values.instant(fields, "submittimeutc")
        if moment is not None:
            body[own("submittimeutc")] = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        order_id = values.text(fields, "salesorderid")
        if not order_id and fields.get("ordernumber"):
            order_id = (await find_order(self._web_api, call, fields)).id
        if order_id:
            body[f"{self._names.payment_order}@odata.bind"] = "/" + by_id("salesorders", order_id)
        return body

    def _receipt(self, request_id: str, amount: Money, row: dict[str, Any]) -> Receipt:
        kept = Decimal(row[self._names.own("amountexact")] or 0)
        currency = row[self._names.own("isocurrency")]
        if (kept, currency) != (amount.amount, amount.currency):
            raise Unreconciled(
                f"The payment transaction {request_id} is in Dynamics with {kept:f} {currency};"
                f" the payment system says {amount}.",
                reason="amounts_differ",
                next_step="Correct the row in Dynamics, or find out who wrote it.",
            )
        row_id = str(row[f"{self._names.payment_table}id"])
        return Receipt(
            references=(
                ExternalReference(self._web_api.connection, "payment_transaction", row_id),
            ),
            fields={"paymenttransactionid": row_id, "requestid": request_id},
        )


def _option(options: dict[str, int], fields: Fields, name: str) -> int:
    text = values.required_text(fields, name)
    if text not in options:
        raise Rejected(
            f"{text!r} is not a {name} of a payment transaction.",
            reason="bad_choice",
            next_step=f"Use one of {', '.join(options)}.",
        )
    return options[text]
