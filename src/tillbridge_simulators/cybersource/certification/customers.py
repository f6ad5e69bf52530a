"""Token Management: customers, their instruments and addresses."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

NO_TOKEN = "0" * 32
"""The id of no token."""
INSTRUMENT = {"card": {"expirationMonth": "12", "expirationYear": "2031", "type": "visa"}}
_SHIP_TO = {"shipTo": {"firstName": "Maya", "address1": "1 Market St", "country": "US"}}
_OWN = "customer_payment_instrument"
_ADDRESS = "customer_shipping_address"


def customer(it: Script) -> str:
    """The id of a new one."""
    buyer = {"merchantCustomerID": it.new("C"), "email": "maya@example.com"}
    return str(it.do("customer.post_customer", {"buyerInformation": buyer})["id"])


def paying_customer(it: Script) -> str:
    """The id of a new one with an instrument that pays."""
    id_ = customer(it)
    it.do(f"{_OWN}.post_customer_payment_instrument", instrument(it), customerId=id_)
    return id_


def instrument(it: Script) -> dict[str, Any]:
    """The body of a payment instrument."""
    return INSTRUMENT | {"instrumentIdentifier": {"id": it.means.identifier()}}


def _customers(it: Script) -> None:
    buyer = {"merchantCustomerID": it.new("C"), "email": "maya@example.com"}
    id_ = it.do("customer.post_customer", {"buyerInformation": buyer})["id"]
    it.shows(
        "customer.get_customer", {"buyerInformation.email": "maya@example.com"}, customerId=id_
    )
    change = {"buyerInformation": {"email": "ortiz@example.com"}}
    it.do("customer.patch_customer", change, customerId=id_)
    wanted = {
        "buyerInformation.email": "ortiz@example.com",
        "buyerInformation.merchantCustomerID": buyer["merchantCustomerID"],
    }
    it.shows("customer.get_customer", wanted, customerId=id_)
    wrong = {"buyerInformation": {"merchantCustomerID": {"id": "1"}}}
    it.refused("customer.post_customer", 400, "INVALID_DATA", wrong)
    it.refused("customer.patch_customer", 404, "notFound", change, customerId=NO_TOKEN)
    gone = customer(it)
    it.do("customer.delete_customer", customerId=gone)
    it.refused("customer.get_customer", 404, "notFound", customerId=gone)
    it.refused("customer.delete_customer", 404, "notFound", customerId=gone)
    it.shows("customer.get_customer", wanted, customerId=id_)


def _instruments(it: Script) -> None:
    his = customer(it)
    first, second = (
        it.do(f"{_OWN}.post_customer_payment_instrument", instrument(it), customerId=his)["id"]
        for _ in range(2)
    )
    of_second = {"customerId": his, "paymentInstrumentId": second}
    of_first = {"customerId": his, "paymentInstrumentId": first}
    it.shows(f"{_OWN}.get_customer_payment_instrument", {"default": True}, **of_first)
    nobody = {"customerId": NO_TOKEN}
    it.refused(
        f"{_OWN}.post_customer_payment_instrument", 404, "notFound", instrument(it), **nobody
    )
    it.refused(f"{_OWN}.get_customer_payment_instrument", 404, "notFound", **(of_first | nobody))
    it.refused(f"{_OWN}.delete_customer_payment_instrument", 409, "conflict", **of_first)
    change = {"default": True}
    it.do(f"{_OWN}.patch_customers_payment_instrument", change, **of_second)
    it.refused(
        f"{_OWN}.patch_customers_payment_instrument", 404, "notFound", change, **(of_first | nobody)
    )
    it.do(f"{_OWN}.delete_customer_payment_instrument", **of_first)
    wanted = {"total": 1, "_embedded.paymentInstruments.0.id": second}
    it.shows(f"{_OWN}.get_customer_payment_instruments_list", wanted, customerId=his)
    it.refused(f"{_OWN}.get_customer_payment_instruments_list", 404, "notFound", **nobody)


def _addresses(it: Script) -> None:
    his = customer(it)
    first, second = (
        it.do(f"{_ADDRESS}.post_customer_shipping_address", _SHIP_TO, customerId=his)["id"]
        for _ in range(2)
    )
    of_first = {"customerId": his, "shippingAddressId": first}
    of_second = {"customerId": his, "shippingAddressId": second}
    nobody = {"customerId": NO_TOKEN}
    wanted = {"default": True, "shipTo.address1": "1 Market St"}
    it.shows(f"{_ADDRESS}.get_customer_shipping_address", wanted, **of_first)
    it.refused(f"{_ADDRESS}.post_customer_shipping_address", 404, "notFound", _SHIP_TO, **nobody)
    it.refused(f"{_ADDRESS}.get_customer_shipping_address", 404, "notFound", **(of_first | nobody))
    it.refused(f"{_ADDRESS}.delete_customer_shipping_address", 409, "conflict", **of_first)
    change = {"default": True, "shipTo": {"address1": "2 Market St"}}
    it.do(f"{_ADDRESS}.patch_customers_shipping_address", change, **of_second)
    it.refused(
        f"{_ADDRESS}.patch_customers_shipping_address", 404, "notFound", change,
        **(of_first | nobody),
    )  # fmt: skip
    it.do(f"{_ADDRESS}.delete_customer_shipping_address", **of_first)
    place = "_embedded.shippingAddresses.0"
    listed = {"total": 1, f"{place}.shipTo.address1": "2 Market St", f"{place}.default": True}
    it.shows(f"{_ADDRESS}.get_customer_shipping_addresses_list", listed, customerId=his)
    it.refused(f"{_ADDRESS}.get_customer_shipping_addresses_list", 404, "notFound", **nobody)


def _alone(it: Script) -> None:
    made = it.do("payment_instrument.post_payment_instrument", instrument(it))
    of_it = {"paymentInstrumentId": made["id"]}
    change = {"card": {"expirationYear": "2032"}}
    it.do("payment_instrument.patch_payment_instrument", change, **of_it)
    wanted = {"card.expirationYear": "2032", "card.expirationMonth": "12", "state": ANY}
    it.shows("payment_instrument.get_payment_instrument", wanted, **of_it)
    nobody = {"paymentInstrumentId": NO_TOKEN}
    it.refused("payment_instrument.post_payment_instrument", 400, "missingFields", INSTRUMENT)
    it.refused("payment_instrument.patch_payment_instrument", 404, "notFound", change, **nobody)
    gone = it.do("payment_instrument.post_payment_instrument", instrument(it))["id"]
    it.do("payment_instrument.delete_payment_instrument", paymentInstrumentId=gone)
    it.refused(
        "payment_instrument.get_payment_instrument", 404, "notFound", paymentInstrumentId=gone
    )
    it.refused("payment_instrument.delete_payment_instrument", 404, "notFound", **nobody)
    it.shows("payment_instrument.get_payment_instrument", wanted, **of_it)


ROWS = (
    row(
        _customers,
        "customer.post_customer",
        "customer.get_customer",
        "customer.patch_customer",
        "customer.delete_customer",
    ),
    row(
        _instruments,
        f"{_OWN}.post_customer_payment_instrument",
        f"{_OWN}.get_customer_payment_instrument",
        f"{_OWN}.get_customer_payment_instruments_list",
        f"{_OWN}.patch_customers_payment_instrument",
        f"{_OWN}.delete_customer_payment_instrument",
    ),
    row(
        _addresses,
        f"{_ADDRESS}.post_customer_shipping_address",
        f"{_ADDRESS}.get_customer_shipping_address",
        f"{_ADDRESS}.get_customer_shipping_addresses_list",
        f"{_ADDRESS}.patch_customers_shipping_address",
        f"{_ADDRESS}.delete_customer_shipping_address",
    ),
    row(
        _alone,
        "payment_instrument.post_payment_instrument",
        "payment_instrument.get_payment_instrument",
        "payment_instrument.patch_payment_instrument",
        "payment_instrument.delete_payment_instrument",
    ),
)
