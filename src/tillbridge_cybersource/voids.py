"""POST /pts/v2/captures/{id}/voids: takes back a capture that is not settled yet.

Source: REST API reference, "Void a Capture". A void has no key of its own in search: it is found
by the capture it is related to (transaction details, relatedTransactions).
"""

from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.payments import Observation, Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.operations import Operations, client_reference
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import VOID

CALLS = frozenset({"void.void_capture"})


class Voids:
    """The write `void`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = Write(VOID, "find", self.send, find=self.find)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Voids. Raises Rejected("not_voidable") once it is settled or voided."""
        ours = self._operations
        capture_id = values.required_text(fields, "capture_id")
        order_number = values.required_text(fields, "order_number")
        document = {"clientReferenceInformation": client_reference(order_number, call.key)}
        path = f"/pts/v2/captures/{quote(capture_id, safe='')}/voids"
        answer = await ours.exchange.write(call, path, document)
        return follow_on_receipt(ours, Operation.VOID, answer, order_number, parent_id=capture_id)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search: any void of this capture."""
        order_number = values.required_text(fields, "order_number")
        capture_id = values.required_text(fields, "capture_id")

        def voided(hits: list[Hit]) -> Observation | None:
            for hit in hits:
                if hit.operation is Operation.VOID and hit.held and capture_id in hit.related:
                    return self._operations.search.observation(hit)
            return None

        return await self._operations.find(call, order_number, sent_at, voided, kind="void")
