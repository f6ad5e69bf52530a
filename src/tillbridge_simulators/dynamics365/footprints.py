"""Effects, as campaigns judge them: what a transaction that held left behind, one entry each."""

from collections.abc import Mapping
from decimal import Decimal

from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.pricing import order_lines
from tillbridge_simulators.dynamics365.rows import Cell, Change, Row
from tillbridge_simulators.dynamics365.sales_orders import ACTIVE, CANCELED, FULFILLED
from tillbridge_simulators.dynamics365.subjects import PAYMENT_TRANSACTION
from tillbridge_simulators.dynamics365.tables import Table
from tillbridge_simulators.effects import EffectLog

_TOTALS = (
    "totalamount", "totaltax", "freightamount", "totaldiscountamount", "totallineitemamount",
)  # fmt: skip


def log_effects(log: EffectLog, organization: Organization, changes: list[Change]) -> None:
    """Adds sales_order, sales_order_release, _hold, _cancellation, _fulfilment, _change,
    payment_transaction and account entries; amounts are text."""
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if (change.table, change.id) in seen:
            continue
        seen.add((change.table, change.id))
        row = organization.rows.find(organization.table(change.table), change.id)
        if row is None:
            log.add("deletion", table=change.table, id=change.id)
        elif change.table == "salesorder":
            _log_order(log, organization, row, change.before)
        elif change.table == "account" and change.before is None:
            log.add("account", id=change.id, name=row["name"], customer=own(row, "shopcustomer"))
        elif change.table.endswith(PAYMENT_TRANSACTION):
            _log_payment(log, organization, change.table, row, created=change.before is None)


def order_facts(organization: Organization, order: Row) -> dict[str, object]:
    """What is known of an order, as the log and the state route show it."""
    currency = organization.currency_of(order)
    lines = order_lines(organization, order)
    facts: dict[str, object] = {
        "order_number": order["ordernumber"],
        "id": order["salesorderid"],
        "key": own(order, "effectkey"),
        "external_order": own(order, "externalorder"),
        "payment_id": own(order, "paymentid"),
        "lines": len(lines),
        "write_in_lines": sum(1 for line in lines if line.get("isproductoverridden")),
        "currency": currency["isocurrencycode"],
        "state": order["statecode"],
        "status": order["statuscode"],
        "account": order.get("_customerid_value"),
    }
    for name in _TOTALS:
        facts[name] = text(order.get(name))
    facts["items"] = [_item(line) for line in lines if not line.get("isproductoverridden")]
    return facts


def _item(line: Row) -> dict[str, str]:
    """One product line; `amount` is without tax."""
    tax = line.get("tax")
    extended = line.get("extendedamount")
    assert isinstance(extended, Decimal), "every priced line has one"
    return {
        "product": str(line["productnumber"]),
        "quantity": text(line.get("quantity")),
        "amount": text(extended - tax if isinstance(tax, Decimal) else extended),
    }


def own(row: Mapping[str, Cell], suffix: str) -> str:
    """The value of a provisioned column, whatever the publisher's prefix is."""
    for name, value in row.items():
        if name.endswith(f"_{suffix}"):
            return str(value or "")
    return ""


def text(amount: Cell) -> str:
    """An amount as text, digit for digit."""
    return f"{amount:f}" if isinstance(amount, Decimal) else str(amount or "0")


def _log_order(log: EffectLog, organization: Organization, order: Row, before: Row | None) -> None:
    facts = order_facts(organization, order)
    if before is None:
        log.add("sales_order", **facts)
        return
    was, now = (
        (before["statecode"], before["statuscode"]),
        (order["statecode"], order["statuscode"]),
    )
    if now == was:
        log.add("sales_order_change", **facts)
    elif now[0] == CANCELED:
        log.add("sales_order_cancellation", **facts)
    elif now[0] == FULFILLED:
        log.add("sales_order_fulfilment", **facts)
    elif now == (ACTIVE, 1):
        log.add("sales_order_release", **facts)
    elif now[0] == ACTIVE:
        log.add("sales_order_hold", **facts)
    else:
        log.add("sales_order_change", **facts)


def _label(table: Table, row: Row, suffix: str) -> str:
    """The label of an option, in lower case with underscores."""
    for column in table.columns.values():
        value = row.get(column.name)
        if column.name.endswith(f"_{suffix}") and isinstance(value, int):
            return column.labels.get(value, str(value)).lower().replace(" ", "_")
    return ""


def _log_payment(
    log: EffectLog, organization: Organization, table: str, row: Row, *, created: bool
) -> None:
    order = organization.rows.find(
        organization.table("salesorder"),
        next(
            (str(value) for name, value in row.items() if name.endswith("_salesorderid_value")), ""
        ),
    )
    log.add(
        "payment_transaction" if created else "payment_transaction_change",
        order_number="" if order is None else order["ordernumber"],
        request_id=own(row, "requestid"),
        parent_request_id=own(row, "parentrequestid"),
        merchant_reference=own(row, "merchantreference"),
        type=_label(organization.table(table), row, "type"),
        payment_status=_label(organization.table(table), row, "status"),
        amount=text(next((row[name] for name in row if name.endswith("_amount")), None)),
        currency=own(row, "isocurrency"),
    )
