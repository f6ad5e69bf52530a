"""POST /pts/v2/captures/{id}/refunds and /pts/v2/payments/{id}/refunds: captured money goes back.

Sources: REST API reference, "Refund a Capture", "Refund a Payment" (of a sale only); Payments
Developer Guide, Credits (at most what was captured, within 180 days) and Time-Out Void for a
Capture, Sale, Refund, or Credit.
"""

from collections.abc import Mapping
from urllib.parse import quote

from tillbridge.canonical.payments import Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.electronic_checks import as_paid_by
from tillbridge_cybersource.follow_ons import follow_on_document, follow_on_receipt
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.own_hits import own_write
from tillbridge_cybersource.shapes import REFUND

CALLS = frozenset({"refund.refund_capture", "refund.refund_payment"})


class Refunds:
    """The write `refund`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = own_write(operations, REFUND, Operation.REFUND, self.send)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Gives money back. Raises Rejected for more than was captured, and for what is too old."""
        ours = self._operations
        capture_id = values.required_text(fields, "capture_id")
        noun = "payments" if values.flag(fields, "of_sale") else "captures"
        path = f"/pts/v2/{noun}/{quote(capture_id, safe='')}/refunds"
        answer = await ours.exchange.write(call, path, self._document(call, fields))
        order_number = values.required_text(fields, "order_number")
        return follow_on_receipt(ours, Operation.REFUND, answer, order_number, parent_id=capture_id)

    def _document(self, call: Call, fields: Fields) -> Mapping[str, object]:
        amount = values.money_above_zero(fields, "amount")
        document = follow_on_document(call, fields, amount)
        return as_paid_by(self._operations.settings, document, refund=True)
