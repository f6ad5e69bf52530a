"""Every row of the certification, noun by noun, in the order in which they run."""

from collections.abc import Sequence

from tillbridge_simulators.cybersource.certification import (
    account_checks,
    account_updates,
    capture_contexts,
    customers,
    identifiers,
    invoicing,
    emv_details,
    network_tokens,
    payment_credentials,
    payments,
    recurring,
    reporting,
    risk,
    search,
    settlements,
    risk_insights,
    wallets,
    webhooks,
    uploads,
    wallet_tokens,
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
    *risk_insights.ROWS,
    *settlements.ROWS,
    *wallets.ROWS,
    *webhooks.ROWS,
    *uploads.ROWS,
    *account_checks.ROWS,
    *wallet_tokens.ROWS,
)
    *emv_details.ROWS,
    *currency_offers.ROWS,
    *agreements.ROWS,
