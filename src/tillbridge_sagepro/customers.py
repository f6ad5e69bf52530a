"""Customers: linked by stored reference, made when absent, never matched by a typed e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
)
from tillbridge.connector import values
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.database import Row
from tillbridge_sagepro.inserts import Bound, Given
from tillbridge_sagepro.new_order import NewOrder, Wanted
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.writing import Writing

LOCKED_WAIT_S = 5.0
_LOCKED = "L"
_DIGITS = 6
_COPIED = ("pterms", "pdisc", "pdays", "pnet", "salesmn", "terr", "gllink", "taxdist", "taxtbl")


@dataclass(frozen=True, slots=True)
class Customer:
    """What an order takes over from its customer's row."""

    custno: str
    pterms: str
    pdisc: Decimal
    pdays: Decimal
    pnet: Decimal
    salesmn: str
    terr: str
    gllink: str
    taxdist: str
    taxtbl: str


def query(wish: Wanted) -> str:
    """The statement that reads the customer's row."""
    return statement("linked_customer" if wish.linked else "customer")


def read_customer(rows: Sequence[Row]) -> Customer | None:
    """The customer of those rows; None when there is none.

    Raises Transient while a user is editing the row: writing would be overwritten or overwrite.
    """
    if not rows:
        return None
    row = rows[0]
    (custno, pterms, salesmn, terr, gllink, taxdist, taxtbl, lock, lock_user) = (
        str(row[at]).strip() for at in (0, 1, 5, 6, 7, 8, 9, 10, 11)
    )
    if lock == _LOCKED:
        raise Transient(
            f"Customer {custno} is being edited by {lock_user or 'a user'}.",
            wait_s=LOCKED_WAIT_S,
            reason="row_locked",
        )
    return Customer(
        custno=custno,
        pterms=pterms,
        pdisc=row[2],
        pdays=row[3],
        pnet=row[4],
        salesmn=salesmn,
        terr=terr,
        gllink=gllink,
        taxdist=taxdist,
        taxtbl=taxtbl,
    )


def resolve(writing: Writing, found: Customer | None, order: NewOrder) -> Customer:
    """The order's customer, made if the shop's customer is new. The counter's lock is held."""
    if found is not None:
        return found
    if not order.customer.linked:
        raise _unknown(order.customer.custno, writing.settings)
    if not writing.settings.create_customers:
        raise Rejected(
            f"The shop's customer {order.customer.shop_customer} is not linked to a customer of"
            " Sage Pro.",
            reason="unknown_customer",
            place=Place(field="custno.id"),
            next_step="Link it, or allow create_customers.",
        )
    return _create(writing, order)


def _unknown(custno: str, settings: SageProSettings) -> TillbridgeError:
    message = f"There is no customer {custno} in {settings.company_database}."
    if custno == settings.guest_customer.upper():
        return Misconfigured(
            message,
            reason="unknown_customer",
            place=Place(field="guest_customer"),
            next_step="Create it in Sage Pro, or correct the setting.",
        )
    return Rejected(
        message,
        reason="unknown_customer",
        place=Place(field="custno.custno"),
        next_step="Correct the mapping, or create it in Sage Pro.",
    )


def _create(writing: Writing, order: NewOrder) -> Customer:
    """Terms, posting link and territory are those of the guests' customer."""
    settings = writing.settings
    lowest, highest = _range(settings)
    template_rows, highest_rows = writing.transaction.read(
        f"{statement('customer')}; {statement('highest_customer_number')}",
        {"custno": settings.guest_customer.upper(), "lowest": lowest, "highest": highest},
    )
    template = read_customer(template_rows)
    if template is None:
        raise _unknown(settings.guest_customer.upper(), settings)
    custno = _free_number(writing, highest_rows)
    reference = CrossReference(
        "customer", order.customer.shop_customer, writing.stamp.at, docno=custno
    )
    batch = writing.batch()
    batch.add(statement("claim"), **writing.claim_values(reference))
    batch.insert(writing.table("arcust"), [_row(writing, order, custno, template)])
    writing.send(batch)
    return replace(template, custno=custno)


def _row(writing: Writing, order: NewOrder, custno: str, template: Customer) -> dict[str, Given]:
    about = values.group(order.fields, "custno")
    row: dict[str, Given] = {
        name: Bound(f"new_{name}", text)
        for name in (
            "company", "contact", "address1", "address2", "city", "addrstate", "zip", "country",
            "phone", "email",
        )
        if (text := values.text(about, name))
    }  # fmt: skip
    if "company" not in row:
        raise values.missing("company")
    row["custno"] = Bound("new_custno", custno)
    row["currency"] = Bound("new_currency", writing.company.currency)
    row["entered"] = Bound("today", writing.stamp.today)
    for name in _COPIED:
        row[name] = Bound(f"new_{name}", getattr(template, name))
    row["webcust"] = 1
    return row | writing.stamp.columns()


def _range(settings: SageProSettings) -> tuple[str, str]:
    prefix = settings.customer_prefix.upper()
    return prefix + "0" * _DIGITS, prefix + "9" * _DIGITS


def _free_number(writing: Writing, highest_rows: Sequence[Row]) -> str:
    settings = writing.settings
    prefix = settings.customer_prefix.upper()
    highest = str(highest_rows[0][0] or "").strip() if highest_rows else ""
    if highest and _ordinal(highest, prefix) is None:
        lowest, most = _range(settings)
        (rows,) = writing.transaction.read(
            statement("customer_numbers"), {"lowest": lowest, "highest": most}
        )
        taken = [_ordinal(str(row[0]).strip(), prefix) for row in rows]
        following = 1 + max((number for number in taken if number is not None), default=0)
    else:
        following = 1 + (_ordinal(highest, prefix) or 0)
    digits = str(following).zfill(_DIGITS)
    if len(digits) > _DIGITS:
        raise Misconfigured(
            f"Every customer number from {prefix}{'0' * _DIGITS} on is taken.",
            reason="no_number",
            next_step="Choose another customer_prefix.",
        )
    return prefix + digits


def _ordinal(custno: str, prefix: str) -> int | None:
    digits = custno.removeprefix(prefix)
    fits = len(custno) == len(prefix) + _DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) if fits else None


def columns_of(customer: Customer) -> dict[str, Given]:
    """What an order's header takes over from its customer."""
    columns: dict[str, str | Decimal | date] = {
        "pterms": customer.pterms, "pdisc": customer.pdisc, "pdays": customer.pdays,
        "pnet": customer.pnet, "salesmn": customer.salesmn, "terr": customer.terr,
        "taxdist": customer.taxdist, "taxtbl": customer.taxtbl,
    }  # fmt: skip
    return {name: Bound(name, value) for name, value in columns.items()}
