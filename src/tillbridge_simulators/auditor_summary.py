"""A day in numbers, as each system tells it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from tillbridge_simulators.auditor_dossier import DYNAMICS365, Dossier, Hold, erps_of, open_dossiers
from tillbridge_simulators.auditor_evidence import Evidence
from tillbridge_simulators.auditor_promises import waits_for_a_person

Amounts: TypeAlias = dict[str, Decimal]
"""By currency; never summed across."""

_REPEATED = ("DUPLICATE_REQUEST", "AUTH_ALREADY_REVERSED")


@dataclass(frozen=True, slots=True)
class Money:
    """What became of what was authorized, in one currency: held = captured + reversed + open +
    released (the rest that a last capture gave back)."""

    held: Decimal
    captured: Decimal
    reversed: Decimal
    released: Decimal
    open: Decimal


@dataclass(frozen=True, slots=True)
class Books:
    """One ERP: its live sales orders, the cancelled ones, and by currency what they come to."""

    live: int
    on_hold: int
    cancelled: int
    worth: Amounts


@dataclass(frozen=True, slots=True)
class Summary:
    """A day in numbers.

    Attributes:
        shop: orders by what the shop believes of them; one that waits for somebody's decision
            is "in review".
        sold, paid: by currency, the totals of shipped orders and what the shop was told is paid.
        authorizations: Cybersource's answers by status.
        reversals: holds released, by our request or by a fence.
        money: by currency, at Cybersource.
        books: by ERP.
        repeats: by system, writes it recognized as repeated and did not act on again.
    """

    orders: int
    shop: Mapping[str, int]
    sold: Amounts
    paid: Amounts
    authorizations: Mapping[str, int]
    captures: int
    reversals: int
    money: Mapping[str, Money]
    books: Mapping[str, Books]
    repeats: Mapping[str, int]


def summarize(evidence: Evidence) -> Summary:
    """The day in numbers."""
    dossiers = list(open_dossiers(evidence).values())
    payments = evidence.cybersource
    return Summary(
        orders=len(dossiers),
        shop=dict(Counter(_word(dossier) for dossier in dossiers)),
        sold=_sums((d.currency, d.believed("total")) for d in dossiers if d.state == "shipped"),
        paid=_sums((d.currency, d.believed("paid")) for d in dossiers),
        authorizations=dict(
            Counter(str(entry.facts["status"]) for entry in payments.of("authorization"))
        ),
        captures=sum(len(dossier.captures) for dossier in dossiers),
        reversals=sum(1 for _ in payments.of("reversal", "undone_by_fence")),
        money=_money([hold for dossier in dossiers for hold in dossier.holds]),
        books={erp: _books(dossiers, erp) for erp in erps_of(evidence)},
        repeats=_repeats(evidence),
    )


def _word(dossier: Dossier) -> str:
    return "in review" if waits_for_a_person(dossier) else dossier.state or "unknown to the shop"


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> Amounts:
    found: Amounts = {}
    for currency, amount in amounts:
        if amount:
            found[currency] = found.get(currency, Decimal(0)) + amount
    return found


def _money(holds: list[Hold]) -> dict[str, Money]:
    return {
        currency: _money_in([hold for hold in holds if hold.currency == currency])
        for currency in sorted({hold.currency for hold in holds})
    }


def _money_in(holds: list[Hold]) -> Money:
    held = sum((hold.amount for hold in holds), Decimal(0))
    captured = sum((hold.captured for hold in holds), Decimal(0))
    reversed_ = sum((hold.reversed for hold in holds), Decimal(0))
    still = sum((hold.open for hold in holds), Decimal(0))
    return Money(held, captured, reversed_, held - captured - reversed_ - still, still)


def _books(dossiers: list[Dossier], erp: str) -> Books:
    found = [order for dossier in dossiers for order in dossier.sales_orders if order.erp == erp]
    live = [order for order in found if order.is_live]
    return Books(
        live=len(live),
        on_hold=sum(order.on_hold for order in live),
        cancelled=len(found) - len(live),
        worth=_sums((order.currency, order.total) for order in live),
    )


def _repeats(evidence: Evidence) -> dict[str, int]:
    """By the Precondition Failed of Dynamics, and by the keys of messages the shop had kept."""
    kept: set[str] = set()
    repeats = Counter[str]()
    for entry in evidence.shop.of("shop_message", "request"):
        key = str(entry.facts.get("key", ""))
        if entry.kind == "shop_message":
            kept.add(key)
        elif key in kept:
            repeats["the shop"] += 1
    if evidence.dynamics365 is not None:
        for entry in evidence.dynamics365.of("request"):
            repeats[DYNAMICS365] += entry.facts["status"] == 412
    for entry in evidence.cybersource.of("refused"):
        repeats["Cybersource"] += entry.facts["reason"] in _REPEATED
    return dict(repeats)
