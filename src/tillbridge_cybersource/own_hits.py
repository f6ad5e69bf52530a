"""Own hits: what search shows of an operation under our own key, and the time-out void by it.

A capture, a refund and a credit are ended by them alike.
"""

from datetime import datetime

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector import values
from tillbridge.connector.abilities import (
    Call,
    Fenced,
    Finding,
    Found,
    NotYet,
    Receipt,
    Send,
    Write,
)
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_cybersource.fences import check_not_early, fence_refused, fenced
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.observations import first_that_counts
from tillbridge_cybersource.operations import Operations, client_reference
from tillbridge_cybersource.search import Hit

CALLS = frozenset({"void.mit_void"})


def own_write(
    operations: Operations, shape: DocumentShape, operation: Operation, send: Send
) -> Write:
    """A write that is found by its key, and fenced by the time-out void where there are fences."""

    async def find(call: Call, fields: Fields, sent_at: datetime) -> Finding:
        return await find_own(operations, call, fields, sent_at, operation)

    async def fence(call: Call, fields: Fields) -> Fenced:
        order_number = values.required_text(fields, "order_number")
        return await void_by_key(operations, call, order_number, operation)

    if operations.settings.fences:
        return Write(shape, "fence", send, find=find, fence=fence)
    return Write(shape, "find", send, find=find)


def own_hit(
    operations: Operations, operation: Operation, key: str, hits: list[Hit]
) -> Observation | None:
    """What this key did; one that was voided since is UNDONE. None when none shows.

    Raises Transient while Cybersource itself does not know how it ended.
    """
    own = [hit for hit in hits if hit.operation is operation and hit.key == key]
    decided = operations.search.decided
    return first_that_counts([decided(hit, undone=is_voided(hit, hits)) for hit in own])


async def find_own(
    operations: Operations, call: Call, fields: Fields, sent_at: datetime, operation: Operation
) -> Finding:
    """By search, with the key it travelled under.

    One that our own time-out void has undone is not found: its fence was not answered, and is sent
    again to learn that it has come to its end. Raises Unreconciled for one that somebody else has
    voided before we knew of it: a person says whether it is to be done again.
    """
    undone_by_us = False

    def seen(hits: list[Hit]) -> Observation | None:
        nonlocal undone_by_us
        undone_by_us = operations.settings.fences and is_fenced(operation, call.key, hits)
        return None if undone_by_us else own_hit(operations, operation, call.key, hits)

    order_number = values.required_text(fields, "order_number")
    finding = await operations.find(call, order_number, sent_at, seen, kind=operation.value)
    if isinstance(finding, Found) and _is_undone(finding.receipt):
        raise Unreconciled(
            f"{operations.exchange.name}: the {operation.value} for {order_number} took place and"
            " was voided since; not by a fence of ours.",
            reason="voided_elsewhere",
            next_step="Look it up in the Business Center. Say that it did not happen, and it is"
            " sent again; else cancel this.",
        )
    return NotYet(0.01) if undone_by_us else finding


def _is_undone(receipt: Receipt) -> bool:
    return any(seen.verdict is Verdict.UNDONE for seen in receipt.observations)


def is_fenced(operation: Operation, key: str, hits: list[Hit]) -> bool:
    """Whether all that this key did was voided under the same key, as only a fence does."""
    own = [hit for hit in hits if hit.operation is operation and hit.key == key]
    fences = [hit for hit in hits if hit.operation is Operation.VOID and hit.key == key]
    return bool(own) and all(is_voided(hit, fences) for hit in own)


def is_voided(hit: Hit, hits: list[Hit]) -> bool:
    """Whether another hit has voided it."""
    return any(
        other.operation is Operation.VOID and other.held and hit.id in other.related
        for other in hits
    )


def is_reversed(hit: Hit, hits: list[Hit]) -> bool:
    """Whether another hit has released what it held."""
    return any(
        other.operation is Operation.REVERSAL and other.held and other.root_id == hit.id
        for other in hits
    )


def is_half_undone(hit: Hit, hits: list[Hit]) -> bool:
    """A sale that is voided and still held: its fence has not come to its end."""
    is_sale = hit.operation is Operation.SALE
    return is_sale and is_voided(hit, hits) and not is_reversed(hit, hits)


async def void_by_key(
    operations: Operations, call: Call, order_number: str, operation: Operation
) -> Fenced:
    """POST /pts/v2/voids with the key of a capture, sale, refund or credit.

    Raises as `fences.check_not_early` and `fences.fence_refused` say.
    """
    document = {"clientReferenceInformation": client_reference(order_number, call.key)}
    doing = f"The time-out void for {order_number}"
    check_not_early(operations, call, doing)
    answer = await operations.exchange.write(call, "/pts/v2/voids", document)
    if answer.reason == "NOT_VOIDABLE":
        hits = await operations.search.hits(call, order_number)
        seen = own_hit(operations, operation, call.key, hits)
        if seen is not None and seen.verdict is Verdict.UNDONE:
            return Fenced(undone=True)
    if answer.status != 201:
        return fence_refused(operations, doing, answer)
    return fenced(follow_on_receipt(operations, Operation.VOID, answer, order_number))
