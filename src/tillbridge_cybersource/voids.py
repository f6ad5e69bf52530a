"""Voids: a capture, sale, refund or credit is taken back before it leaves with its batch.

Source: REST API reference, "Void a Payment" (a sale), "Void a Capture", "Void a Refund", "Void a
Credit"; Payments Developer Guide, Voids (what a capture took is held again: only a reversal
releases it). A void has no key of its own in search: it is found by what it is related to
(transaction details, relatedTransactions).
"""

from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import Observation, Operation
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.operations import Operations, client_reference
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import VOID

CALLS = frozenset(
    {"void.void_capture", "void.void_refund", "void.void_credit", "void.void_payment"}
)
_NOUNS = {
    "capture_id": "captures",
    "refund_id": "refunds",
    "credit_id": "credits",
    "sale_id": "payments",
}


class Voids:
    """The write `void`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = Write(VOID, "find", self.send, find=self.find)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Voids. Raises Rejected("not_voidable") once it has left with its batch, or is voided."""
        ours = self._operations
        noun, about = _about(fields)
        order_number = values.required_text(fields, "order_number")
        document = {"clientReferenceInformation": client_reference(order_number, call.key)}
        path = f"/pts/v2/{noun}/{quote(about, safe='')}/voids"
        answer = await ours.exchange.write(call, path, document)
        return follow_on_receipt(ours, Operation.VOID, answer, order_number, parent_id=about)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search: any void of it."""
        order_number = values.required_text(fields, "order_number")
        _, about = _about(fields)

        def voided(hits: list[Hit]) -> Observation | None:
            for hit in hits:
                if hit.operation is Operation.VOID and hit.held and about in hit.related:
                    return self._operations.search.observation(hit)
            return None

        return await self._operations.find(call, order_number, sent_at, voided, kind="void")


def _about(fields: Fields) -> tuple[str, str]:
    """What is voided: the noun of its address, and its id. Raises Rejected unless it is one."""
    given = [(noun, id_) for name, noun in _NOUNS.items() if (id_ := values.text(fields, name))]
    if len(given) != 1:
        raise Rejected(
            f"A void is of one of {', '.join(_NOUNS)}; {len(given)} are given.",
            reason="bad_field",
            next_step="Map the one that is to be voided.",
        )
    return given[0]
