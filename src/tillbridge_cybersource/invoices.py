"""Invoicing: invoices are made, changed, sent, published, cancelled, read and listed.

Sources: Invoicing Developer Guide ("Invoice Numbers": unique, and the id of all that follows;
"Send an Invoice"); REST API reference, Invoicing; docs/systems/cybersource.md for what is not said.

An invoice's number is its natural key: made again, it is refused, and what is there is compared.
Changes, publications and cancellations may be sent again. A mail may not: whether it left is read
from the invoice's history.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.invoices import InvoiceState
from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Poll, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.billing_states import INVOICE_STATES, state_of
from tillbridge_cybersource.invoice_documents import (
    INVOICE,
    INVOICE_CANCELLATION,
    INVOICE_DELIVERY,
    INVOICE_PUBLICATION,
    INVOICE_SETTINGS,
    INVOICE_UPDATE,
    NUMBER,
    changed_invoice,
    changed_settings,
    new_invoice,
)
from tillbridge_cybersource.kept import Body, Kept
from tillbridge_cybersource.observations import instant, money_of, part, text_of
from tillbridge_cybersource.operations import reading_success
from tillbridge_cybersource.walks import walked

CALLS = frozenset(
    {
        *("invoices.create_invoice", "invoices.get_invoice", "invoices.get_all_invoices"),
        *("invoices.update_invoice", "invoices.perform_send_action"),
        *("invoices.perform_publish_action", "invoices.perform_cancel_action"),
        *("invoice_settings.get_invoice_settings", "invoice_settings.update_invoice_settings"),
    }
)
PATH: Final = "/invoicing/v2/invoices"
SETTINGS_PATH: Final = "/invoicing/v2/invoiceSettings"
GIVES: Final = (
    *("number", "status", "state", "amount", "currency", "balance", "due_on", "expires_on"),
    *("customer_id", "customer_name", "payment_link", "payment_id", "created_at"),
)
_SENT_EVENTS: Final = frozenset({"SEND", "RESEND", "SENT", "RESENT"})
_PAYABLE: Final = frozenset(
    {InvoiceState.OPEN, InvoiceState.SENT, InvoiceState.PARTLY_PAID, InvoiceState.PAID}
)
_CLOCKS_APART: Final = timedelta(seconds=5)
"""History has whole seconds, and clocks differ."""


class Invoices:
    """The writes, reads and the poll about invoices."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        shape = DocumentShape(
            "invoices",
            "Invoices of the account",
            (Field("status", "choice", "Only these", options=_narrowed()),),
        )
        self.poll: Poll = walked(kept, shape, GIVES, _row, {"status": "status"})
        self.writes = (
            Write(INVOICE, "natural_key", self._make),
            Write(INVOICE_UPDATE, "natural_key", self._update),
            Write(INVOICE_DELIVERY, "find", self._deliver, find=self._find_delivery),
            Write(INVOICE_PUBLICATION, "natural_key", self._publish),
            Write(INVOICE_CANCELLATION, "natural_key", self._cancel),
            Write(INVOICE_SETTINGS, "natural_key", self._set),
        )
        one = DocumentShape("invoice", "An invoice as it stands", (NUMBER,))
        self.reads = (
            Read("invoice", one, self._read),
            Read(
                "invoice_settings",
                DocumentShape("invoice_settings", "Settings of all invoices", ()),
                self._read_settings,
            ),
        )

    async def _make(self, call: Call, fields: Fields) -> Receipt:
        document = new_invoice(fields)
        number = values.required_text(fields, "number")
        body = await self._kept.make(call, document, number, lambda there: _same(there, fields))
        return self._written(body, number)

    async def _update(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        answer = await self._kept.change(
            call,
            self._kept.at(number),
            changed_invoice(fields),
            method="PUT",
            doing=f"Changing the invoice {number}",
        )
        return self._written(answer.body, number)

    async def _deliver(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        path = self._kept.at(number, "delivery")
        answer = await self._kept.change(call, path, {}, doing=f"Sending the invoice {number}")
        return self._written(answer.body, number)

    async def _find_delivery(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """Found when the history shows a mail since then, whoever sent it."""
        number = values.required_text(fields, "number")
        body = await self._kept.expect(call, number)
        mailed = any(
            text_of(entry, "event").upper() in _SENT_EVENTS
            and instant(text_of(entry, "date")) >= sent_at - _CLOCKS_APART
            for entry in body.get("invoiceHistory") or ()
        )
        receipt = self._receipt(body, number) if mailed else None
        return self._kept.finding(call, receipt, sent_at)

    async def _publish(self, call: Call, fields: Fields) -> Receipt:
        return await self._turned(call, fields, "publication", "Publishing", _PAYABLE)

    async def _cancel(self, call: Call, fields: Fields) -> Receipt:
        wanted = frozenset({InvoiceState.CANCELLED})
        return await self._turned(call, fields, "cancelation", "Cancelling", wanted)

    async def _turned(
        self, call: Call, fields: Fields, step: str, doing: str, wanted: frozenset[InvoiceState]
    ) -> Receipt:
        number = values.required_text(fields, "number")
        body = await self._kept.turn(
            call,
            number,
            self._kept.at(number, step),
            lambda there: INVOICE_STATES.get(text_of(there, "status")) in wanted,
            f"{doing} the invoice {number}",
        )
        return self._written(body, number)

    async def _set(self, call: Call, fields: Fields) -> Receipt:
        wanted = changed_settings(fields)
        answer = await self._kept.change(
            call,
            SETTINGS_PATH,
            {"invoiceSettingsInformation": wanted},
            method="PUT",
            doing="Changing the settings of invoices",
        )
        shown = part(answer.body, "invoiceSettingsInformation")
        if "status" in answer.body or any(shown.get(name) != it for name, it in wanted.items()):
            raise self._kept.odd(text_of(answer.body, "status") or "other settings than were sent")
        return self._kept.receipt("settings", _settings(shown))

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        number = values.required_text(fields, "number")
        return self._receipt(await self._kept.expect(call, number), number)

    async def _read_settings(self, call: Call, _: Fields) -> Receipt:
        answer = await self._kept.exchange.read(call, SETTINGS_PATH)
        if answer.status != 200:
            raise self._kept.missing("settings")
        return self._kept.receipt(
            "settings", _settings(part(answer.body, "invoiceSettingsInformation"))
        )

    def _written(self, body: Body, number: str) -> Receipt:
        """The receipt of a success; a form or a word nobody knows leaves it open."""
        status = text_of(body, "status")
        if status.upper() not in INVOICE_STATES:
            raise self._kept.odd(status)
        with reading_success(self._kept.exchange.name):
            return self._receipt(body, number)

    def _receipt(self, body: Body, number: str) -> Receipt:
        status = text_of(body, "status")
        state = state_of(INVOICE_STATES, status, f"invoice {number}")
        return self._kept.receipt(number, {**_shown(body), "state": state})


def _same(there: Body, fields: Fields) -> bool:
    """Whether the invoice under this number is the one that was asked for."""
    amounts = part(there, "orderInformation", "amountDetails")
    information = part(there, "invoiceInformation")
    try:
        total = money_of(amounts, "totalAmount")
    except Rejected:
        return False
    return total == values.required_money(fields, "total") and text_of(
        information, "description"
    ) == values.text(fields, "description")


def _row(body: Body) -> Mapping[str, str]:
    """A row of the list; a status nobody knows is shown as "unknown" and holds up no other."""
    state = INVOICE_STATES.get(text_of(body, "status").upper())
    return dict.fromkeys(GIVES, "") | _shown(body) | {"state": state or "unknown"}


def _shown(body: Body) -> dict[str, str]:
    amounts = part(body, "orderInformation", "amountDetails")
    information, customer = part(body, "invoiceInformation"), part(body, "customerInformation")
    balance: Money | None = money_of(
        {"balance": amounts.get("balanceAmount"), "currency": amounts.get("currency")}, "balance"
    )
    total = money_of(amounts, "totalAmount")
    return {
        "number": text_of(information, "invoiceNumber") or text_of(body, "id"),
        "status": text_of(body, "status"),
        "amount": total.text if total is not None else "",
        "currency": text_of(amounts, "currency"),
        "balance": balance.text if balance is not None else "",
        "due_on": text_of(information, "dueDate"),
        "expires_on": text_of(information, "expirationDate"),
        "customer_id": text_of(customer, "merchantCustomerId"),
        "customer_name": text_of(customer, "name"),
        "payment_link": text_of(information, "paymentLink"),
        "payment_id": _last_payment(body),
        "created_at": text_of(body, "createdDate"),
    }


def _last_payment(body: Body) -> str:
    """The id of the newest payment that its history shows."""
    paid = [
        part(entry, "transactionDetails")
        for entry in body.get("invoiceHistory") or ()
        if text_of(entry, "event").upper() == "PAYMENT"
    ]
    return text_of(paid[-1], "transactionId") if paid else ""


def _settings(shown: Body) -> Mapping[str, str]:
    return {name: _as_text(value) for name, value in shown.items() if not isinstance(value, dict)}


def _as_text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _narrowed() -> tuple[str, ...]:
    """The statuses that a list may be narrowed to, in small letters."""
    return tuple(status.lower() for status in INVOICE_STATES if status != "CANCELLED")
