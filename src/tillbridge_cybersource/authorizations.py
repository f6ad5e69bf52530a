"""POST /pts/v2/payments: holds money; where the connection says so, takes it at once (a sale).

Sources: REST API reference, "Process a Payment"; Payments Developer Guide, Authorization, Sale,
Time-Out Authorization Reversals and Time-Out Void (docs/systems/cybersource.md).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Fenced, Finding, Found, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.fences import check_not_early, fence_refused, fenced
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.observations import (
    authorization_of,
    first_that_counts,
    part,
    taken_at_once,
    text_of,
)
from tillbridge_cybersource.operations import (
    Operations,
    amount_details,
    client_reference,
    reading_success,
)
from tillbridge_cybersource.own_hits import is_half_undone, is_reversed, void_by_key
from tillbridge_cybersource.payment_documents import payment_document
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import AUTHORIZATION
from tillbridge_cybersource.statuses import (
    CARD_REFUSED,
    FOLLOW_ON_STATUSES,
    NOT_THE_ISSUERS,
    Judgement,
    judge,
    refusal,
    unknown_status,
)
from tillbridge_cybersource.stored_credentials import NETWORK_TRANSACTION, network_transaction

CALLS = frozenset({"payments.create_payment", "reversal.mit_reversal"})

_OURS = (Operation.AUTHORIZATION, Operation.SALE)


class Authorizations:
    """The write `authorization`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        fence = operations.settings.fences
        self.write = Write(
            AUTHORIZATION,
            "fence" if fence else "find",
            self.send,
            find=self.find,
            fence=self.fence if fence else None,
        )

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Asks for the hold. A decline, a review and a challenge are receipts.

        Raises:
            Rejected: refused before any issuer was asked (400).
            Transient: see `Exchange.write`; also "perhaps" for a status nobody knows.
        """
        ours = self._operations
        fields = await self._with_previous(call, fields)
        document = payment_document(fields, ours.settings)
        order_number = values.required_text(fields, "order_number")
        answer = await ours.exchange.write(call, "/pts/v2/payments", document)
        status, reason = text_of(answer.body, "status"), answer.reason
        if not answer.is_accepted and reason in CARD_REFUSED:
            return self._card_refused(call, fields, answer)
        if not answer.is_accepted or (status == "DECLINED" and reason in NOT_THE_ISSUERS):
            raise refusal(ours.exchange.name, f"The authorization for {order_number}", answer)
        approved = bool(text_of(part(answer.body, "processorInformation"), "approvalCode"))
        judgement = judge(status, reason, ours.policy, approved=approved)
        if (
            ours.settings.payment_type == "check"
            and status in FOLLOW_ON_STATUSES[Operation.CAPTURE]
        ):
            judgement = Judgement(Verdict.APPROVED, reason)
        if judgement is None:
            raise unknown_status(ours.exchange.name, status, reason)
        with reading_success(ours.exchange.name):
            observation = authorization_of(
                answer.body,
                judgement,
                Source.REPLY,
                stored_token=ours.settings.stored_token,
                code=order_number,
            )
        observation = replace(
            observation,
            attempt_key=values.required_text(fields, "attempt_key"),
            token=observation.token or _stored_token(fields),
        )
        observation = taken_at_once(observation, ours.settings)
        receipt = ours.receipt("payment", observation, status)
        return self._with_network_id(receipt, fields, answer.body)

    async def _with_previous(self, call: Call, fields: Fields) -> Fields:
        """With the network's id of the payment before, looked up where nobody was told of it; as
        it was where Cybersource has none or does not let us look.

        Raises Transient (not sent) while it is not visible.
        """
        credential = values.group(fields, "stored_credential")
        payment = values.text(credential, "previous_payment")
        if not payment or values.text(credential, "previous_transaction"):
            return fields
        try:
            hit = await self._operations.search.one(call, payment)
        except (Misconfigured, Rejected):
            return fields
        if hit is None:
            raise Transient(
                f"{self._operations.exchange.name}: the payment {payment} is not visible yet.",
                sent="no",
                reason="not_visible",
            )
        previous = {"previous_transaction": network_transaction(hit.body)}
        return {**fields, "stored_credential": {**credential, **previous}}

    def _with_network_id(
        self, receipt: Receipt, fields: Fields, body: Mapping[str, Any]
    ) -> Receipt:
        """Of a payment with a stored card, the network's id of it is kept for those to come."""
        id_ = network_transaction(body)
        token = any(observation.token for observation in receipt.observations)
        if not id_ or not (token or values.group(fields, "stored_credential")):
            return receipt
        connection = self._operations.opening.connection
        reference = ExternalReference(connection, NETWORK_TRANSACTION, id_)
        return replace(
            receipt,
            references=(*receipt.references, reference),
            fields={**receipt.fields, "network_transaction": id_},
        )

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search, under the order number, with the attempt's key.

        What Cybersource has undone itself is found as UNDONE: it must not be adopted.
        """
        attempt_key = values.required_text(fields, "attempt_key")

        def attempt(hits: list[Hit]) -> Observation | None:
            own = [hit for hit in hits if hit.operation in _OURS and hit.key == attempt_key]
            bodies.update((hit.id, hit.body) for hit in own)
            seen = [self._seen(hit, hits) for hit in own if not is_half_undone(hit, hits)]
            return first_that_counts(seen)

        bodies: dict[str, Mapping[str, Any]] = {}
        order_number = values.required_text(fields, "order_number")
        found = await self._operations.find(call, order_number, sent_at, attempt, kind="payment")
        if not isinstance(found, Found):
            return found
        body = bodies.get(found.receipt.observations[0].request_id, {})
        return Found(self._with_network_id(found.receipt, fields, body))

    async def fence(self, call: Call, fields: Fields) -> Fenced:
        """POST /pts/v2/reversals with the attempt's key: undone, or never to be.

        What a sale has taken is voided first: that leaves the hold, which is then reversed. The
        amount is the one that was asked for: a partial hold is refused as INVALID_AMOUNT and
        then found by search. Raises as `fences.check_not_early` and `fences.fence_refused` say.
        """
        ours = self._operations
        order_number = values.required_text(fields, "order_number")
        attempt_key = values.required_text(fields, "attempt_key")
        amount = values.money_above_zero(fields, "amount")
        document = {
            "clientReferenceInformation": client_reference(order_number, attempt_key),
            "reversalInformation": {
                "amountDetails": amount_details(amount),
                "reason": "time-out",
            },
        }
        doing = f"The time-out reversal for {order_number}"
        check_not_early(ours, call, doing)
        if ours.settings.sale:
            await void_by_key(ours, replace(call, key=attempt_key), order_number, Operation.SALE)
        answer = await ours.exchange.write(call, "/pts/v2/reversals", document)
        if answer.status != 201:
            return fence_refused(ours, doing, answer)
        return fenced(
            follow_on_receipt(
                ours, Operation.REVERSAL, answer, order_number, attempt_key=attempt_key
            )
        )

    def _card_refused(self, call: Call, fields: Fields, answer: Answer) -> Receipt:
        """A card that is not taken is the shopper's matter, like a decline; nothing was asked of
        its issuer."""
        attempt_key = values.required_text(fields, "attempt_key")
        refused = Observation(
            operation=Operation.AUTHORIZATION,
            verdict=Verdict.DECLINED,
            source=Source.REPLY,
            order_number=values.required_text(fields, "order_number"),
            request_id=text_of(answer.body, "id") or f"{attempt_key}:refused",
            occurred_at=call.now,
            attempt_key=attempt_key,
            reason=answer.reason,
        )
        return self._operations.receipt("payment", refused, "DECLINED")

    def _seen(self, hit: Hit, hits: list[Hit]) -> Observation:
        return self._operations.search.decided(hit, undone=is_reversed(hit, hits))


def _stored_token(fields: Fields) -> str:
    """What was paid with, where that was stored before: it can be paid with again."""
    return values.required_text(fields, "token") if fields.get("token_kind") == "tms" else ""
