"""A sales order, written as Sage Pro's own order entry leaves it, in one transaction.

Four trips to the server: begin; claim the effect's key, lock the counter and read what the order
needs; write everything and read the totals back; commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Unreconciled
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Receipt
from tillbridge_sagepro import customers, stock
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.customers import Customer
from tillbridge_sagepro.database import Row
from tillbridge_sagepro.inserts import Batch
from tillbridge_sagepro.new_order import NewOrder
from tillbridge_sagepro.numbers import OrderNumber, counter_id, next_number
from tillbridge_sagepro.order_rows import address_row, header_row, line_rows
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.writing import Writing

KIND = "sales_order"
_LINES_A_STATEMENT = 100
"""SQL Server takes 2,100 parameters a call; a line has about fifteen."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read under the counter's lock, as rows."""

    counter: Sequence[Row]
    customer: Sequence[Row]
    same_number: Sequence[Row]
    items: Sequence[Row]


def write_order(writing: Writing, order: NewOrder) -> Receipt:
    """Writes one order. Raises AlreadyClaimed when the effect's key is already there."""
    writing.company.check_currency(order.amounts.total.currency)
    _check_columns(writing, order)
    found = _claim_and_read(writing, order)
    number = next_number(writing.transaction, found.counter, writing.settings)
    known = customers.read_customer(found.customer)
    _refuse_second(order, found.same_number)
    items = stock.read_items(found.items, order.amounts.items)
    customer = customers.resolve(writing, known, order)
    items = stock.complete(writing, items)
    _write(writing, order, number, customer, items)
    return order_receipt(writing.company, number.sono, customer.custno, order.amounts.total.amount)


def order_receipt(company: Company, sono: str, custno: str, total: Decimal) -> Receipt:
    """How an order is known here."""
    references = [ExternalReference(company.system, KIND, sono.strip())]
    if custno:
        references.append(ExternalReference(company.system, "customer", custno.strip()))
    fields = {"sono": sono.strip(), "custno": custno.strip(), "ordamt": company.text(total)}
    return Receipt(tuple(references), fields)


def _claim_and_read(writing: Writing, order: NewOrder) -> _Found:
    """The customer is read under the counter's lock, so that two orders cannot both make it."""
    settings = writing.settings
    reference = CrossReference(
        KIND,
        writing.key,
        writing.stamp.at,
        transaction_id=order.payment_id,
        shop_ref=order.shop_reference,
        amount=order.amounts.total,
    )
    item_query, item_values = stock.query(order.amounts.items, settings.location)
    linked = order.customer.linked
    parts = (
        statement("claim"),
        statement("order_counter", system=settings.system_database),
        customers.query(order.customer),
        statement("orders_of_linked_customer" if linked else "orders_of_purchase_number"),
        item_query,
    )
    bound = writing.claim_values(reference) | item_values
    bound |= {"order_counter": counter_id("SO", settings), "ponum": order.ponum}
    bound |= (
        {"shop_customer": order.customer.shop_customer}
        if linked
        else {"custno": order.customer.custno}
    )
    return _Found(*writing.transaction.claim("; ".join(parts), bound))


def _refuse_second(order: NewOrder, rows: Sequence[Row]) -> None:
    if rows:
        raise Rejected(
            f"The customer already has order {str(rows[0][0]).strip()} for purchase order"
            f" {order.ponum}, which this effect did not write.",
            reason="duplicate_purchase_order",
            place=Place(field="ponum"),
            next_step="Compare that order in Sage Pro; void it, or cancel this one.",
        )


def _write(
    writing: Writing,
    order: NewOrder,
    number: OrderNumber,
    customer: Customer,
    items: dict[str, stock.Item],
) -> None:
    """Header, address, lines, both counters, the customer's open total, our own row."""
    batch = writing.batch()
    batch.insert(writing.table("somast"), [header_row(writing, order, number, customer)])
    batch.insert(writing.table("soaddr"), [address_row(writing, order, number, customer)])
    rows = line_rows(writing, order, number, customer, items)
    for start in range(0, len(rows), _LINES_A_STATEMENT):
        if start:
            writing.send(batch)
            batch = writing.batch()
        batch.insert(writing.table("sotran"), rows[start : start + _LINES_A_STATEMENT])
    _finish(batch, writing, order, number, customer)
    (totals,) = writing.send(batch)
    _check_totals(order, totals)


def _finish(
    batch: Batch, writing: Writing, order: NewOrder, number: OrderNumber, customer: Customer
) -> None:
    settings = writing.settings
    batch.add(
        statement("name_document"),
        source=settings.source,
        doctype=KIND,
        ext_id=writing.key,
        sono=number.sono,
    )
    batch.add(
        statement("add_on_order"),
        on_order=order.amounts.total.text,
        custno=customer.custno,
        **writing.stamp.values(),
    )
    batch.add(
        statement("set_order_counter", system=settings.system_database),
        order_count=str(number.count),
        order_counter=counter_id("SO", settings),
    )
    batch.add(statement("order_totals"))


def _check_columns(writing: Writing, order: NewOrder) -> None:
    """An order to be held needs the column that holds it back; custom columns must exist."""
    somast, column = writing.table("somast"), writing.settings.hold_column
    if values.flag(order.fields, "hold") and not somast.has(column):
        raise Misconfigured(
            f"somast has no column {column} to hold an order back with.",
            reason="no_hold_column",
            next_step="Set hold_column to the site's own.",
        )
    for name in values.group(order.fields, "custom"):
        if not somast.has(name):
            raise Rejected(
                f"somast has no column {name}.",
                reason="unknown_column",
                place=Place(field=f"custom.{name}"),
                next_step="Correct the mapping, or add the column.",
            )


def _check_totals(order: NewOrder, rows: Sequence[Row]) -> None:
    """What the tables say now must be what the payment says; else nothing is kept."""
    ordamt, tax, lines, count = rows[0]
    expected, wanted_lines = order.amounts.total.amount, len(order.amounts.lines)
    if ordamt == expected and lines + tax == expected and count == wanted_lines:
        return
    raise Unreconciled(
        f"Sage Pro holds {ordamt} (lines {lines}, tax {tax}, {count} lines) for an order of"
        f" {expected} with {wanted_lines} lines; it was rolled back.",
        reason="totals_differ",
        next_step="Ask for triggers on somast and sotran; compare tax_style.",
    )
