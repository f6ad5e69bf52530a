"""Invoices, their settings, and payment links."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_NOBODY = "NONE0"


def _invoice(it: Script, total: str = "100.00", **information: Any) -> dict[str, Any]:
    number = it.new("I").upper()[:20]
    said = {"description": "Work", "dueDate": "2099-01-31", "invoiceNumber": number}
    return {
        "customerInformation": {"name": "Maya Ortiz", "email": "maya@example.com"},
        "invoiceInformation": said | information,
        "orderInformation": {"amountDetails": {"totalAmount": total, "currency": "USD"}},
    }


def _life(it: Script) -> None:
    id_ = it.do("invoices.create_invoice", _invoice(it))["id"]
    it.refused("invoices.create_invoice", 400, "INVALID_DATA", _invoice(it, dueDate="soon"))
    change = _invoice(it, "90.00")
    it.do("invoices.update_invoice", change, id=id_)
    place = "orderInformation.amountDetails.totalAmount"
    it.shows("invoices.get_invoice", {place: "90.00", "status": "DRAFT"}, id=id_)
    it.refused("invoices.update_invoice", 400, "INVALID_DATA", change, id=_NOBODY)
    it.refused("invoices.get_invoice", 404, "NOT_FOUND", id=_NOBODY)
    for verb, status in (("publish", "CREATED"), ("send", "SENT"), ("cancel", "CANCELED")):
        key = f"invoices.perform_{verb}_action"
        it.do(key, id=id_)
        it.shows("invoices.get_invoice", {"status": status, "id": id_}, id=id_)
        it.refused(key, 400, "INVALID_DATA", id=_NOBODY)
    it.refused("invoices.perform_send_action", 400, "NOT_SUPPORTED", id=id_)


def _list(it: Script) -> None:
    it.do("invoices.create_invoice", _invoice(it))
    page = {"offset": "0", "limit": "5"}
    wanted = {"invoices.0.id": ANY, "invoices.0.status": "DRAFT", "totalInvoices": ANY}
    it.shows("invoices.get_all_invoices", wanted, status="DRAFT", **page)
    it.refused("invoices.get_all_invoices", 400, "INVALID_DATA", offset="0", limit="0")


def _settings(it: Script) -> None:
    part, key = "invoiceSettingsInformation", "invoice_settings.update_invoice_settings"
    before = it.shows("invoice_settings.get_invoice_settings", {f"{part}.defaultCurrencyCode": ANY})
    was = before[part].get("enableReminders", True)
    it.do(key, {part: {"enableReminders": not was}})
    it.shows("invoice_settings.get_invoice_settings", {f"{part}.enableReminders": not was})
    it.do(key, {part: {"enableReminders": was}})
    it.refused(key, 400, "INVALID_DATA", {part: {"enableReminders": "perhaps"}})
    it.knows_nobody_else("invoice_settings.get_invoice_settings")


def _defined(it: Script) -> None:
    for way, type_ in (("", "Invoice"), ("pbl_", "Purchase")):
        noun, label = "merchant_defined_fields", it.new("field")
        listed = f"{noun}.get_{way}merchant_defined_fields_definitions"
        changed = f"{noun}.put_{way}merchant_defined_fields_definitions"
        removed = f"{noun}.delete_{way}merchant_defined_fields_definitions"
        made = f"{noun}.create_{way}merchant_defined_field_definition"
        document = {"fieldType": "text", "label": label}
        it.do(made, document, referenceType=type_)
        rows = it.shows(listed, {"0.id": ANY}, referenceType=type_)
        id_ = next(row["id"] for row in rows if row["label"] == label)
        it.refused(made, 400, "MISSING_FIELD", {"fieldType": "text"}, referenceType=type_)
        change = {"fieldType": "select", "label": label, "possibleValues": "red,blue"}
        it.do(changed, change, referenceType=type_, id=id_)
        it.shows(listed, {f"label={label}.fieldType": "select"}, referenceType=type_)
        it.refused(changed, 400, "INVALID_DATA", change, referenceType=type_, id="999999999")
        it.do(removed, referenceType=type_, id=id_)
        it.shows(listed, {f"label={label}": None}, referenceType=type_)
        it.refused(removed, 400, "INVALID_DATA", referenceType=type_, id=id_)
        it.refused(listed, 400, "INVALID_DATA", referenceType="Nothing")


def _links(it: Script) -> None:
    document = {
        "processingInformation": {"linkType": "PURCHASE"},
        "purchaseInformation": {"purchaseNumber": it.new("L").replace("-", "").upper()[:20]},
        "orderInformation": {
            "amountDetails": {"totalAmount": "25.00", "currency": "USD"},
            "lineItems": [{"productName": "Tea", "quantity": "1", "unitPrice": "25.00"}],
        },
    }
    id_ = it.do("payment_links.create_payment_link", document)["id"]
    it.refused("payment_links.create_payment_link", 400, "DUPLICATE_REQUEST", document)
    it.do("payment_links.update_payment_link", {"status": "INACTIVE"}, id=id_)
    it.shows("payment_links.get_payment_link", {"status": "INACTIVE", "id": id_}, id=id_)
    it.refused("payment_links.update_payment_link", 400, "INVALID_DATA", {"status": "GONE"}, id=id_)
    it.refused("payment_links.get_payment_link", 404, "NOT_FOUND", id=_NOBODY)
    page = {"offset": "0", "limit": "5"}
    wanted = {"links.0.status": "INACTIVE", "totalLinks": ANY}
    it.shows("payment_links.get_all_payment_links", wanted, status="INACTIVE", **page)
    it.refused("payment_links.get_all_payment_links", 400, "INVALID_DATA", offset="0", limit="0")


ROWS = (
    row(
        _defined,
        *(
            f"merchant_defined_fields.{verb}_{way}merchant_defined_field{noun}"
            for way in ("", "pbl_")
            for verb, noun in (
                ("create", "_definition"),
                ("get", "s_definitions"),
                ("put", "s_definitions"),
                ("delete", "s_definitions"),
            )
        ),
    ),
    row(
        _life,
        "invoices.create_invoice",
        "invoices.get_invoice",
        "invoices.update_invoice",
        "invoices.perform_publish_action",
        "invoices.perform_send_action",
        "invoices.perform_cancel_action",
    ),
    row(_list, "invoices.get_all_invoices"),
    row(
        _settings,
        "invoice_settings.get_invoice_settings",
        "invoice_settings.update_invoice_settings",
    ),
    row(
        _links,
        "payment_links.create_payment_link",
        "payment_links.get_payment_link",
        "payment_links.get_all_payment_links",
        "payment_links.update_payment_link",
    ),
)
