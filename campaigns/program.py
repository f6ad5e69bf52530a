"""What happens in a town: the shoppers, what they buy, and what goes wrong outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeAlias

from tillbridge_simulators.faults import Fault, FaultKind, Rule
from tillbridge_simulators.shop.shoppers import Ending, Purchase, purchase, shipments

System: TypeAlias = str
"""A simulator by its name in tillbridge_simulators.world."""

_CURRENCIES = ("USD",)


@dataclass(frozen=True, slots=True)
class Shopper:
    """One shopper.

    Attributes:
        cards: how each card tried ends (outcomes of the simulated Cybersource).
        ending: what becomes of the order.
        faults: by system, what goes wrong for this order: operation, kind, seconds.
        again: the same for the second request of its kind.
    """

    name: str
    cards: tuple[str, ...] = ("authorized",)
    ending: Ending = "ship"
    faults: tuple[tuple[System, str, FaultKind, float], ...] = ()
    again: tuple[tuple[System, str, FaultKind, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A town's shoppers, and the settings on both sides.

    Attributes:
        account: options of the simulated Cybersource account.
        connection: settings of our connection to it.
        timeout_s: our connection's time-out.
        stores_cards: every card that pays is stored, to be charged again.
    """

    shoppers: tuple[Shopper, ...]
    account: Mapping[str, Any] = field(default_factory=dict)
    connection: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int = 30
    stores_cards: bool = False


PAYMENTS, SHOP = "cybersource", "shop"
ERP = "erp"
"""Stands for whichever ERP the town has."""

MORNING = (
    Shopper("plain", faults=((SHOP, "fulfilment", "twice", 0),)),
    Shopper(
        "authorization answered, nobody hears it",
        faults=((PAYMENTS, "authorization", "lose_answer", 0), (PAYMENTS, "webhook", "lost", 0)),
    ),
    Shopper(
        "cancelled, told twice",
        ending="cancel",
        faults=(
            (SHOP, "cancellation", "twice", 0),
            (PAYMENTS, "reversal", "lose_answer", 0),
            (ERP, "sales_order", "lose_answer", 0),
        ),
    ),
    Shopper(
        "in review",
        cards=("review",),
        faults=(
            (ERP, "payment_transaction", "lose_answer", 0),
            (SHOP, "payment_status", "lose_answer", 0),
        ),
    ),
)
AFTERNOON = (
    Shopper(
        "in two parcels, the second first",
        ending="ship_in_two",
        faults=((SHOP, "fulfilment", "late", 10), (PAYMENTS, "webhook", "late", 20)),
    ),
    Shopper("authorized after every deadline", faults=((PAYMENTS, "authorization", "late", 90),)),
    Shopper(
        "second card, asked twice",
        cards=("insufficient_fund", "authorized"),
        faults=((SHOP, "checkout", "twice", 0), (PAYMENTS, "webhook", "twice", 0)),
    ),
    Shopper(
        "capture answered, nobody hears it",
        ending="ship_in_two",
        faults=((PAYMENTS, "capture", "lose_answer", 0), (ERP, "sales_order", "late", 20)),
    ),
)
PARCELS = (
    Shopper(
        "in two parcels, the second first",
        ending="ship_in_two",
        faults=((SHOP, "fulfilment", "late", 10), (PAYMENTS, "webhook", "late", 20)),
    ),
    Shopper(
        "authorized anew, nobody hears it",
        ending="ship_in_two",
        faults=((PAYMENTS, "webhook", "lost", 0),),
        again=((PAYMENTS, "authorization", "lose_answer", 0),),
    ),
    Shopper(
        "authorized anew after every deadline",
        ending="ship_in_two",
        again=((PAYMENTS, "authorization", "late", 90),),
    ),
    Shopper(
        "capture answered, nobody hears it",
        ending="ship_in_two",
        faults=((PAYMENTS, "capture", "lose_answer", 0), (ERP, "sales_order", "late", 20)),
    ),
)
"""The halves of an everyday town's day: what goes wrong in each, besides a process's death. PARCELS
is an afternoon where a hold takes one capture."""


def one_capture(*shoppers: Shopper) -> Program:
    """A program where a hold takes one capture: what ships later is authorized anew."""
    settings = {"partial_captures": "no"}
    return Program(shoppers, {"partial_captures": False}, settings, stores_cards=True)


def purchases(seed: int, shoppers: Sequence[Shopper]) -> list[Purchase]:
    """What the shoppers buy; one who gets two parcels buys at least two lines."""
    found = []
    number = 0
    for shopper in shoppers:
        while True:
            number += 1
            drawn = purchase(seed, number, _CURRENCIES, "C")
            wanted = replace(drawn, cards=shopper.cards, ending=shopper.ending)
            if shopper.ending != "ship_in_two" or _splits_small_first(wanted):
                break
        found.append(wanted)
    return found


def rules(shopper: Shopper, order_number: str, erp: System) -> dict[System, list[Rule]]:
    """The faults of one order: what is slow or lost is so every time, the rest goes wrong once."""
    found: dict[System, list[Rule]] = {}
    for after, faults in enumerate((shopper.faults, shopper.again)):
        for system, operation, kind, seconds in faults:
            name = erp if system == ERP else system
            times = None if kind in ("slow", "lost") else 1
            fault = Fault(kind, seconds)
            rule = Rule(operation, fault, subject=order_number, times=times, after=after)
            found.setdefault(name, []).append(rule)
    return found


def _splits_small_first(wanted: Purchase) -> bool:
    """Whether the first parcel could be captured twice without passing the hold."""
    parts = shipments(wanted)
    if len(parts) < 2:
        return False
    early, late = (Decimal(part["amount"]["amount"]) for part in parts)
    return early < late
