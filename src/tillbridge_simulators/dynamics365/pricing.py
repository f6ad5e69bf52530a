"""System pricing: line amounts and order totals are computed here, whatever a caller sends.

Formulas: learn.microsoft.com, Sales, "Calculate price in quotes, orders and invoices"; the
rounding of halves is not documented there. An order whose price is locked keeps the amounts it
was given.
"""

from decimal import Decimal

from tillbridge_simulators.dynamics365.errors import bad_argument, currencies_differ
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.rows import Row

MISSING_UNIT_PRICE = 5
NOT_IN_PRICE_LIST = 11

_ZERO = Decimal(0)


def price_line(organization: Organization, order: Row, line: Row) -> None:
    """Fills in a line's price, amounts and `pricingerrorcode`.

    Raises:
        DataverseError: the order has no price list, or the line is in another currency.
    """
    if order.get("_pricelevelid_value") is None:
        raise bad_argument("The price list is missing: an order needs one before it has lines.")
    currency_id = order["_transactioncurrencyid_value"]
    if line.get("_transactioncurrencyid_value") not in (None, currency_id):
        raise currencies_differ("order line")
    line["_transactioncurrencyid_value"] = currency_id
    line["pricingerrorcode"] = 0
    if not line.get("ispriceoverridden") and not line.get("isproductoverridden"):
        _take_list_price(organization, order, line)
    if line.get("priceperunit") is None:
        line["pricingerrorcode"] = line["pricingerrorcode"] or MISSING_UNIT_PRICE
        line["priceperunit"] = _ZERO
    currency = organization.currency_of(order)
    unit = organization.rounded(_amount(line, "priceperunit"), currency)
    quantity = _amount(line, "quantity")
    base = organization.rounded(unit * quantity, currency)
    if order.get("ispricelocked"):
        line.setdefault("baseamount", base)
        line.setdefault("extendedamount", base)
        return
    line["baseamount"] = base
    line["extendedamount"] = (
        base
        - organization.rounded(_amount(line, "manualdiscountamount"), currency)
        + organization.rounded(_amount(line, "tax"), currency)
    )


def total_order(organization: Organization, order: Row) -> None:
    """Recomputes an order's totals from its lines, freight and discounts."""
    if order.get("ispricelocked"):
        return
    currency = organization.currency_of(order)
    lines = order_lines(organization, order)
    discounts = sum((_amount(line, "manualdiscountamount") for line in lines), _ZERO)
    detail = sum((_amount(line, "baseamount") for line in lines), _ZERO) - discounts
    by_percentage = detail * _amount(order, "discountpercentage") / 100
    discount = organization.rounded(_amount(order, "discountamount") + by_percentage, currency)
    tax = sum((_amount(line, "tax") for line in lines), _ZERO)
    totals: Row = {
        "totallineitemamount": detail,
        "totallineitemdiscountamount": discounts,
        "totaldiscountamount": discount,
        "totalamountlessfreight": detail - discount,
        "totaltax": tax,
        "totalamount": detail - discount + _amount(order, "freightamount") + tax,
        "pricingerrorcode": max(
            (int(line.get("pricingerrorcode") or 0) for line in lines), default=0
        ),
    }
    organization.update(organization.table("salesorder"), order, totals)


def order_lines(organization: Organization, order: Row) -> list[Row]:
    """The lines of an order, in the order they were created."""
    table = organization.table("salesorderdetail")
    return organization.rows.linked(
        table, table.columns["salesorderid"], str(order["salesorderid"])
    )


def _take_list_price(organization: Organization, order: Row, line: Row) -> None:
    line["priceperunit"] = None
    wanted = (order["_pricelevelid_value"], line.get("_productid_value"), line.get("_uomid_value"))
    for price in organization.rows.all(organization.table("productpricelevel")):
        found = (price["_pricelevelid_value"], price["_productid_value"], price["_uomid_value"])
        if found == wanted:
            line["priceperunit"] = price["amount"]
            return
    line["pricingerrorcode"] = NOT_IN_PRICE_LIST


def _amount(row: Row, name: str) -> Decimal:
    value = row.get(name)
    return Decimal(value) if isinstance(value, int | Decimal) else _ZERO
