"""Captures, reversals and voids as Cybersource accepts them, from a write or from a fence."""

from dataclasses import replace

from tillbridge.canonical.payments import Operation, Source
from tillbridge.connector.abilities import Receipt
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.observations import follow_on_of, text_of
from tillbridge_cybersource.operations import Operations, reading_success
from tillbridge_cybersource.statuses import FOLLOW_ON_STATUSES, refusal, unknown_status


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
    if answer.status != 201:
        raise refusal(name, f"The {operation} for {order_number}", answer)
    status = text_of(answer.body, "status")
    if status not in FOLLOW_ON_STATUSES[operation]:
        raise unknown_status(name, status, answer.reason)
    with reading_success(name):
        observation = follow_on_of(
            operation, answer.body, Source.REPLY, parent_id=parent_id, code=order_number
        )
    if attempt_key:
        observation = replace(observation, attempt_key=attempt_key)
    return operations.receipt(operation.value, observation, status)
