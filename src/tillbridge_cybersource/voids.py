"""POST /pts/v2/captures/{id}/voids: takes back a capture that is not settled yet.

Source: REST API reference, "Void a Capture". A void has no key of its own in search: it is found
by the capture it is related to (transaction details, relatedTransactions).
"""

from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.payments import Observation, Operation, Source
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.fields import required_text
from tillbridge_cybersource.observations import follow_on_of, text_of
from tillbridge_cybersource.operations import Operations, client_reference, reading_success
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import VOID
from tillbridge_cybersource.statuses import FOLLOW_ON_STATUSES, refusal, unknown_status


class Voids:
    """The write `void`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = Write(VOID, "find", self.send, find=self.find)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Voids. Raises Rejected("not_voidable") once it is settled or voided."""
        ours = self._operations
        capture_id = required_text(fields, "capture_id")
        order_number = required_text(fields, "order_number")
        document = {"clientReferenceInformation": client_reference(order_number, call.key)}
        path = f"/pts/v2/captures/{quote(capture_id, safe='')}/voids"
        answer = await ours.exchange.write(call, path, document)
        if answer.status != 201:
            raise refusal(ours.exchange.name, f"The void for {order_number}", answer)
        status = text_of(answer.body, "status")
        if status not in FOLLOW_ON_STATUSES["voids"]:
            raise unknown_status(ours.exchange.name, status, answer.reason)
        with reading_success(ours.exchange.name):
            observation = follow_on_of(
                Operation.VOID, answer.body, Source.REPLY, parent_id=capture_id, code=order_number
            )
        return ours.receipt("void", observation, status)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search: any void of this capture."""
        order_number = required_text(fields, "order_number")
        capture_id = required_text(fields, "capture_id")

        def voided(hits: list[Hit]) -> Observation | None:
            for hit in hits:
                if hit.operation is Operation.VOID and hit.held and capture_id in hit.related:
                    return self._operations.search.observation(hit)
            return None

        return await self._operations.find(call, order_number, sent_at, voided, kind="void")
