"""Every row of the certification, noun by noun, in the order in which they run."""

from collections.abc import Sequence

from tillbridge_simulators.cybersource.certification import (
    account_updates,
    capture_contexts,
    customers,
    identifiers,
    invoicing,
    network_tokens,
    payments,
    payment_credentials,
    recurring,
    reporting,
    risk,
    search,
    settlements,
    webhooks,
)
from tillbridge_simulators.cybersource.certification.row import Row

ROWS: Sequence[Row] = (
    *payments.ROWS,
    *search.ROWS,
    *identifiers.ROWS,
    *customers.ROWS,
    *account_updates.ROWS,
    *network_tokens.ROWS,
    *recurring.ROWS,
    *invoicing.ROWS,
    *payment_credentials.ROWS,
    *risk.ROWS,
    *capture_contexts.ROWS,
    *reporting.ROWS,
    *settlements.ROWS,
    *webhooks.ROWS,
)
