"""What follows an authorization: what is sent of it, and what an accepted answer proves."""

from collections.abc import Mapping
from dataclasses import replace

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Operation, Source
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.level_data import with_level_data
from tillbridge_cybersource.observations import follow_on_of, text_of
from tillbridge_cybersource.operations import (
    Operations,
    amount_details,
    client_reference,
    merchant_defined,
    reading_success,
)
from tillbridge_cybersource.statuses import FOLLOW_ON_STATUSES, refusal, unknown_status

_NO = {
    Operation.VOID: "FAILED",
    Operation.REFUND: "DECLINED",
    Operation.CREDIT: "DECLINED",
}
"""The documented status words that say no (PtsV2PaymentsVoidsPost201Response and its siblings)."""
_REFERENCE_KEY = "1"
"""The merchant-defined field that has the shipment, unless the mapping gives it another use."""


def follow_on_document(call: Call, fields: Fields, amount: Money) -> dict[str, object]:
    """What captures, refunds and credits say alike."""
    document: dict[str, object] = {
        "clientReferenceInformation": client_reference(
            values.required_text(fields, "order_number"), call.key
        ),
        "orderInformation": with_level_data(
            {"amountDetails": amount_details(amount)}, fields, amount
        ),
    }
    defined = _defined(fields)
    if defined:
        document["merchantDefinedInformation"] = defined
    return document


def _defined(fields: Fields) -> list[Mapping[str, str]]:
    reference = values.text(fields, "reference")[:50]
    defined = merchant_defined(fields)
    if reference and all(field["key"] != _REFERENCE_KEY for field in defined):
        return [{"key": _REFERENCE_KEY, "value": reference}, *defined]
    return defined


def follow_on_receipt(
    operations: Operations,
    operation: Operation,
    answer: Answer,
    order_number: str,
    *,
    parent_id: str = "",
    attempt_key: str = "",
) -> Receipt:
    """The receipt of a follow-on that was accepted.

    Raises:
        Rejected, Transient, Misconfigured: it was not; see `statuses.refusal`.
        Transient: "perhaps", when its status or its body is none that is known.
    """
    name = operations.exchange.name
    status = text_of(answer.body, "status")
    if not answer.is_accepted or status == _NO.get(operation):
        raise refusal(name, f"The {operation} for {order_number}", answer)
    if status not in FOLLOW_ON_STATUSES[operation]:
        raise unknown_status(name, status, answer.reason)
    with reading_success(name):
        observation = follow_on_of(
            operation, answer.body, Source.REPLY, parent_id=parent_id, code=order_number
        )
    if attempt_key:
        observation = replace(observation, attempt_key=attempt_key)
    return operations.receipt(operation.value, observation, status)
