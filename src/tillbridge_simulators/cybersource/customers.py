"""Token Management Offer: customers and their shipping addresses.

Source: REST API reference, Token Management, Customer and Customer Shipping Address. The first
address is the default; the default cannot be deleted while there are others. The link to the
addresses is shippingAddress in the official client's model, shippingAddresses in recorded answers.
"""

from collections.abc import Iterator
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.payment_instruments import make_default, of_customer
from tillbridge_simulators.cybersource.shelf import merged
from tillbridge_simulators.cybersource.token_answers import (
    TokenRefusal,
    found_on,
    invalid,
    listed,
    metadata,
    missing,
    new_token_id,
)

PATH = "/tms/v2/customers"
_FIXED = ("id", "metadata", "_links")


def create(ask: Ask) -> Answer:
    """POST /tms/v2/customers."""
    id_ = new_token_id()
    row = {
        **_said(ask),
        "id": id_,
        "metadata": metadata(ask),
        "_links": {
            "self": {"href": f"{PATH}/{id_}"},
            "paymentInstruments": {"href": f"{PATH}/{id_}/payment-instruments"},
            "shippingAddress": {"href": f"{PATH}/{id_}/shipping-addresses"},
            "shippingAddresses": {"href": f"{PATH}/{id_}/shipping-addresses"},
        },
    }
    return Answer(201, ask.account.state.vault.customers.put(id_, row))


def get(ask: Ask) -> Answer:
    """GET /tms/v2/customers/{id}."""
    return Answer(200, found_on(ask.account.state.vault.customers, ask.id))


def patch(ask: Ask) -> Answer:
    """PATCH; a default must be one of his own."""
    row = found_on(ask.account.state.vault.customers, ask.id)
    default = at(ask.document, "defaultPaymentInstrument.id")
    if default and all(one["id"] != default for one in of_customer(ask, ask.id)):
        raise invalid("defaultPaymentInstrument.id")
    address = at(ask.document, "defaultShippingAddress.id")
    if address and all(one["id"] != address for one in _addresses(ask)):
        raise invalid("defaultShippingAddress.id")
    fixed = {name: row[name] for name in _FIXED}
    ask.account.state.vault.customers.put(ask.id, merged(row, _said(ask)) | fixed)
    if default:
        make_default(ask, ask.id, default)
    return get(ask)


def delete(ask: Ask) -> Answer:
    """DELETE: with his instruments and addresses."""
    vault = ask.account.state.vault
    found_on(vault.customers, ask.id)
    for one in of_customer(ask, ask.id):
        vault.instruments.drop(one["id"])
        ask.account.tokens.drop(one["id"])
    for one in _addresses(ask):
        vault.addresses.drop(one["id"])
    vault.customers.drop(ask.id)
    ask.account.tokens.drop(ask.id)
    return Answer(204, {})


def create_address(ask: Ask) -> Answer:
    """POST /tms/v2/customers/{id}/shipping-addresses."""
    customer_id = ask.ids["customerId"]
    found_on(ask.account.state.vault.customers, customer_id)
    if not at(ask.document, "shipTo"):
        raise missing("shipTo")
    id_ = new_token_id()
    is_default = at(ask.document, "default") in (True, "true") or not any(_addresses(ask))
    customer = f"{PATH}/{customer_id}"
    row = {
        **_said(ask),
        "id": id_,
        "default": False,
        "metadata": metadata(ask),
        "_links": {
            "self": {"href": f"{customer}/shipping-addresses/{id_}"},
            "customer": {"href": customer},
        },
        "_customer": customer_id,
    }
    ask.account.state.vault.addresses.put(id_, row)
    if is_default:
        _make_default_address(ask, customer_id, id_)
    return Answer(201, _shown(ask.account.state.vault.addresses.copy(id_)))


def get_address(ask: Ask) -> Answer:
    """GET of one address."""
    return Answer(200, _shown(_address(ask)))


def list_addresses(ask: Ask) -> Answer:
    """GET of a customer's addresses."""
    customer_id = ask.ids["customerId"]
    found_on(ask.account.state.vault.customers, customer_id)
    path = f"{PATH}/{customer_id}/shipping-addresses"
    return listed(ask, path, "shippingAddresses", [_shown(row) for row in _addresses(ask)])


def patch_address(ask: Ask) -> Answer:
    """PATCH of one address."""
    row = _address(ask)
    fixed = {name: row[name] for name in (*_FIXED, "_customer", "default")}
    ask.account.state.vault.addresses.put(ask.id, merged(row, _said(ask)) | fixed)
    if at(ask.document, "default") in (True, "true"):
        _make_default_address(ask, row["_customer"], ask.id)
    return get_address(ask)


def delete_address(ask: Ask) -> Answer:
    """DELETE of one address: not the default while there are others."""
    row = _address(ask)
    if row["default"] and len(list(_addresses(ask))) > 1:
        raise TokenRefusal(409, "conflict", "Action cannot be performed as the ShippingAddress is"
                           " the customers default")  # fmt: skip
    ask.account.state.vault.addresses.drop(ask.id)
    if row["default"]:
        customer = found_on(ask.account.state.vault.customers, row["_customer"])
        customer.pop("defaultShippingAddress", None)
        ask.account.state.vault.customers.put(row["_customer"], customer)
    return Answer(204, {})


def _make_default_address(ask: Ask, customer_id: str, id_: str) -> None:
    shelf = ask.account.state.vault.addresses
    for row in _addresses(ask):
        shelf.put(row["id"], row | {"default": row["id"] == id_})
    customer = found_on(ask.account.state.vault.customers, customer_id)
    customer["defaultShippingAddress"] = {"id": id_}
    ask.account.state.vault.customers.put(customer_id, customer)


def _address(ask: Ask) -> dict[str, Any]:
    row = found_on(ask.account.state.vault.addresses, ask.id)
    if row["_customer"] != ask.ids["customerId"]:
        raise TokenRefusal(404, "notFound", "Token not found")
    return row


def _addresses(ask: Ask) -> Iterator[dict[str, Any]]:
    customer_id = ask.ids["customerId"]
    return ask.account.state.vault.addresses.where(lambda row: row["_customer"] == customer_id)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "_customer"}


def _said(ask: Ask) -> dict[str, Any]:
    return {name: value for name, value in ask.document.items() if not name.startswith("_")}


OFFERS = (
    Offer("customer.post_customer", "customer_token", create),
    Offer("customer.get_customer", "customer_token_read", get),
    Offer("customer.patch_customer", "customer_token_update", patch),
    Offer("customer.delete_customer", "customer_token_deletion", delete),
    Offer(
        "customer_shipping_address.post_customer_shipping_address",
        "shipping_address",
        create_address,
    ),
    Offer(
        "customer_shipping_address.get_customer_shipping_address",
        "shipping_address_read",
        get_address,
    ),
    Offer(
        "customer_shipping_address.get_customer_shipping_addresses_list",
        "shipping_addresses",
        list_addresses,
    ),
    Offer(
        "customer_shipping_address.patch_customers_shipping_address",
        "shipping_address_update",
        patch_address,
    ),
    Offer(
        "customer_shipping_address.delete_customer_shipping_address",
        "shipping_address_deletion",
        delete_address,
    ),
)
