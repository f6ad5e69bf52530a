"""Reading one sales order by its own or the shop's number, open or closed into history."""

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge_sagepro.company import Company
from tillbridge_sagepro.cross_references import order_number_of
from tillbridge_sagepro.database import Transaction
from tillbridge_sagepro.numbers import stored_number
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement

_STATUSES = {"": "open", "C": "closed", "V": "void", "X": "cancelled"}


def look_up(
    transaction: Transaction, fields: Fields, company: Company, settings: SageProSettings
) -> Receipt:
    """sono, custno, ponum, status, ordamt, tax, currency. Raises Rejected for an unknown one."""
    sono = _number(transaction, fields, settings)
    (rows,) = transaction.read(statement("read_order"), {"sono": sono})
    if not rows:
        raise _unknown("sono", sono.strip())
    found, custno, ponum, sostat, ordamt, tax, currid, ordate = rows[0]
    status = _STATUSES.get(sostat.strip())
    if status is None:
        raise Rejected(
            f"Order {found.strip()} has the status {sostat!r}, which this connector does not know.",
            reason="unknown_status",
            place=Place(field="sono"),
        )
    references = (
        ExternalReference(company.system, "sales_order", found.strip()),
        ExternalReference(company.system, "customer", custno.strip()),
    )
    return Receipt(
        references,
        {
            "sono": found.strip(), "custno": custno.strip(), "ponum": ponum.strip(),
            "status": status, "ordamt": company.text(ordamt), "tax": company.text(tax),
            "currency": currid.strip(), "ordate": f"{ordate:%Y-%m-%d}",
        },
    )  # fmt: skip


def _number(transaction: Transaction, fields: Fields, settings: SageProSettings) -> str:
    sono, shop_reference = values.text(fields, "sono"), values.text(fields, "websono").strip()
    if sono.strip():
        return stored_number(sono)
    if not shop_reference:
        raise values.missing("sono")
    found = order_number_of(transaction, settings, shop_reference)
    if found:
        return found
    (rows,) = transaction.read(statement("order_of_purchase_number"), {"ponum": shop_reference})
    if not rows:
        raise _unknown("websono", shop_reference)
    return str(rows[0][0])


def _unknown(field: str, number: str) -> Rejected:
    return Rejected(
        f"There is no sales order {number} in Sage Pro.",
        reason="unknown_order",
        place=Place(field=field),
        next_step="Check the number.",
    )
