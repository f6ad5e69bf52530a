"""A sales order document, checked as far as it can be without the server."""

from dataclasses import dataclass
from datetime import date

from tillbridge.connector import values
from tillbridge.connector.documents import Fields
from tillbridge_sagepro import documents
from tillbridge_sagepro.amounts import Amounts, compute
from tillbridge_sagepro.settings import SageProSettings

PURCHASE_NUMBER_MAX, CUSTOMER_MAX = 20, 10
"""Widths of ponum and custno (working integrations of SQL Server sites)."""
SHOP_REFERENCE_MAX, PAYMENT_ID_MAX, SHOP_CUSTOMER_MAX = 50, 64, 64
"""Widths in our own table ix_xref."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who a document's customer is: a fixed number, or the shop's customer."""

    custno: str
    shop_customer: str

    @property
    def linked(self) -> bool:
        return not self.custno


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One order to be written.

    Attributes:
        shop_reference: the shop's order number: websono, else ponum.
        payment_id: of the authorization; "" when the document has none.
        sale_date: ordate, the order's date.
    """

    fields: Fields
    amounts: Amounts
    customer: Wanted
    ponum: str
    shop_reference: str
    payment_id: str
    sale_date: date

    @classmethod
    def of(cls, fields: Fields, settings: SageProSettings) -> "NewOrder":
        """Raises Rejected, naming the field."""
        ponum = documents.identifier(fields, "ponum", "ponum", PURCHASE_NUMBER_MAX)
        if not ponum:
            raise values.missing("ponum")
        ordate = values.day(fields, "ordate")
        if ordate is None:
            raise values.missing("ordate")
        return cls(
            fields=fields,
            amounts=compute(fields, settings),
            customer=_wanted(fields, settings),
            ponum=ponum,
            shop_reference=documents.identifier(fields, "websono", "websono", SHOP_REFERENCE_MAX)
            or ponum,
            payment_id=documents.identifier(fields, "payment_id", "payment_id", PAYMENT_ID_MAX),
            sale_date=ordate,
        )

    def text(self, name: str) -> str:
        """A text field of the document without its outer spaces."""
        return values.text(self.fields, name).strip()


def _wanted(fields: Fields, settings: SageProSettings) -> Wanted:
    """The rule: a fixed customer, else the shop's customer, else the guests' one."""
    about = values.group(fields, "custno")
    fixed = documents.identifier(about, "custno", "custno.custno", CUSTOMER_MAX).upper()
    shop_customer = documents.identifier(about, "id", "custno.id", SHOP_CUSTOMER_MAX)
    if fixed:
        return Wanted(fixed, "")
    if shop_customer:
        return Wanted("", shop_customer)
    return Wanted(settings.guest_customer.upper(), "")
