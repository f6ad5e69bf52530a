"""Own hits: what search shows of an operation under our own key, and the time-out void by it."""

from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector.abilities import Call, Fenced
from tillbridge_cybersource.fences import check_not_early, fence_refused, fenced
from tillbridge_cybersource.follow_ons import follow_on_receipt
from tillbridge_cybersource.observations import first_that_counts
from tillbridge_cybersource.operations import Operations, client_reference
from tillbridge_cybersource.search import Hit

CALLS = frozenset({"void.mit_void"})


def own_hit(
    operations: Operations, operation: Operation, key: str, hits: list[Hit]
) -> Observation | None:
    """What this key did; one that was voided since is UNDONE. None when none shows.

    Raises Transient while Cybersource itself does not know how it ended.
    """
    own = [hit for hit in hits if hit.operation is operation and hit.key == key]
    decided = operations.search.decided
    return first_that_counts([decided(hit, undone=is_voided(hit, hits)) for hit in own])


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
