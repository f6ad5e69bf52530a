"""The rules of sales orders: numbers, states, and what may change when.

State and status pairs and the actions: learn.microsoft.com, Sales, "SalesOrder table reference",
"FulfillSalesOrder", "CancelSalesOrder".
"""

from tillbridge_simulators.dynamics365.errors import (
    bad_argument,
    bad_status,
    currencies_differ,
    read_only,
)
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.payloads import Body, find_reference, read_values
from tillbridge_simulators.dynamics365.pricing import price_line, total_order
from tillbridge_simulators.dynamics365.rows import Row

ACTIVE, SUBMITTED, CANCELED, FULFILLED, INVOICED = range(5)
_STATE_NAMES = {CANCELED: "Canceled", FULFILLED: "Fulfilled", INVOICED: "Invoiced"}
_MESSAGES = {
    CANCELED: "CancelSalesOrderRequest",
    FULFILLED: "FulfillSalesOrderRequest",
    INVOICED: "ConvertSalesOrderToInvoiceRequest",
}
_STATE_COLUMNS = {"statecode", "statuscode"}


def create_order(organization: Organization, values: Row) -> Row:
    """A new order: numbered unless a number was given, active, its totals computed."""
    table = organization.table("salesorder")
    state = int(values.get("statecode") or ACTIVE)
    status = int(values.get("statuscode") or 1)
    if state != ACTIVE:
        raise bad_argument("A sales order is created Active.")
    _check_pair(organization, state, status)
    if not values.get("ordernumber"):
        organization.next_order_number += 1
        values["ordernumber"] = f"ORD-{organization.next_order_number:05d}"
    values.setdefault("ispricelocked", False)
    order = organization.insert(table, values)
    _check_price_list(organization, order)
    total_order(organization, order)
    return order


def update_order(organization: Organization, order: Row, values: Row) -> None:
    """Changes an order. Raises for a closed order, and for a state only an action can set."""
    state = int(order["statecode"] or ACTIVE)
    changes_state = bool(_STATE_COLUMNS & set(values))
    if state != ACTIVE and not changes_state:
        raise read_only()
    if state != ACTIVE and set(values) - _STATE_COLUMNS:
        raise read_only()
    if changes_state:
        _set_state(organization, order, state, values)
    organization.update(organization.table("salesorder"), order, values)
    if set(values) - _STATE_COLUMNS:
        _check_price_list(organization, order)
        total_order(organization, order)


def create_line(organization: Organization, values: Row) -> Row:
    """A new line of an active order: its product checked, priced, and the order totalled."""
    order = organization.rows.get(
        organization.table("salesorder"), str(values.get("_salesorderid_value"))
    )
    if order["statecode"] != ACTIVE:
        raise read_only()
    _check_product(organization, values)
    if values.get("quantity") is None:
        raise bad_argument("The quantity is missing.")
    price_line(organization, order, values)
    line = organization.insert(organization.table("salesorderdetail"), values)
    total_order(organization, order)
    return line


def update_line(organization: Organization, line: Row, values: Row) -> None:
    """Changes a line of an active order and totals the order."""
    order = organization.rows.get(
        organization.table("salesorder"), str(line["_salesorderid_value"])
    )
    if order["statecode"] != ACTIVE:
        raise read_only()
    merged = {**line, **values}
    _check_product(organization, merged)
    price_line(organization, order, merged)
    organization.update(organization.table("salesorderdetail"), line, merged)
    total_order(organization, order)


def delete_line(organization: Organization, line: Row) -> None:
    """Deletes a line of an active order and totals the order."""
    order = organization.rows.get(
        organization.table("salesorder"), str(line["_salesorderid_value"])
    )
    if order["statecode"] != ACTIVE:
        raise read_only()
    organization.rows.delete(organization.table("salesorderdetail"), line)
    total_order(organization, order)


def cancel_order(organization: Organization, body: Body) -> None:
    """CancelSalesOrder: an active or submitted order becomes Canceled, with an order close."""
    _close(organization, body, CANCELED, {ACTIVE, SUBMITTED}, default_status=4)


def fulfill_order(organization: Organization, body: Body) -> None:
    """FulfillSalesOrder: an active or submitted order becomes Fulfilled, with an order close."""
    _close(organization, body, FULFILLED, {ACTIVE, SUBMITTED}, default_status=100001)


def _close(
    organization: Organization, body: Body, state: int, allowed: set[int], default_status: int
) -> None:
    close = body.get("OrderClose")
    if not isinstance(close, dict) or "salesorderid@odata.bind" not in close:
        raise bad_argument("OrderClose with salesorderid@odata.bind is required.")
    _, order = find_reference(organization, str(close["salesorderid@odata.bind"]))
    status = int(body.get("Status", -1))
    status = default_status if status == -1 else status
    if order["statecode"] not in allowed:
        raise read_only()
    _check_pair(organization, state, status)
    table = organization.table("orderclose")
    values = read_values(organization, table, close)
    organization.insert(table, {**values, "ordernumber": order["ordernumber"]})
    organization.update(
        organization.table("salesorder"), order, {"statecode": state, "statuscode": status}
    )


def _set_state(organization: Organization, order: Row, state: int, values: Row) -> None:
    wanted = int(values.get("statecode", state) or ACTIVE)
    if wanted != state and wanted in _MESSAGES:
        raise bad_argument(
            f"This message can not be used to set the state of SalesOrder to"
            f" {_STATE_NAMES[wanted]}. In order to set state of SalesOrder to"
            f" {_STATE_NAMES[wanted]}, use the {_MESSAGES[wanted]} message instead."
        )
    if state == INVOICED and wanted != INVOICED:
        raise read_only()
    statuses = organization.table("salesorder").columns["statuscode"].statuses
    default = next(status for status, owner in statuses.items() if owner == wanted)
    values["statecode"] = wanted
    values["statuscode"] = values.get("statuscode", default)
    _check_pair(organization, wanted, int(values["statuscode"] or default))


def _check_pair(organization: Organization, state: int, status: int) -> None:
    statuses = organization.table("salesorder").columns["statuscode"].statuses
    if statuses.get(status) != state:
        raise bad_status("salesorder", state, status)


def _check_price_list(organization: Organization, order: Row) -> None:
    price_list_id = order.get("_pricelevelid_value")
    if price_list_id is None:
        return
    price_list = organization.rows.get(organization.table("pricelevel"), str(price_list_id))
    if price_list["_transactioncurrencyid_value"] != order["_transactioncurrencyid_value"]:
        raise currencies_differ("price list")


def _check_product(organization: Organization, line: Row) -> None:
    if line.get("isproductoverridden"):
        if not line.get("productdescription"):
            raise bad_argument("A write-in line needs a productdescription.")
        return
    if line.get("_productid_value") is None or line.get("_uomid_value") is None:
        raise bad_argument("The product or the unit of the line is missing.")
    product = organization.rows.get(organization.table("product"), str(line["_productid_value"]))
    if product["statecode"] != 0:
        raise bad_argument(f"The product {product['productnumber']} is not active.")
    line["productnumber"] = product["productnumber"]
    line.setdefault("productname", product["name"])
