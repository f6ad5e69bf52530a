"""Everything this account serves, noun by noun."""

from collections.abc import Iterable, Sequence

from tillbridge_simulators.cybersource import (
    account_updates,
    authentications,
    batch_summaries,
    capture_contexts,
    cases,
    conversions,
    customers,
    defined_fields,
    disputes,
    fences,
    file_share,
    followons,
    identifiers,
    increments,
    invoices,
    network_tokens,
    payment_instruments,
    payment_credentials,
    payment_links,
    payments,
    plans,
    report_definitions,
    report_subscriptions,
    reports,
    search,
    settlement_details,
    subscribers,
    subscriptions,
    taxes,
    verifications,
    voids,
)
from tillbridge_simulators.cybersource.ask import Offer

OFFERS: Sequence[Offer] = (
    *payments.OFFERS,
    *followons.OFFERS,
    *increments.OFFERS,
    *fences.OFFERS,
    *voids.OFFERS,
    *search.OFFERS,
    *conversions.OFFERS,
    *cases.OFFERS,
    *verifications.OFFERS,
    *taxes.OFFERS,
    *authentications.OFFERS,
    *capture_contexts.OFFERS,
    *disputes.OFFERS,
    *customers.OFFERS,
    *payment_instruments.OFFERS,
    *account_updates.OFFERS,
    *identifiers.OFFERS,
    *network_tokens.OFFERS,
    *plans.OFFERS,
    *subscriptions.OFFERS,
    *invoices.OFFERS,
    *payment_credentials.OFFERS,
    *defined_fields.OFFERS,
    *subscribers.OFFERS,
    *payment_links.OFFERS,
    *report_definitions.OFFERS,
    *report_subscriptions.OFFERS,
    *reports.OFFERS,
    *settlement_details.OFFERS,
    *batch_summaries.OFFERS,
    *file_share.OFFERS,
)


def served() -> Iterable[str]:
    """The keys of the recorded index that are answered here."""
    return (service.key for service in OFFERS)
