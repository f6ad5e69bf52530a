"""The rows of one sales order: somast, soaddr, sotran, with every derived column.

Source: what importers that work at SQL Server sites write, column by column.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.documents import Value
from tillbridge_sagepro.amounts import OrderLine
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.customers import Customer, columns_of
from tillbridge_sagepro.inserts import Bound, Given
from tillbridge_sagepro.new_order import NewOrder
from tillbridge_sagepro.numbers import OrderNumber
from tillbridge_sagepro.stock import Item
from tillbridge_sagepro.writing import Writing

_IMPORTED = "X"
_SHIP_TO = "D"
_SEQUENCE_WIDTH = 4
_OVERRIDES = ("pterms", "salesmn", "terr")
_FROM_DOCUMENT = ("shipvia", "fob", "notes", "websono")


def header_row(
    writing: Writing, order: NewOrder, number: OrderNumber, customer: Customer
) -> dict[str, Given]:
    """The row of somast; columns of multi-currency are filled as for the base currency."""
    settings, amounts = writing.settings, order.amounts
    total, tax = Bound("ordamt", amounts.total.amount), Bound("tax", amounts.header_tax)
    row = columns_of(customer) | _overrides(order)
    row |= {
        "sono": Bound("sono", number.sono), "custno": Bound("custno", customer.custno),
        "sodate": Bound("today", writing.stamp.today), "ponum": Bound("ponum", order.ponum),
        "ordamt": total, "bordamt": total, "tax": tax, "btax": tax,
        "glarec": Bound("gllink", customer.gllink), "tosw": Bound("tosw", _IMPORTED),
        "currid": Bound("currid", writing.company.currency), "exchrat": 1,
        "defloc": Bound("loctid", settings.location),
        "ordate": Bound("ordate", order.sale_date),
    }  # fmt: skip
    if amounts.header_tax:
        row["taxsamt"] = Bound("taxsamt", amounts.total.amount - amounts.header_tax)
    for name in _FROM_DOCUMENT:
        if text := order.text(name):
            row[name] = Bound(name, text)
    hold = values.flag(order.fields, "hold")
    held = settings.hold_value if hold else settings.released_value
    row[settings.hold_column] = Bound("held", held)
    _keep_payment_id(row, writing, order)
    for name, value in values.group(order.fields, "custom").items():
        if value is not None:
            row[name] = Bound(f"custom_{name}", _custom(name, value, writing.company))
    return row | writing.stamp.columns()


def address_row(
    writing: Writing, order: NewOrder, number: OrderNumber, customer: Customer
) -> dict[str, Given]:
    """The row of soaddr: where the goods go."""
    fields = order.fields
    about = values.group(fields, "shipto") or values.group(fields, "custno")
    names = (
        "company", "address1", "address2", "address3", "city", "addrstate", "zip", "country",
        "phone", "email",
    )  # fmt: skip
    row: dict[str, Given] = {
        name: Bound(f"to_{name}", text) for name in names if (text := values.text(about, name))
    }
    row |= {
        "sono": Bound("sono", number.sono),
        "custno": Bound("custno", customer.custno),
        "adtype": Bound("adtype", _SHIP_TO),
    }
    return row | writing.stamp.columns()


def line_rows(
    writing: Writing,
    order: NewOrder,
    number: OrderNumber,
    customer: Customer,
    items: Mapping[str, Item],
) -> list[dict[str, Given]]:
    """The rows of sotran, pseudo-items last."""
    settings, ordate = writing.settings, order.sale_date
    wanted_on = values.day(order.fields, "rqdate") or ordate
    shared = columns_of(customer) | _overrides(order)
    shared = {name: shared[name] for name in ("salesmn", "terr", "taxdist")}
    shared |= {
        "sono": Bound("sono", number.sono), "custno": Bound("custno", customer.custno),
        "ordate": Bound("ordate", ordate),
        "rqdate": Bound("rqdate", wanted_on),
        "glsale": Bound("gllink", customer.gllink), "loctid": Bound("loctid", settings.location),
        "currid": Bound("currid", writing.company.currency), "exchrat": 1,
    }  # fmt: skip
    shared |= writing.stamp.columns()
    return [
        shared | _line_columns(at, line, items[line.item])
        for at, line in enumerate(order.amounts.lines, 1)
    ]


def _line_columns(at: int, line: OrderLine, item: Item) -> dict[str, Given]:
    def bound(name: str, value: str | Decimal) -> Bound:
        return Bound(f"l{at}_{name}", value)

    quantity, price = bound("qtyord", line.quantity), bound("price", line.price)
    cost, extprice = bound("cost", item.cost), bound("extprice", line.extprice)
    row: dict[str, Given] = {
        "tranlineno": at,
        "transeq": bound("transeq", str(at).rjust(_SEQUENCE_WIDTH)),
        "item": bound("item", line.item),
        "descrip": bound("descrip", line.descrip or item.itmdesc),
        "disc": bound("disc", line.disc),
        "qtyord": quantity, "tqtyord": quantity, "origqtyord": quantity,
        "price": price, "bprice": price, "tprice": price, "tbprice": price,
        "cost": cost, "bcost": cost, "tcost": cost, "tbcost": cost,
        "extprice": extprice, "bextpri": extprice, "origextpri": extprice,
        "isoclss": bound("isoclss", item.itmclss), "glasst": bound("glasst", item.gllink),
        "stkcode": bound("stkcode", item.stkcode), "taxcode": bound("taxcode", item.taxcode),
        "serial": bound("serial", item.qserial), "umeasur": bound("umeasur", item.sunmsid),
        "umfact": bound("umfact", item.sumfact), "taxable": bound("taxable", "N"),
    }  # fmt: skip
    return row


def _overrides(order: NewOrder) -> dict[str, Given]:
    return {name: Bound(name, text) for name in _OVERRIDES if (text := order.text(name))}


def _custom(name: str, value: Value, company: Company) -> str | Decimal | date:
    """A value of the site's own column as its type takes it; a bit is 1 or 0."""
    match value:
        case str() | Decimal():
            return value
        case bool() | int():
            return Decimal(int(value))
        case Money():
            company.check_currency(value.currency)
            return value.amount
        case date() if not isinstance(value, datetime):
            return value
        case _:
            raise Rejected(
                f"somast.{name} takes a text, a number, an amount, true or false, or a date.",
                reason="bad_field",
                place=Place(field=f"custom.{name}"),
                next_step="Correct the mapping.",
            )


def _keep_payment_id(row: dict[str, Given], writing: Writing, order: NewOrder) -> None:
    """The full id always stands in ix_xref; here too where the site's column has room."""
    column, payment_id = writing.settings.payment_id_column, order.payment_id
    somast = writing.table("somast")
    if not column or not payment_id or not somast.has(column):
        return
    width = somast.width(column)
    if width is None or len(payment_id) <= width:
        row[column] = Bound("payment_id", payment_id)
