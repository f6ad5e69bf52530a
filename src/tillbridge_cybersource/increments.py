"""PATCH /pts/v2/payments/{id}: an authorization is made larger while it is held.

Sources: REST API reference, "Increment an Authorization"; Payments Developer Guide, Incremental
Authorizations. Not documented: what search calls it, and whether a time-out reversal undoes it
alone. Its request takes no comments, in which our key comes back: so a lost answer is settled by
what search shows of the same hold with the same amount since it was sent.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.observations import first_that_counts, follow_on_of, text_of
from tillbridge_cybersource.operations import Operations, reading_success
from tillbridge_cybersource.search import Hit
from tillbridge_cybersource.shapes import INCREMENT
from tillbridge_cybersource.statuses import NOT_THE_ISSUERS, refusal, unknown_status

CALLS = frozenset({"payments.increment_auth"})
_VERDICTS = {
    "AUTHORIZED": Verdict.APPROVED,
    "AUTHORIZED_PENDING_REVIEW": Verdict.APPROVED,  # the issuer holds it; who reviews the order
    "DECLINED": Verdict.DECLINED,  # reviews the whole of it
}


class Increments:
    """The write `increment`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.write = Write(INCREMENT, "find", self.send, find=self.find)

    async def send(self, call: Call, fields: Fields) -> Receipt:
        """Asks the issuer to hold more. A decline is a receipt: what was held stays held."""
        ours = self._operations
        authorization_id = values.required_text(fields, "authorization_id")
        order_number = values.required_text(fields, "order_number")
        path = f"/pts/v2/payments/{quote(authorization_id, safe='')}"
        answer = await ours.exchange.write(call, path, self._document(call, fields), "PATCH")
        status = text_of(answer.body, "status")
        is_theirs = status == "DECLINED" and answer.reason in NOT_THE_ISSUERS
        if is_theirs or not answer.is_accepted:
            raise refusal(ours.exchange.name, f"The increment for {order_number}", answer)
        if status not in _VERDICTS:
            raise unknown_status(ours.exchange.name, status, answer.reason)
        with reading_success(ours.exchange.name):
            told = follow_on_of(
                Operation.INCREMENT,
                answer.body,
                Source.REPLY,
                parent_id=authorization_id,
                verdict=_VERDICTS[status],
                code=order_number,
            )
        return ours.receipt("increment", self._added(told, call.key, fields), status)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By search: an increment of this hold, of this amount, since it was sent."""
        authorization_id = values.required_text(fields, "authorization_id")
        amount = values.money_above_zero(fields, "amount")
        since = sent_at.replace(microsecond=0)  # Cybersource writes whole seconds

        def own(hits: list[Hit]) -> Observation | None:
            found = [
                self._operations.search.decided(hit, undone=False)
                for hit in hits
                if hit.operation is Operation.INCREMENT
                and (hit.root_id, hit.amount) == (authorization_id, amount)
            ]
            since_then = [one for one in found if one.occurred_at >= since]
            seen = first_that_counts(since_then)
            return None if seen is None else self._added(seen, call.key, fields)

        order_number = values.required_text(fields, "order_number")
        return await self._operations.find(call, order_number, sent_at, own, kind="increment")

    def _added(self, told: Observation, key: str, fields: Fields) -> Observation:
        """With what was added: an answer may say the whole hold."""
        amount = values.money_above_zero(fields, "amount")
        held = told.verdict is Verdict.APPROVED
        return replace(told, attempt_key=key, amount=amount if held else None)

    def _document(self, call: Call, fields: Fields) -> Mapping[str, object]:
        amount = values.money_above_zero(fields, "amount")
        order_number = values.required_text(fields, "order_number")
        reference = {"code": order_number, "transactionId": call.key}
        details = {"additionalAmount": amount.text, "currency": amount.currency}
        return {
            "clientReferenceInformation": reference,
            "orderInformation": {"amountDetails": details},
        }
