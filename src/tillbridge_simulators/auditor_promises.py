"""The promises, one function each: sentences about what of an order breaks it; none is kept.

The day is over when the auditor comes: nothing is under way any more. What waits for a person (a
review nobody has decided) is not broken.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from tillbridge_simulators.auditor_dossier import Dossier, Hold, SalesOrder

Promise: TypeAlias = Callable[[Dossier], Iterator[str]]

_PAID_STATES = ("authorized", "shipped")
_ENDINGS = ("declined", "challenge", "refused", "gave_up", "cancelled", "shipped")
_RANKS = {"in_review": 1, "authorized": 2, "captured": 3, "declined": 4, "reversed": 4}


def lost(order: Dossier) -> Iterator[str]:
    """An order the shop was told is paid (or in review) has no sales order in an ERP; a shipment
    answered 2xx was not captured; a cancellation answered 2xx did not release the hold."""
    wanted = order.state in _PAID_STATES or waits_for_a_person(order)
    for erp in order.erps if wanted else ():
        if not order.live_sales_orders(erp):
            yield f"is {order.state} in the shop and has no live sales order in {erp}"
    if "fulfilment" in order.taken and order.captured < order.believed("due"):
        yield f"shipped {order.believed('due')} and only {order.captured} was captured"
    if "cancellation" in order.taken:
        for hold in order.holds:
            if hold.open:
                yield f"was cancelled and {hold.id} still holds {hold.open} {hold.currency}"


def live_auths_over_one(order: Dossier) -> Iterator[str]:
    """Authorizations of one order beyond the first that hold money, or have taken some, at the
    end, unless made anew for a later shipment; and beside each capture every other authorization
    that was then neither reversed nor undone, unless it is counted already. Two holds at once of
    which one is reversed before anything is captured are not counted: no shopper was charged, and
    no hold stayed."""
    counted: set[str] = set()
    for hold in order.live_holds[1:]:
        if order.is_anew(hold):
            continue
        counted.add(hold.id)
        yield f"has a further live authorization {hold.id} of {hold.amount} {hold.currency}"
    for capture in order.captures:
        for hold in order.holds:
            beside = hold.id not in counted and hold.id != capture.hold_id
            if beside and not hold.is_live and _held_at(hold, capture.number):
                counted.add(hold.id)
                yield f"was captured while {hold.id} held {hold.amount} {hold.currency} as well"


def overcaptured(order: Dossier) -> Iterator[str]:
    """More was captured than the shop's total, or than the authorization held."""
    for hold in order.holds:
        if hold.captured > hold.amount:
            yield f"had {hold.captured} captured of {hold.id}, which held {hold.amount}"
    if order.belief and order.captured > order.believed("total"):
        yield f"is worth {order.believed('total')} and {order.captured} was captured"


def overrefunded(order: Dossier) -> Iterator[str]:
    """More went back to the shopper than was captured, or other than the shop was told."""
    for hold in order.holds:
        if hold.refunded > hold.captured:
            yield f"had {hold.refunded} refunded of {hold.id}, and {hold.captured} was captured"
    if order.belief and order.refunded != order.believed("refunded"):
        yield f"was told of {order.believed('refunded')} and {order.refunded} was refunded"


def orphan_holds(order: Dossier) -> Iterator[str]:
    """Money is held that nobody is going to capture or reverse: by the shop's belief the order
    has ended, or the shop does not know it. A hold in review is nobody's orphan until it is
    decided; neither is one whose shipment or cancellation the shop itself lost."""
    if order.untold or order.state in ("new", "authorized") or waits_for_a_person(order):
        return
    for hold in order.holds:
        if hold.open:
            word = order.state or "unknown to the shop"
            yield f"is {word} and {hold.id} still holds {hold.open} {hold.currency}"


def sales_orders_over_one(order: Dossier) -> Iterator[str]:
    """More than one live sales order in one ERP."""
    for erp in order.erps:
        for extra in order.live_sales_orders(erp)[1:]:
            yield f"has a further live sales order {extra.id} in {erp}"


