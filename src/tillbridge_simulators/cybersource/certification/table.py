"""Every row of the certification, noun by noun, in the order in which they run."""

from collections.abc import Sequence

from tillbridge_simulators.cybersource.certification import (
    account_checks,
    account_updates,
    capture_contexts,
    customers,
    identifiers,
    invoicing,
    network_tokens,
    payment_credentials,
    payments,
    recurring,
    reporting,
    risk,
    search,
    settlements,
    wallets,
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
    *payment_credentials.ROWS,
    *recurring.ROWS,
    *invoicing.ROWS,
    *risk.ROWS,
    *capture_contexts.ROWS,
    *reporting.ROWS,
    *settlements.ROWS,
    *wallets.ROWS,
    *webhooks.ROWS,
    *account_checks.ROWS,
)
