"""Invoicing: invoices, their delivery, payment and settings.

Source: REST API reference, Invoicing; the official client's models for states and events. An
invoice's total is what its lines, taxes, freight and discount come to; without lines it is as said.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import amount_at, at, text_at
from tillbridge_simulators.cybersource.listings import listing
from tillbridge_simulators.cybersource.page_sales import pay_by_page
from tillbridge_simulators.cybersource.shelf import merged

PATH = "/invoicing/v2/invoices"
_UNPAID = ("DRAFT", "CREATED", "SENT", "PARTIAL")
_LINKED = ("CREATED", "SENT", "PARTIAL", "PAID")


def create(ask: Ask) -> Answer:
    """POST: a draft, created without mail, or sent at once. Raises Refusal."""
    _check(ask, ask.document)
    number = at(ask.document, "invoiceInformation.invoiceNumber") or _next_number(ask)
    if ask.account.state.invoicing.invoices.find(str(number)):
        raise Refusal("DUPLICATE_REQUEST", ["invoiceInformation.invoiceNumber"])
    amounts = ask.document["orderInformation"]["amountDetails"]
    row = merged(
        ask.document,
        {
            "invoiceInformation": {"invoiceNumber": str(number), "sendImmediately": None},
            "orderInformation": {"amountDetails": {"balanceAmount": amounts["totalAmount"]}},
        },
    )
    made = utc_text(ask.account.now())
    row |= {"id": str(number), "status": "DRAFT", "_created": made, "_history": []}
    _note(ask.account, row, "CREATE")
    if at(ask.document, "invoiceInformation.deliveryMode") == "None":
        row["status"] = "CREATED"
    elif at(ask.document, "invoiceInformation.sendImmediately") in (True, "true"):
        row["status"] = "SENT"
        _note(ask.account, row, "SEND")
        _tell(ask.account, row, "send")
    return Answer(201, _kept(ask, row))


def get(ask: Ask) -> Answer:
    """GET {id}, with its history."""
    row = ask.account.state.invoicing.invoices.find(ask.id)
    if row is None:
        return not_found(ask.account.now())
    return Answer(200, _shown(ask, row) | {"invoiceHistory": row["_history"]})


def list_all(ask: Ask) -> Answer:
    """GET, by status."""
    status = ask.query.get("status")
    rows = [
        _summary(row)
        for row in ask.account.state.invoicing.invoices.where(
            lambda row: status in (None, row["status"])
        )
    ]
    return listing(ask, PATH, "invoices", rows, total="totalInvoices")


def update(ask: Ask) -> Answer:
    """PUT {id}: of one that nobody has paid."""
    row = _expect(ask, "DRAFT", "CREATED", "SENT")
    changed = merged(row, ask.document)
    _check(ask, changed)
    changed["invoiceInformation"]["invoiceNumber"] = row["id"]
    amounts = changed["orderInformation"]["amountDetails"]
    amounts["balanceAmount"] = amounts["totalAmount"]
    _note(ask.account, changed, "UPDATE")
    return Answer(200, _kept(ask, changed))


def send(ask: Ask) -> Answer:
    """POST {id}/delivery: by mail, again if need be."""
    row = _expect(ask, "DRAFT", "CREATED", "SENT", "PARTIAL")
    if not at(row, "customerInformation.email"):
        raise Refusal("MISSING_FIELD", ["customerInformation.email"])
    _note(ask.account, row, "RESEND" if row["status"] in ("SENT", "PARTIAL") else "SEND")
    row["status"] = "SENT" if row["status"] != "PARTIAL" else "PARTIAL"
    _tell(ask.account, row, "send")
    return Answer(200, _kept(ask, row))


def publish(ask: Ask) -> Answer:
    """POST {id}/publication: a link without a mail."""
    row = _expect(ask, "DRAFT")
    row["status"] = "CREATED"
    return Answer(200, _kept(ask, row))


def cancel(ask: Ask) -> Answer:
    """POST {id}/cancelation."""
    row = _expect(ask, "DRAFT", "CREATED", "SENT")
    return Answer(200, _kept(ask, _cancelled(ask.account, row)))


def get_settings(ask: Ask) -> Answer:
    """GET of the settings."""
    return Answer(200, {"submitTimeUtc": utc_text(ask.account.now())} | _settings(ask))


def put_settings(ask: Ask) -> Answer:
    """PUT of the settings: what is said changes."""
    ask.account.state.invoicing.settings = merged(_settings(ask), ask.document)
    return get_settings(ask)


def withdraw(account: Account, id_: str) -> None:
    """Somebody cancels it in the Business Center. Raises KeyError, ValueError."""
    row = account.state.invoicing.invoices.copy(id_)
    if row["status"] not in ("DRAFT", "CREATED", "SENT"):
        raise ValueError(f"the invoice {id_} is {row['status']}")
    account.state.invoicing.invoices.put(id_, _cancelled(account, row))


def pay(account: Account, id_: str, amount: Decimal, outcome: str = "authorized") -> str:
    """Somebody pays by the invoice's link; the payment's id. Raises KeyError, ValueError."""
    row = account.state.invoicing.invoices.copy(id_)
    amounts = row["orderInformation"]["amountDetails"]
    balance = Decimal(amounts["balanceAmount"])
    partly = at(row, "invoiceInformation.allowPartialPayments") in (True, "true")
    if row["status"] not in _UNPAID or row["status"] == "DRAFT":
        raise ValueError(f"the invoice {id_} is {row['status']}")
    if not 0 < amount <= balance or (amount < balance and not partly):
        raise ValueError(f"{amount} does not pay {balance}")
    answer = pay_by_page(account, id_, amount, amounts["currency"], outcome)
    paid = answer["status"] == "AUTHORIZED"
    if paid:
        amounts["balanceAmount"] = str(balance - amount)
        row["status"] = "PAID" if balance == amount else "PARTIAL"
    _note(account, row, "PAYMENT" if paid else "REJECTED", str(answer["id"]), str(amount))
    account.state.invoicing.invoices.put(id_, row)
    if paid:
        _tell(account, row, "paid" if row["status"] == "PAID" else "partial-payment")
    return str(answer["id"])


def _check(ask: Ask, document: Mapping[str, Any]) -> None:
    text_at(document, "invoiceInformation.description", length_max=2000, required=True)
    due = text_at(document, "invoiceInformation.dueDate", length_max=10, required=True)
    try:
        date.fromisoformat(due)  # a day that is over is taken: the official samples send one
    except ValueError:
        raise Refusal("INVALID_DATA", ["invoiceInformation.dueDate"]) from None
    total, _ = amount_at(document, "orderInformation.amountDetails", "totalAmount")
    least = at(document, "orderInformation.amountDetails.minimumPartialAmount")
    if least is not None and not Decimal(0) < Decimal(str(least)) <= total:
        raise Refusal("INVALID_DATA", ["orderInformation.amountDetails.minimumPartialAmount"])


def _cancelled(account: Account, row: dict[str, Any]) -> dict[str, Any]:
    row["status"] = "CANCELED"
    _note(account, row, "CANCEL")
    _tell(account, row, "cancel")
    return row


def _next_number(ask: Ask) -> str:
    invoicing = ask.account.state.invoicing
    invoicing.numbers += 1
    return f"INV{invoicing.numbers:08d}"


def _settings(ask: Ask) -> dict[str, Any]:
    return ask.account.state.invoicing.settings or {
        "invoiceSettingsInformation": {
            "merchantDisplayName": ask.account.options.merchant_id,
            "enableReminders": True,
            "defaultCurrencyCode": "USD",
        }
    }


def _expect(ask: Ask, *statuses: str) -> dict[str, Any]:
    row = ask.account.state.invoicing.invoices.find(ask.ids["id"])
    if row is None:
        raise Refusal("INVALID_DATA", ["id"])
    if row["status"] not in statuses:
        raise Refusal("NOT_SUPPORTED", ["status"])
    return row


def _kept(ask: Ask, row: dict[str, Any]) -> dict[str, Any]:
    ask.account.state.invoicing.invoices.put(row["id"], row)
    return _shown(ask, row)


def _note(
    account: Account, row: dict[str, Any], event: str, payment_id: str = "", amount: str = ""
) -> None:
    entry: dict[str, Any] = {"event": event, "date": utc_text(account.now())}
    if payment_id:
        entry["transactionDetails"] = {"transactionId": payment_id, "amount": amount}
    row["_history"] = [*row["_history"], entry]


def _tell(account: Account, row: Mapping[str, Any], what: str) -> None:
    """A notification, flat as the guide's example of one (Example: Notification Payload)."""
    amounts, customer = row["orderInformation"]["amountDetails"], row.get("customerInformation", {})
    event_type = f"invoicing.customer.invoice.{what}"
    told = {
        "eventType": event_type,
        "organizationID": account.options.merchant_id,
        "merchantName": account.options.merchant_id,
        "invoiceNumber": row["id"],
        "dueDate": row["invoiceInformation"]["dueDate"],
        "currency": amounts["currency"],
        "balanceAmount": str(amounts["balanceAmount"]),
        "invoiceBalance": str(amounts["balanceAmount"]),
        "payerName": customer.get("name", ""),
        "emailTo": customer.get("email", ""),
        "invoiceUrl": f"https://pay.example.com/invoices/{row['id']}",
    }
    account.tell(event_type, str(row["id"]), {"data": told})


