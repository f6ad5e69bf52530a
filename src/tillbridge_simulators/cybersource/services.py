"""Everything this account serves, noun by noun."""

from collections.abc import Iterable, Sequence

from tillbridge_simulators.cybersource import (
    authentications,
    cases,
    conversions,
    customers,
    disputes,
    fences,
    followons,
    identifiers,
    invoices,
    payment_instruments,
    payment_links,
    payments,
    plans,
    refunds,
    search,
    subscribers,
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
    *cases.SERVICES,
    *authentications.SERVICES,
    *disputes.SERVICES,
    *customers.SERVICES,
    *payment_instruments.SERVICES,
    *identifiers.SERVICES,
    *plans.SERVICES,
    *subscriptions.SERVICES,
    *invoices.SERVICES,
    *subscribers.SERVICES,
    *payment_links.SERVICES,
)


def served() -> Iterable[str]:
    """The keys of the recorded index that are answered here."""
    return (service.key for service in SERVICES)
