"""Everything this account serves, noun by noun."""

from collections.abc import Iterable, Sequence

from tillbridge_simulators.cybersource import (
    conversions,
    customers,
    fences,
    followons,
    identifiers,
    payment_instruments,
    payments,
    plans,
    refunds,
    search,
    subscriptions,
)
from tillbridge_simulators.cybersource.service import Service

SERVICES: Sequence[Service] = (
    *payments.SERVICES,
    *followons.SERVICES,
    *fences.SERVICES,
    *refunds.SERVICES,
    *search.SERVICES,
    *conversions.SERVICES,
    *customers.SERVICES,
    *payment_instruments.SERVICES,
    *identifiers.SERVICES,
    *plans.SERVICES,
    *subscriptions.SERVICES,
)


def served() -> Iterable[str]:
    """The keys of the recorded index that are answered here."""
    return (service.key for service in SERVICES)
