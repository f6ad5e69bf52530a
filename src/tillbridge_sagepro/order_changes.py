"""What follows a sales order: its release to the warehouse, and its cancellation."""

from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient
from tillbridge.connector.abilities import Receipt
from tillbridge_sagepro.cross_references import CrossReference
from tillbridge_sagepro.customers import LOCKED_WAIT_S
from tillbridge_sagepro.sales_orders import order_receipt
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.writing import Writing

_OPEN, _VOID, _CLOSED, _LOCKED = "", "V", "C", "L"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order as it stands, its row locked until the transaction ends."""

    sono: str
    custno: str
    sostat: str
    ordamt: Decimal
    held: str
    shipped_lines: int


def release(writing: Writing, sono: str) -> Receipt:
    """Releases a held order; one that is not on hold stays as it is.

    Raises AlreadyClaimed when the effect's key is already there, Rejected for a void or closed one.
    """
    settings = writing.settings
    if not writing.table("somast").has(settings.hold_column):
        raise Misconfigured(
            f"somast has no column {settings.hold_column} to release an order with.",
            reason="no_hold_column",
            next_step="Set hold_column to the site's own.",
        )
    order = _claim(writing, "release", sono)
    if order.sostat != _OPEN:
        raise _refused(order, "released")
    if order.held != settings.released_value:
        writing.transaction.write(
            statement("release_order", hold_column=settings.hold_column),
            {"sono": sono, "released": settings.released_value} | writing.stamp.values(),
        )
    return order_receipt(writing.company, order.sono, order.custno, order.ordamt)


def cancel(writing: Writing, sono: str) -> Receipt:
    """Voids an order and its lines, and takes it off the customer's open total.

    A void order stays as it is. Raises AlreadyClaimed when the effect's key is already there,
    Rejected for an order that is closed or of which something has been shipped.
    """
    order = _claim(writing, "cancellation", sono)
    if order.sostat not in (_OPEN, _VOID) or order.shipped_lines:
        raise _refused(order, "cancelled")
    if order.sostat != _VOID:
        batch = writing.batch()
        batch.add(statement("void_order"), sono=sono, **writing.stamp.values())
        batch.add(statement("add_on_order"), on_order=f"{-order.ordamt:f}", custno=order.custno)
        writing.send(batch)
    return order_receipt(writing.company, order.sono, order.custno, order.ordamt)


def _claim(writing: Writing, doctype: str, sono: str) -> OpenOrder:
    """Claims the effect's key and locks the order's row. Raises Transient while a user edits it."""
    column = writing.settings.hold_column
    if not writing.table("somast").has(column):
        column = "sostat"
    reference = CrossReference(doctype, writing.key, writing.stamp.at, docno=sono)
    rows, history = writing.transaction.claim(
        "; ".join(
            (
                statement("claim"),
                statement("order_for_change", hold_column=column),
                statement("order_in_history"),
            )
        ),
        writing.claim_values(reference) | {"sono": sono},
    )
    if not rows:
        raise _unknown(sono, closed=bool(history))
    custno, sostat, ordamt, lock, lock_user, held, shipped = rows[0]
    if lock.strip() == _LOCKED:
        raise Transient(
            f"Order {sono.strip()} is being edited by {lock_user.strip() or 'a user'}.",
            wait_s=LOCKED_WAIT_S,
            reason="row_locked",
        )
    return OpenOrder(sono, custno.strip(), sostat.strip(), ordamt, held.strip(), shipped)


def _refused(order: OpenOrder, what: str) -> Rejected:
    known = {_OPEN: "partly shipped", _VOID: "void", _CLOSED: "closed"}
    why = known.get(order.sostat, f"in the unknown status {order.sostat!r}")
    return Rejected(
        f"Order {order.sono.strip()} is {why} and cannot be {what}.",
        reason="order_not_open",
        place=Place(field="sono"),
        next_step="Settle it in Sage Pro.",
    )


def _unknown(sono: str, *, closed: bool) -> Rejected:
    if closed:
        return Rejected(
            f"Order {sono.strip()} has been closed into history.",
            reason="order_closed",
            place=Place(field="sono"),
            next_step="Settle it in Sage Pro.",
        )
    return Rejected(
        f"There is no order {sono.strip()}.",
        reason="unknown_order",
        place=Place(field="sono"),
        next_step="Correct the order number in the mapping.",
    )