def captured_without_order(order: Dossier) -> Iterator[str]:
    """Money was taken and an ERP has no live sales order at the end, or had none yet at the
    moment of the capture (the simulators of one world share a clock)."""
    for erp in order.erps if order.captures else ():
        if not order.live_sales_orders(erp):
            yield f"had {order.captured} captured and has no live sales order in {erp}"
        elif order.captures[0].at < order.written_at.get(erp, 0.0):
            yield f"was captured before it was in {erp}"


def order_without_payment(order: Dossier) -> Iterator[str]:
    """A live sales order that is not on hold, and no authorization holds or has taken money."""
    if order.live_holds:
        return
    for erp in order.erps:
        for sales_order in order.live_sales_orders(erp):
            if not sales_order.on_hold:
                yield f"is released in {erp} ({sales_order.id}) and nothing is held or captured"


def amounts_differ(order: Dossier) -> Iterator[str]:
    """A live authorization, a capture, a live sales order or its lines, or what the shop
    believes is paid, is off by a cent, a unit or a currency."""
    if not order.belief:
        return
    yield from _holds_differ(order)
    for erp in order.erps:
        for sales_order in order.live_sales_orders(erp):
            yield from _sales_order_differs(order, sales_order)
    if order.believed("paid") != order.captured:
        yield f"is paid {order.believed('paid')} in the shop and {order.captured} was captured"


def stuck(order: Dossier) -> Iterator[str]:
    """The shop's order came to no ending, and it is not a person it waits for."""
    if order.belief and order.state not in _ENDINGS and not waits_for_a_person(order):
        yield f"is still {order.state} in the shop"


def state_regressions(order: Dossier) -> Iterator[str]:
    """The shop was told of a state of an attempt after it was told of a later one."""
    reached: dict[str, tuple[int, str]] = {}
    for message in order.belief.get("messages", ()):
        attempt, status = str(message.get("attempt_key")), str(message["status"])
        rank = _RANKS.get(status, 0)
        before, word = reached.get(attempt, (0, status))
        if rank and (rank < before or (rank == before and status != word)):
            yield f"was told {status} after {word}"
        elif rank:
            reached[attempt] = (rank, status)


PROMISES: Mapping[str, Promise] = {
    promise.__name__: promise
    for promise in (
        lost,
        live_auths_over_one,
        overcaptured,
        overrefunded,
        orphan_holds,
        sales_orders_over_one,
        captured_without_order,
        order_without_payment,
        amounts_differ,
        stuck,
        state_regressions,
    )
}


def waits_for_a_person(order: Dossier) -> bool:
    """The shop believes it is in review, money is held, and nobody has decided yet."""
    undecided = [hold for hold in order.holds if hold.open and not hold.decided]
    return order.state == "in_review" and bool(undecided)


def _held_at(hold: Hold, number: int) -> bool:
    return hold.began < number and (hold.ended is None or hold.ended > number)


def _holds_differ(order: Dossier) -> Iterator[str]:
    due = (order.believed("total"), order.currency)
    for hold in order.live_holds:
        anew = hold.currency == order.currency and order.is_anew(hold)
        if (hold.amount, hold.currency) != due and not anew:
            yield f"is worth {due[0]} {due[1]} and {hold.id} holds {hold.amount} {hold.currency}"
    told = "fulfilment" in order.taken
    shipped = order.believed("due") if told else Decimal(0)
    if order.captured > shipped:
        yield f"shipped {shipped} and {order.captured} was captured"
    taken = sum((capture.amount for capture in order.captures), Decimal(0))
    if taken != order.captured:
        yield f"has captures of {taken} and {order.captured} taken of its holds"


def _sales_order_differs(order: Dossier, found: SalesOrder) -> Iterator[str]:
    due = (order.believed("total"), order.currency)
    if (found.total, found.currency) != due:
        yield f"is worth {due[0]} {due[1]} and {found.total} {found.currency} in {found.erp}"
    if found.lines_total != found.total:
        yield f"comes to {found.lines_total} by its lines in {found.erp}, not to {found.total}"
    if found.articles != order.articles():
        yield f"has other lines in {found.erp} than in the shop"
