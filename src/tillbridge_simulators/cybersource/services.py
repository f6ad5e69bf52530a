"""Everything this account serves, noun by noun."""

from collections.abc import Iterable, Sequence

from tillbridge_simulators.cybersource import (
    conversions,
    fences,
    followons,
    payments,
    refunds,
    search,
)
from tillbridge_simulators.cybersource.service import Service

SERVICES: Sequence[Service] = (
    *payments.SERVICES,
    *followons.SERVICES,
    *fences.SERVICES,
    *refunds.SERVICES,
    *search.SERVICES,
    *conversions.SERVICES,
)


def served() -> Iterable[str]:
    """The keys of the recorded index that are answered here."""
    return (service.key for service in SERVICES)
