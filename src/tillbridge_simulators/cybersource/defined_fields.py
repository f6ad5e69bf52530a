"""Merchant-defined fields of invoices and links: what is asked or shown beside the amount.

Source: REST API reference, Merchant Defined Fields; the official client's models and its notes
(reference types Invoice, Purchase, Donation, and PayByLink for both of the latter; a select needs
its possible values).
"""

from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, listing
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import text_at

TYPES = ("Invoice", "Purchase", "Donation")


def create(ask: Ask) -> Answer:
    """POST: a new one; answers with all of its type. Raises Refusal."""
    kind = _type(ask)
    said = _checked(ask)
    invoicing = ask.account.state.invoicing
    invoicing.numbers += 1
    fixed = {"id": str(invoicing.numbers), "referenceType": kind}
    merchant = {"merchantId": ask.account.options.merchant_id}
    invoicing.fields.put(fixed["id"], said | fixed | merchant)
    return listing(_of(ask, kind))


def list_all(ask: Ask) -> Answer:
    """GET of one type, or of both kinds of links."""
    return listing(_of(ask, _type(ask, more=("PayByLink",))))


def replace(ask: Ask) -> Answer:
    """PUT {id}: the whole of it. Raises Refusal."""
    row = _expect(ask)
    fixed = {name: row[name] for name in ("id", "referenceType", "merchantId")}
    ask.account.state.invoicing.fields.put(row["id"], _checked(ask) | fixed)
    return listing(_of(ask, row["referenceType"]))


def delete(ask: Ask) -> Answer:
    """DELETE {id}. Raises Refusal."""
    ask.account.state.invoicing.fields.drop(_expect(ask)["id"])
    return Answer(204)


def _type(ask: Ask, more: tuple[str, ...] = ()) -> str:
    kind = ask.ids["referenceType"]
    if kind not in (*TYPES, *more):
        raise Refusal("INVALID_DATA", ["referenceType"])
    return kind


def _of(ask: Ask, kind: str) -> list[dict[str, Any]]:
    kinds = ("Purchase", "Donation") if kind == "PayByLink" else (kind,)
    fields = ask.account.state.invoicing.fields
    return list(fields.where(lambda row: row["referenceType"] in kinds))


def _expect(ask: Ask) -> dict[str, Any]:
    row = ask.account.state.invoicing.fields.find(ask.ids["id"])
    if row is None or row["referenceType"] != _type(ask):
        raise Refusal("INVALID_DATA", ["id"])
    return row


def _checked(ask: Ask) -> dict[str, Any]:
    text_at(ask.document, "label", length_max=255, required=True)
    kind = text_at(ask.document, "fieldType", length_max=10, required=True)
    if kind not in ("text", "select"):
        raise Refusal("INVALID_DATA", ["fieldType"])
    if kind == "select":
        text_at(ask.document, "possibleValues", length_max=2000, required=True)
    return dict(ask.document)


_NOUN = "merchant_defined_fields"
OFFERS = (
    Offer(f"{_NOUN}.create_merchant_defined_field_definition", "defined_field", create),
    Offer(f"{_NOUN}.create_pbl_merchant_defined_field_definition", "defined_field", create),
    Offer(f"{_NOUN}.get_merchant_defined_fields_definitions", "defined_field_list", list_all),
    Offer(f"{_NOUN}.get_pbl_merchant_defined_fields_definitions", "defined_field_list", list_all),
    Offer(f"{_NOUN}.put_merchant_defined_fields_definitions", "defined_field_update", replace),
    Offer(f"{_NOUN}.put_pbl_merchant_defined_fields_definitions", "defined_field_update", replace),
    Offer(f"{_NOUN}.delete_merchant_defined_fields_definitions", "defined_field_deletion", delete),
    Offer(
        f"{_NOUN}.delete_pbl_merchant_defined_fields_definitions", "defined_field_deletion", delete
    ),
)
