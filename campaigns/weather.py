"""The weather: what goes wrong outside all day long, by chance, in each simulator."""

from collections.abc import Mapping
from typing import Final

from tillbridge_simulators.faults import Fault, FaultKind, Rule
from tillbridge_simulators.world import World

LATE_S: Final = 100.0
"""A call that is said to be late takes effect so much later: after every deadline of ours, and
before absence is taken for proof (the connection's `absent_after_s`)."""
STORM_WAIT_S: Final = 1.0
"""What a system that is asked too much says in Retry-After, which is in whole seconds."""

_WEATHER: Final[Mapping[str, tuple[tuple[str, FaultKind, float, float, int], ...]]] = {
    "cybersource": (
        ("authorization", "lose_answer", 0.006, 0, 0),
        ("authorization", "late", 0.003, LATE_S, 0),
        ("authorization", "refuse", 0.004, 0, 502),
        ("authorization", "refuse", 0.003, 0, 429),
        ("authorization", "break_before", 0.003, 0, 0),
        ("authorization", "slow", 0.02, 6, 0),
        ("capture", "lose_answer", 0.01, 0, 0),
        ("capture", "late", 0.005, LATE_S, 0),
        ("capture", "refuse", 0.005, 0, 503),
        ("capture", "refuse", 0.003, 0, 429),
        ("reversal", "lose_answer", 0.03, 0, 0),
        ("reversal", "late", 0.02, LATE_S, 0),
        ("timeout_reversal", "lose_answer", 0.03, 0, 0),
        ("timeout_reversal", "refuse", 0.02, 0, 500),
        ("search", "refuse", 0.02, 0, 500),
        ("conversion_details", "refuse", 0.02, 0, 503),
        ("webhook", "lost", 0.03, 0, 0),
        ("webhook", "twice", 0.05, 0, 0),
        ("webhook", "late", 0.10, 40, 0),
    ),
    "dynamics365": (
        ("sales_order", "lose_answer", 0.01, 0, 0),
        ("sales_order", "late", 0.005, LATE_S, 0),
        ("sales_order", "refuse", 0.004, 0, 503),
        ("sales_order", "refuse", 0.004, 0, 429),
        ("sales_order_release", "lose_answer", 0.05, 0, 0),
        ("sales_order_cancellation", "lose_answer", 0.05, 0, 0),
        ("payment_transaction", "lose_answer", 0.01, 0, 0),
        ("payment_transaction", "late", 0.005, LATE_S, 0),
        ("token", "refuse", 0.05, 0, 500),
        ("*", "slow", 0.01, 4, 0),
        ("*", "refuse", 0.002, 0, 500),
    ),
    "sagepro": (
        ("sales_order", "lose_answer", 0.02, 0, 0),
        ("sales_order", "late", 0.004, LATE_S, 0),
        ("sales_order", "refuse", 0.02, 0, 1205),
        ("sales_order", "refuse", 0.01, 0, 1222),
        ("payment_transaction", "lose_answer", 0.02, 0, 0),
        ("sales_order_cancellation", "lose_answer", 0.05, 0, 0),
        ("login", "slow", 0.02, 4, 0),
    ),
    "shop": (
        ("checkout", "twice", 0.02, 0, 0),
        ("checkout", "lose_answer", 0.02, 0.05, 0),
        ("fulfilment", "twice", 0.05, 0, 0),
        ("fulfilment", "late", 0.08, 8, 0),
        ("fulfilment", "lose_answer", 0.03, 0, 0),
        ("cancellation", "twice", 0.05, 0, 0),
        ("payment_status", "lose_answer", 0.02, 0, 0),
        ("payment_status", "late", 0.01, 20, 0),
        ("payment_status", "refuse", 0.01, 0, 503),
    ),
}
"""By system: operation, kind, chance for each request, seconds, status."""


def set_in(world: World, roughness: float, *, late: bool, lost: float | None = None) -> None:
    """From now on all of it may happen, so many times as often; without `late` nothing takes
    effect after its deadline. `lost` is the share of webhooks that are, if not the usual one."""
    for system, rows in _WEATHER.items():
        faults = getattr(world, system).faults
        faults.rules = [
            Rule(operation, Fault(kind, seconds, status), chance=chance * roughness)
            for operation, kind, chance, seconds, status in rows
            if late or kind != "late"
        ]
    if lost is not None:
        assert world.cybersource is not None, "this town has payments"
        world.cybersource.faults.rules.insert(0, Rule("webhook", Fault("lost"), chance=lost))


def storm(world: World, system: str, requests: int) -> None:
    """So many requests from now on are answered that there were too many."""
    # The status that each system has for it; Sage Pro's is a deadlock.
    operation, status = ("sales_order", 1205) if system == "sagepro" else ("*", 429)
    fault = Fault("refuse", STORM_WAIT_S, status)
    getattr(world, system).faults.rules.insert(0, Rule(operation, fault, times=requests))


def clear(world: World) -> None:
    """Nothing goes wrong any more."""
    for system in _WEATHER:
        faults = getattr(world, system).faults
        faults.rules = []
        faults.down = False


def faults_of(world: World) -> int:
    """How many requests and messages went wrong."""
    return sum(getattr(world, system).faults.drawn for system in _WEATHER)