def _shown(ask: Ask, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    if row["status"] in _LINKED:
        link = f"https://pay.example.com/invoices/{row['id']}"
        shown = merged(shown, {"invoiceInformation": {"paymentLink": link}})
    return shown | {
        "_links": {
            "self": {"href": f"{PATH}/{row['id']}", "method": "GET"},
            "deliver": {"href": f"{PATH}/{row['id']}/delivery", "method": "POST"},
            "cancel": {"href": f"{PATH}/{row['id']}/cancelation", "method": "POST"},
        },
        "submitTimeUtc": utc_text(ask.account.now()),
    }


def _summary(row: Mapping[str, Any]) -> dict[str, Any]:
    amounts = row["orderInformation"]["amountDetails"]
    customer, information = row.get("customerInformation", {}), row["invoiceInformation"]
    dates = ("dueDate", "expirationDate")
    return {
        "_links": {"self": {"href": f"{PATH}/{row['id']}", "method": "GET"}},
        "id": row["id"],
        "status": row["status"],
        "createdDate": row["_created"],
        "customerInformation": {"name": customer.get("name", "")},
        "invoiceInformation": {name: information[name] for name in dates if name in information},
        "orderInformation": {
            "amountDetails": {name: amounts[name] for name in ("totalAmount", "currency")}
        },
    }


OFFERS = (
    Offer("invoices.create_invoice", "invoice", create),
    Offer("invoices.get_invoice", "invoice_read", get),
    Offer("invoices.get_all_invoices", "invoice_list", list_all),
    Offer("invoices.update_invoice", "invoice_update", update),
    Offer("invoices.perform_send_action", "invoice_delivery", send),
    Offer("invoices.perform_publish_action", "invoice_publication", publish),
    Offer("invoices.perform_cancel_action", "invoice_cancellation", cancel),
    Offer("invoice_settings.get_invoice_settings", "invoice_settings_read", get_settings),
    Offer("invoice_settings.update_invoice_settings", "invoice_settings", put_settings),
)
