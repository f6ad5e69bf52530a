"""Customers: linked by stored reference, made when absent, never matched by a typed e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient
from tillbridge.connector.documents import Fields
from tillbridge_sagepro import documents
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.database import Row, Transaction
from tillbridge_sagepro.inserts import Batch, Bound, Given
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.stamps import Stamp
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.structure import Structure

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who a document's customer is: a fixed number, or the shop's customer."""

    custno: str
    shop_customer: str

    @property
    def linked(self) -> bool:
        return not self.custno


def wanted(fields: Fields, settings: SageProSettings) -> Wanted:
    """The rule: a fixed customer, else the shop's customer, else the guests' one."""
    about = documents.group(fields, "custno")
    fixed = documents.text(about, "custno").strip().upper()
    shop_customer = documents.text(about, "id").strip()
    if fixed:
        return Wanted(fixed, "")
    if shop_customer:
        return Wanted("", shop_customer)
    return Wanted(settings.guest_customer.upper(), "")


def query(wish: Wanted) -> str:
    """The statement that reads the customer's row."""
    return statement("linked_customer" if wish.linked else "customer")


def read_customer(rows: Sequence[Row]) -> Customer | None:
    """The customer of those rows; None when there is none.

    Raises Transient while a user is editing the row: writing would be overwritten or overwrite.
    """
    if not rows:
        return None
    *row, lock, lock_user = rows[0]
    values = [value.rstrip() if isinstance(value, str) else value for value in row]
    if lock.strip() == _LOCKED:
        raise Transient(
            f"Customer {values[0]} is being edited by {lock_user.strip() or 'a user'}.",
            wait_s=LOCKED_WAIT_S,
            reason="row_locked",
        )
    return Customer(*values)


def resolve(
    transaction: Transaction,
    found: Customer | None,
    wish: Wanted,
    fields: Fields,
    stamp: Stamp,
    settings: SageProSettings,
    structure: Structure,
) -> Customer:
    """The order's customer, made if the shop's customer is new. The counter's lock is held."""
    if found is not None:
        return found
    if not wish.linked:
        is_guest = wish.custno == settings.guest_customer.upper()
        raise (Misconfigured if is_guest else Rejected)(
            f"There is no customer {wish.custno} in {settings.company_database}.",
            reason="unknown_customer",
            place=Place(field="guest_customer" if is_guest else "custno.custno"),
            next_step="Create it in Sage Pro, or correct the setting."
            if is_guest
            else "Correct the mapping, or create it in Sage Pro.",
        )
    if not settings.create_customers:
        raise Rejected(
            f"The shop's customer {wish.shop_customer} is not linked to a customer of Sage Pro.",
            reason="unknown_customer",
            place=Place(field="custno.id"),
            next_step="Link it, or allow create_customers.",
        )
    return _create(transaction, wish, fields, stamp, settings, structure)


def _create(
    transaction: Transaction,
    wish: Wanted,
    fields: Fields,
    stamp: Stamp,
    settings: SageProSettings,
    structure: Structure,
) -> Customer:
    """Terms, posting link and territory are those of the guests' customer."""
    lowest, highest = _range(settings)
    template_rows, highest_rows = transaction.read(
        f"{statement('customer')}; {statement('highest_customer_number')}",
        {"custno": settings.guest_customer.upper(), "lowest": lowest, "highest": highest},
    )
    template = read_customer(template_rows)
    if template is None:
        raise Misconfigured(
            f"There is no customer {settings.guest_customer} to take terms from.",
            reason="unknown_customer",
            next_step="Create it in Sage Pro, or correct guest_customer.",
        )
    custno = _free_number(transaction, highest_rows, settings)
    batch = Batch(stamp.characters, settings.blank_date)
    reference = CrossReference("customer", wish.shop_customer, stamp.at, docno=custno)
    batch.add(statement("claim"), **reference.values(settings))
    about = documents.group(fields, "custno")
    batch.insert(
        structure["arcust"], [_row(about, custno, template, documents.total(fields).currency, stamp)]
    )
    transaction.write(batch.sql, batch.values)
    return Customer(custno, *(getattr(template, name) for name in _COPIED))


def _row(
    about: Fields, custno: str, template: Customer, currency: str, stamp: Stamp
) -> dict[str, Given]:
    row: dict[str, Given] = {
        name: Bound(f"new_{name}", text)
        for name in (
            "company", "contact", "address1", "address2", "city", "addrstate", "zip", "country",
            "phone", "email",
        )
        if (text := documents.text(about, name))
    }  # fmt: skip
    if "company" not in row:
        row["company"] = Bound("new_company", documents.required_text(about, "company"))
    row["custno"] = Bound("new_custno", custno)
    row["currency"] = Bound("new_currency", currency)
    row["entered"] = Bound("today", stamp.today)
    for name in _COPIED:
        row[name] = Bound(f"new_{name}", getattr(template, name))
    row["webcust"] = 1
    return row | stamp.columns()


def _range(settings: SageProSettings) -> tuple[str, str]:
    prefix = settings.customer_prefix.upper()
    return prefix + "0" * _DIGITS, prefix + "9" * _DIGITS


def _free_number(
    transaction: Transaction, highest_rows: Sequence[Row], settings: SageProSettings
) -> str:
    prefix = settings.customer_prefix.upper()
    highest = str(highest_rows[0][0] or "").strip() if highest_rows else ""
    if highest and _ordinal(highest, prefix) is None:
        lowest, most = _range(settings)
        (rows,) = transaction.read(
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
    """What an order's header takes over; `entered` columns come from the document."""
    values: dict[str, str | Decimal | date] = {
        "pterms": customer.pterms, "pdisc": customer.pdisc, "pdays": customer.pdays,
        "pnet": customer.pnet, "salesmn": customer.salesmn, "terr": customer.terr,
        "taxdist": customer.taxdist, "taxtbl": customer.taxtbl,
    }  # fmt: skip
    return {name: Bound(name, value) for name, value in values.items()}
