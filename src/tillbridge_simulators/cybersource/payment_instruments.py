"""Token Management Offer: payment instruments, alone and of a customer.

Source: REST API reference, Token Management, Payment Instrument and Customer Payment Instrument. A
customer's first instrument is his default; the default cannot be deleted while there are others.
"""

from collections.abc import Iterator
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.identifiers import identified
from tillbridge_simulators.cybersource.shelf import merged
from tillbridge_simulators.cybersource.token_answers import (
    TokenRefusal,
    found_on,
    listed,
    metadata,
    missing,
    new_token_id,
)

ALONE = "/tms/v1/paymentinstruments"


def create(ask: Ask) -> Answer:
    """POST, alone or under a customer. Raises TokenRefusal."""
    customer_id = ask.ids.get("customerId", "")
    if customer_id:
        found_on(ask.account.state.vault.customers, customer_id)
    identifier_id = _identifier(ask)
    id_ = new_token_id()
    first = customer_id and not any(of_customer(ask, customer_id))
    row = {
        **{name: value for name, value in ask.document.items() if not name.startswith("_")},
        "id": id_,
        "object": "paymentInstrument",
        "state": "ACTIVE",
        "instrumentIdentifier": {"id": identifier_id},
        "metadata": metadata(ask),
        "_links": _links(id_, customer_id, identifier_id),
    }
    row["default"] = bool(first or at(ask.document, "default") in (True, "true"))
    if customer_id:
        row["_customer"] = customer_id
    ask.account.tokens.put(id_, ask.account.tokens.known(identifier_id))
    ask.account.state.vault.instruments.put(id_, row)
    if customer_id and row["default"]:
        make_default(ask, customer_id, id_)
    return Answer(201, _shown(ask, id_))


def get(ask: Ask) -> Answer:
    """GET {id}."""
    _row(ask)
    return Answer(200, _shown(ask, ask.id))


def patch(ask: Ask) -> Answer:
    """PATCH {id}: what is said, nothing else."""
    row = _row(ask)
    change = {name: value for name, value in ask.document.items() if not name.startswith("_")}
    if "instrumentIdentifier" in change or at(ask.document, "_embedded.instrumentIdentifier"):
        identifier_id = _identifier(ask)
        change["instrumentIdentifier"] = {"id": identifier_id}
        ask.account.tokens.put(ask.id, ask.account.tokens.known(identifier_id))
    fixed = {name: row[name] for name in ("id", "object", "metadata", "_links")}
    ask.account.state.vault.instruments.put(ask.id, merged(row, change) | fixed)
    if row.get("_customer") and change.get("default") in (True, "true"):
        make_default(ask, row["_customer"], ask.id)
    return Answer(200, _shown(ask, ask.id))


def delete(ask: Ask) -> Answer:
    """DELETE {id}: not a customer's default while he has others."""
    row = _row(ask)
    customer_id = row.get("_customer", "")
    if customer_id and row["default"] and len(list(of_customer(ask, customer_id))) > 1:
        raise TokenRefusal(409, "conflict", "Action cannot be performed as the PaymentInstrument"
                           " is the customers default")  # fmt: skip
    ask.account.state.vault.instruments.drop(ask.id)
    ask.account.tokens.drop(ask.id)
    if customer_id and row["default"]:
        customer = found_on(ask.account.state.vault.customers, customer_id)
        customer.pop("defaultPaymentInstrument", None)
        ask.account.state.vault.customers.put(customer_id, customer)
        ask.account.tokens.drop(customer_id)
    return Answer(204, {})


def of_one_customer(ask: Ask) -> Answer:
    """GET of a customer's list."""
    customer_id = ask.ids["customerId"]
    found_on(ask.account.state.vault.customers, customer_id)
    rows = [_shown(ask, row["id"]) for row in of_customer(ask, customer_id)]
    path = f"/tms/v2/customers/{customer_id}/payment-instruments"
    return listed(ask, path, "paymentInstruments", rows)


def of_customer(ask: Ask, customer_id: str) -> Iterator[dict[str, Any]]:
    """His instruments, oldest first."""
    return ask.account.state.vault.instruments.where(
        lambda row: row.get("_customer") == customer_id
    )


def make_default(ask: Ask, customer_id: str, id_: str) -> None:
    """This one pays where only the customer is named."""
    shelf = ask.account.state.vault.instruments
    for row in of_customer(ask, customer_id):
        shelf.put(row["id"], row | {"default": row["id"] == id_})
    customer = found_on(ask.account.state.vault.customers, customer_id)
    customer["defaultPaymentInstrument"] = {"id": id_}
    ask.account.state.vault.customers.put(customer_id, customer)
    ask.account.tokens.put(customer_id, ask.account.tokens.known(id_))


def _identifier(ask: Ask) -> str:
    given = at(ask.document, "instrumentIdentifier.id")
    embedded = at(ask.document, "_embedded.instrumentIdentifier")
    if given:
        found_on(ask.account.state.vault.identifiers, str(given))
        return str(given)
    if embedded is None:
        raise missing("instrumentIdentifier.id")
    return identified(ask, embedded)


def _row(ask: Ask) -> dict[str, Any]:
    row = found_on(ask.account.state.vault.instruments, ask.id)
    if row.get("_customer", "") != ask.ids.get("customerId", row.get("_customer", "")):
        raise TokenRefusal(404, "notFound", "Token not found")
    return row


def _shown(ask: Ask, id_: str) -> dict[str, Any]:
    row = ask.account.state.vault.instruments.copy(id_)
    row.pop("_customer", None)
    identifier = ask.account.state.vault.identifiers.find(row["instrumentIdentifier"]["id"])
    return row | ({"_embedded": {"instrumentIdentifier": identifier}} if identifier else {})


def _links(id_: str, customer_id: str, identifier_id: str) -> dict[str, Any]:
    links = {"self": {"href": f"{ALONE}/{id_}"}}
    if customer_id:
        customer = f"/tms/v2/customers/{customer_id}"
        links["self"] = {"href": f"{customer}/payment-instruments/{id_}"}
        links["customer"] = {"href": customer}
    links["instrumentIdentifier"] = {"href": f"/tms/v1/instrumentidentifiers/{identifier_id}"}
    return links


OFFERS = (
    Offer("payment_instrument.post_payment_instrument", "payment_instrument", create),
    Offer("payment_instrument.get_payment_instrument", "payment_instrument_read", get),
    Offer("payment_instrument.patch_payment_instrument", "payment_instrument_update", patch),
    Offer("payment_instrument.delete_payment_instrument", "payment_instrument_deletion", delete),
    Offer(
        "customer_payment_instrument.post_customer_payment_instrument", "payment_instrument", create
    ),
    Offer(
        "customer_payment_instrument.get_customer_payment_instrument",
        "payment_instrument_read",
        get,
    ),
    Offer(
        "customer_payment_instrument.patch_customers_payment_instrument",
        "payment_instrument_update",
        patch,
    ),
    Offer(
        "customer_payment_instrument.delete_customer_payment_instrument",
        "payment_instrument_deletion",
        delete,
    ),
    Offer(
        "customer_payment_instrument.get_customer_payment_instruments_list",
        "payment_instruments",
        of_one_customer,
    ),
)
