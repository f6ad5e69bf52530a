"""POST /pts/v2/payments/{id}/captures: takes what was held.

Sources: REST API reference, "Capture a Payment"; Payments Developer Guide, Multiple Partial
Captures and Time-Out Void (docs/systems/cybersource.md).
"""

from collections.abc import Mapping
from urllib.parse import quote

from tillbridge.canonical.payments import Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.follow_ons import follow_on_document, follow_on_receipt
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.own_hits import own_write
from tillbridge_cybersource.shapes import CAPTURE

CALLS = frozenset({"capture.capture_payment"})


class Captures:
    """The write `capture`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = own_write(operations, CAPTURE, Operation.CAPTURE, self.send)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Captures. Raises Rejected for more than is held, and for what is no longer held."""
        ours = self._operations
        authorization_id = values.required_text(fields, "authorization_id")
        path = f"/pts/v2/payments/{quote(authorization_id, safe='')}/captures"
        answer = await ours.exchange.write(call, path, self._document(call, fields))
        order_number = values.required_text(fields, "order_number")
        return follow_on_receipt(
            ours, Operation.CAPTURE, answer, order_number, parent_id=authorization_id
        )

    def _document(self, call: Call, fields: Fields) -> Mapping[str, object]:
        document = follow_on_document(call, fields, values.money_above_zero(fields, "amount"))
        if self._operations.settings.partial_captures:
            document["processingInformation"] = {"captureOptions": _sequence(fields)}
        return document


def _sequence(fields: Fields) -> Mapping[str, int]:
    """Equal numbers mark the last capture; before it the count is one more than the number."""
    ordinal = values.integer(fields, "ordinal", 1)
    final = values.flag(fields, "final", default=True)
    count = ordinal if final else ordinal + 1
    return {"captureSequenceNumber": ordinal, "totalCaptureCount": count}
