"""POST /pts/v2/payments/{id}/captures: takes what was held.

Sources: REST API reference, "Capture a Payment"; Payments Developer Guide, Multiple Partial
Captures and Time-Out Void (docs/systems/cybersource.md).
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Fenced, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.fences import check_not_early, fence_refused, fenced
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.operations import (
    Operations,
    amount_details,
    client_reference,
    merchant_defined,
)
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import CAPTURE

CALLS = frozenset({"capture.capture_payment", "void.mit_void"})

_REFERENCE_KEY = "1"
"""The merchant-defined field that has the shipment, unless the mapping gives it another use."""


class Captures:
    """The write `capture`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        fence = operations.settings.fence
        self.write = Write(
            CAPTURE,
            "fence" if fence else "find",
            self.send,
            find=self.find,
            fence=self.fence if fence else None,
        )

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

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search, with the capture's key; one that was voided since is found as UNDONE."""
        order_number = values.required_text(fields, "order_number")
        return await self._operations.find(
            call, order_number, sent_at, lambda hits: self._captured(call.key, hits), kind="capture"
        )

    async def fence(self, call: Call, fields: Fields) -> Fenced:
        """POST /pts/v2/voids with the capture's key.

        Raises as `fences.check_not_early` and `fences.fence_refused` say.
        """
        ours = self._operations
        order_number = values.required_text(fields, "order_number")
        document = {"clientReferenceInformation": client_reference(order_number, call.key)}
        doing = f"The time-out void for {order_number}"
        check_not_early(ours, call, doing)
        answer = await ours.exchange.write(call, "/pts/v2/voids", document)
        if answer.reason == "NOT_VOIDABLE" and await self._is_voided(call, order_number):
            return Fenced(undone=True)
        if answer.status != 201:
            return fence_refused(ours, doing, answer)
        return fenced(follow_on_receipt(ours, Operation.VOID, answer, order_number))

    def _document(self, call: Call, fields: Fields) -> Mapping[str, object]:
        amount = values.money_above_zero(fields, "amount")
        document: dict[str, object] = {
            "clientReferenceInformation": client_reference(
                values.required_text(fields, "order_number"), call.key
            ),
            "orderInformation": {
                "amountDetails": amount_details(amount),
            },
        }
        reference = values.text(fields, "reference")[:50]
        defined = merchant_defined(fields)
        if reference and all(field["key"] != _REFERENCE_KEY for field in defined):
            defined = [{"key": _REFERENCE_KEY, "value": reference}, *defined]
        if defined:
            document["merchantDefinedInformation"] = defined
        if self._operations.settings.partial_captures:
            document["processingInformation"] = {"captureOptions": _sequence(fields)}
        return document

    async def _is_voided(self, call: Call, order_number: str) -> bool:
        """Whether search shows that an earlier fence has already voided it."""
        hits = await self._operations.search.hits(call, order_number)
        observation = self._captured(call.key, hits)
        return observation is not None and observation.verdict is Verdict.UNDONE

    def _captured(self, key: str, hits: list[Hit]) -> Observation | None:
        for hit in reversed(hits):
            if hit.operation is Operation.CAPTURE and hit.key == key:
                return self._seen(hit, hits)
        return None

    def _seen(self, hit: Hit, hits: list[Hit]) -> Observation:
        voided = any(
            other.operation is Operation.VOID and other.held and hit.id in other.related
            for other in hits
        )
        return self._operations.search.decided(hit, undone=voided)


def _sequence(fields: Fields) -> Mapping[str, int]:
    """Equal numbers mark the last capture; before it the count is one more than the number."""
    ordinal = values.integer(fields, "ordinal", 1)
    final = values.flag(fields, "final", default=True)
    count = ordinal if final else ordinal + 1
    return {"captureSequenceNumber": ordinal, "totalCaptureCount": count}
