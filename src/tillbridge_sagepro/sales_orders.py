"""A sales order, written as Sage Pro's own order entry leaves it, in one transaction.

Four trips to the server: begin; claim the effect's key, lock the counter and read what the order
needs; write everything and read the totals back; commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Unreconciled
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge_sagepro import customers, documents, stock
from tillbridge_sagepro.amounts import Amounts, compute
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.customers import Customer
from tillbridge_sagepro.database import Row, Transaction
from tillbridge_sagepro.inserts import Batch
from tillbridge_sagepro.numbers import OrderNumber, counter_id, next_number
from tillbridge_sagepro.order_rows import address_row, header_row, line_rows
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.stamps import Stamp, stamp
from tillbridge_sagepro.statements import statement

KIND = "sales_order"
_LINES_A_STATEMENT = 100
"""SQL Server takes 2,100 parameters a call; a line has about fifteen."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A sales order document, checked as far as it can be without the server."""

    fields: Fields
    amounts: Amounts
    customer: customers.Wanted
    ponum: str
    shop_reference: str

    @classmethod
    def of(cls, fields: Fields, settings: SageProSettings) -> "NewOrder":
        """Raises Rejected, naming the field."""
        ponum = documents.required_text(fields, "ponum")
        if documents.day(fields, "ordate") is None:
            raise documents.missing("ordate")
        return cls(
            fields=fields,
            amounts=compute(fields, settings),
            customer=customers.wanted(fields, settings),
            ponum=ponum,
            shop_reference=documents.text(fields, "websono").strip() or ponum,
        )


def write_order(
    transaction: Transaction, order: NewOrder, company: Company, settings: SageProSettings
) -> Receipt:
    """Writes one order. Raises AlreadyClaimed when the effect's key is already there."""
    company.check_currency(order.amounts.total.currency)
    marks = stamp(transaction.call.now, settings)
    counter, customer_rows, same_number, item_rows = _claim_and_read(
        transaction, order, marks, settings
    )
    number = next_number(transaction, counter, settings)
    found = customers.read_customer(customer_rows)
    _refuse_second(order, same_number)
    items = stock.read_items(item_rows, order.amounts.items)
    customer = customers.resolve(
        transaction, found, order.customer, order.fields, marks, settings, company.structure
    )
    items = stock.complete(transaction, items, marks, settings, company.structure)
    writing = _Writing(transaction, order, company, settings, marks)
    writing.write(number, customer, items)
    return order_receipt(company, number.sono, customer.custno, order.amounts.total.amount)


def order_receipt(company: Company, sono: str, custno: str, total: Decimal) -> Receipt:
    """How an order is known here."""
    references = [ExternalReference(company.system, KIND, sono.strip())]
    if custno:
        references.append(ExternalReference(company.system, "customer", custno.strip()))
    fields = {"sono": sono.strip(), "custno": custno.strip(), "ordamt": company.text(total)}
    return Receipt(tuple(references), fields)


def _claim_and_read(
    transaction: Transaction, order: NewOrder, marks: Stamp, settings: SageProSettings
) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row], Sequence[Row]]:
    """Counter, customer, orders of the same purchase number, items: read under the lock."""
    reference = CrossReference(
        KIND,
        transaction.call.key,
        marks.at,
        transaction_id=documents.text(order.fields, "payment_id"),
        shop_ref=marks.characters.fit(order.shop_reference, "websono"),
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
    values = reference.values(settings) | item_values
    values |= {"order_counter": counter_id("SO", settings), "ponum": order.ponum}
    values |= (
        {"shop_customer": order.customer.shop_customer}
        if linked
        else {"custno": order.customer.custno}
    )
    counter, customer, same_number, items = transaction.claim("; ".join(parts), values)
    return counter, customer, same_number, items


def _refuse_second(order: NewOrder, rows: Sequence[Row]) -> None:
    if rows:
        raise Rejected(
            f"The customer already has order {str(rows[0][0]).strip()} for purchase order"
            f" {order.ponum}, which this connection did not write.",
            reason="duplicate_purchase_order",
            place=Place(field="ponum"),
            next_step="Compare that order in Sage Pro; void it, or cancel this one.",
        )


@dataclass(frozen=True, slots=True)
class _Writing:
    """The writing part, when everything is known."""

    transaction: Transaction
    order: NewOrder
    company: Company
    settings: SageProSettings
    marks: Stamp

    def write(
        self, number: OrderNumber, customer: Customer, items: dict[str, stock.Item]
    ) -> None:
        """Header, address, lines, both counters, the customer's open total, our own row."""
        structure, order = self.company.structure, self.order
        self._check_columns()
        batch = Batch(self.marks.characters, self.settings.blank_date)
        batch.insert(
            structure["somast"],
            [header_row(order.fields, order.amounts, number, customer, self.settings, self.marks,
                        structure["somast"], self.company.currency)],
        )  # fmt: skip
        batch.insert(
            structure["soaddr"], [address_row(order.fields, number, customer, self.marks)]
        )
        rows = line_rows(
            order.fields, order.amounts, number, customer, items, self.settings, self.marks,
            self.company.currency,
        )  # fmt: skip
        for start in range(0, len(rows), _LINES_A_STATEMENT):
            if start:
                self.transaction.write(batch.sql, batch.values)
                batch = Batch(self.marks.characters, self.settings.blank_date)
            batch.insert(structure["sotran"], rows[start : start + _LINES_A_STATEMENT])
        self._finish(batch, number, customer)
        (totals,) = self.transaction.write(batch.sql, batch.values)
        self._check_totals(totals)

    def _finish(self, batch: Batch, number: OrderNumber, customer: Customer) -> None:
        settings, call = self.settings, self.transaction.call
        total = self.order.amounts.total.text
        batch.add(
            statement("name_document"),
            source=settings.source, doctype=KIND, ext_id=call.key, sono=number.sono,
        )  # fmt: skip
        batch.add(
            statement("add_on_order"),
            on_order=total, custno=customer.custno, **self.marks.values(),
        )  # fmt: skip
        batch.add(
            statement("set_order_counter", system=settings.system_database),
            order_count=str(number.count),
            order_counter=counter_id("SO", settings),
        )
        batch.add(statement("order_totals"))

    def _check_columns(self) -> None:
        """An order to be held needs the column that holds it back; custom columns must exist."""
        somast = self.company.structure["somast"]
        column = self.settings.hold_column
        if self.order.fields.get("hold") and not somast.has(column):
            raise Misconfigured(
                f"somast has no column {column} to hold an order back with.",
                reason="no_hold_column",
                next_step="Set hold_column to the site's own.",
            )
        for name in documents.group(self.order.fields, "custom"):
            if not somast.has(name):
                raise Rejected(
                    f"somast has no column {name}.",
                    reason="unknown_column",
                    place=Place(field=f"custom.{name}"),
                    next_step="Correct the mapping, or add the column.",
                )

    def _check_totals(self, rows: Sequence[Row]) -> None:
        """What the tables say now must be what the payment says; else nothing is kept."""
        amounts = self.order.amounts
        ordamt, tax, lines, count = rows[0]
        expected = amounts.total.amount
        if ordamt == expected and lines + tax == expected and count == len(amounts.lines):
            return
        raise Unreconciled(
            f"Sage Pro holds {ordamt} (lines {lines}, tax {tax}, {count} lines) for an order of"
            f" {expected} with {len(amounts.lines)} lines; it was rolled back.",
            reason="totals_differ",
            next_step="Ask for triggers on somast and sotran; compare tax_style.",
        )
