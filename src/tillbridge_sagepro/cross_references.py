"""Our own table ix_xref: one row for each effect, inserted first, in the effect's transaction.

Its unique key is what makes every write safe to send again: the second insert fails, and what is
there is the answer.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.money import Money
from tillbridge_sagepro.database import Transaction, Values
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement


@dataclass(frozen=True, slots=True)
class CrossReference:
    """One row to be inserted.

    Attributes:
        doctype: "sales_order", "release", "cancellation", "customer", or a payment operation.
        ext_id: the effect's key; for a customer the shop's number.
        docno: Sage Pro's own number, padded; "" while it is not known.
        shop_ref: the shop's order number.
        amount: what it is about; None where there is none.
    """

    doctype: str
    ext_id: str
    created_at: datetime
    docno: str = ""
    transaction_id: str = ""
    shop_ref: str = ""
    amount: Money | None = None

    def values(self, settings: SageProSettings) -> dict[str, str]:
        """The parameters of the statement "claim"."""
        return {
            "source": settings.source,
            "doctype": self.doctype,
            "ext_id": self.ext_id,
            "docno": self.docno,
            "transaction_id": self.transaction_id,
            "shop_ref": self.shop_ref,
            "amount": self.amount.text if self.amount else "0",
            "currency": self.amount.currency if self.amount else "",
            "created_at": f"{self.created_at:%Y-%m-%dT%H:%M:%S}",
        }


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is already there for an effect; `amount` is the effect's, else its order's."""

    docno: str
    custno: str
    amount: Decimal


def key_values(settings: SageProSettings, doctype: str, ext_id: str) -> Values:
    """The parameters of the statement "claimed"."""
    return {"source": settings.source, "doctype": doctype, "ext_id": ext_id}


def claimed(
    transaction: Transaction, settings: SageProSettings, doctype: str, ext_id: str
) -> Claimed:
    """The row that won. Raises Unreconciled when it is gone again: somebody deleted it."""
    (rows,) = transaction.read(statement("claimed"), key_values(settings, doctype, ext_id))
    if not rows:
        raise Unreconciled(
            f"ix_xref refused the {doctype} {ext_id} as a duplicate, but has no such row.",
            reason="cross_reference_gone",
            next_step="Send it again; if it stays so, ask who deletes rows of ix_xref.",
        )
    docno, amount, custno, ordamt, old_custno, old_ordamt = rows[0]
    total = amount or ordamt or old_ordamt or Decimal(0)
    return Claimed(docno.strip(), (custno or old_custno or "").strip(), total)


def order_number_of(
    transaction: Transaction, settings: SageProSettings, shop_reference: str
) -> str:
    """The padded order number booked for the shop's order number; "" when there is none."""
    values = {"source": settings.source, "shop_ref": shop_reference}
    (rows,) = transaction.read(statement("order_of_shop_reference"), values)
    return str(rows[0][0]) if rows else ""
