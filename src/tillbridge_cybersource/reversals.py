"""POST /pts/v2/payments/{id}/reversals: releases what is still held, all of it.

Source: REST API reference, "Process an Authorization Reversal"; Payments Developer Guide,
Authorization Reversal (the amount must be the authorized one). An authorization can be reversed
once: reversing again is answered AUTH_ALREADY_REVERSED and changes nothing, so the authorization's
id is the natural key of its reversal.
"""

from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.operations import Operations, amount_details, client_reference
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import REVERSAL

CALLS = frozenset({"reversal.auth_reversal", "void.void_payment"})
_TAKEN = ("TRANSACTION_ALREADY_SETTLED", "TRANSACTION_ALREADY_REVERSED_OR_SETTLED")
"""Why nothing is held: it was captured."""


class Reversals:
    """The write `reversal`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = Write(REVERSAL, "natural_key", self.send, find=self.find)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Releases the hold; one that was released before is the same receipt.

        When search does not show that earlier reversal yet, its request id is the
        authorization's followed by ":reversed".
        """
        ours = self._operations
        authorization_id = values.required_text(fields, "authorization_id")
        amount = values.money_above_zero(fields, "amount")
        order_number = values.required_text(fields, "order_number")
        document = {
            "clientReferenceInformation": client_reference(order_number, call.key),
            "reversalInformation": {
                "amountDetails": amount_details(amount),
                "reason": values.text(fields, "reason")[:50] or "cancelled",
            },
        }
        path = f"/pts/v2/payments/{quote(authorization_id, safe='')}/reversals"
        answer = await ours.exchange.write(call, path, document)
        if answer.reason in _TAKEN and ours.settings.sale:
            await self._give_back(call, fields)
            answer = await ours.exchange.write(call, path, document)
        if not answer.is_accepted and answer.reason == "AUTH_ALREADY_REVERSED":
            return await self._reversed_before(call, fields)
        return follow_on_receipt(
            ours, Operation.REVERSAL, answer, order_number, parent_id=authorization_id
        )

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search: any reversal of this authorization."""
        order_number = values.required_text(fields, "order_number")
        authorization_id = values.required_text(fields, "authorization_id")
        return await self._operations.find(
            call,
            order_number,
            sent_at,
            lambda hits: self._seen(hits, authorization_id),
            kind="reversal",
        )

    async def _give_back(self, call: Call, fields: Fields) -> None:
        """A sale that is not wanted: what it has taken is voided, and then held again.

        Raises Rejected once it has left with its batch: then only a refund gives it back.
        """
        ours = self._operations
        sale_id = values.required_text(fields, "authorization_id")
        order_number = values.required_text(fields, "order_number")
        document = {"clientReferenceInformation": client_reference(order_number, call.key)}
        path = f"/pts/v2/payments/{quote(sale_id, safe='')}/voids"
        answer = await ours.exchange.write(call, path, document)
        follow_on_receipt(ours, Operation.VOID, answer, order_number, parent_id=sale_id)

    async def _reversed_before(self, call: Call, fields: Fields) -> Receipt:
        ours = self._operations
        authorization_id = values.required_text(fields, "authorization_id")
        order_number = values.required_text(fields, "order_number")
        hits = await ours.search.hits(call, order_number)
        observation = self._seen(hits, authorization_id) or Observation(
            operation=Operation.REVERSAL,
            verdict=Verdict.APPROVED,
            source=Source.REPLY,
            order_number=order_number,
            request_id=f"{authorization_id}:reversed",
            occurred_at=call.now,
            parent_id=authorization_id,
            amount=values.money_above_zero(fields, "amount"),
            reason="AUTH_ALREADY_REVERSED",
        )
        return ours.receipt("reversal", observation, "REVERSED")

    def _seen(self, hits: list[Hit], authorization_id: str) -> Observation | None:
        for hit in hits:
            if hit.operation is Operation.REVERSAL and hit.held and hit.root_id == authorization_id:
                return self._operations.search.observation(hit)
        return None
