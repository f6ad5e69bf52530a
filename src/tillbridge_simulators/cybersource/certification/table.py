"""Every row of the certification, noun by noun, in the order in which they run."""

from collections.abc import Sequence

from tillbridge_simulators.cybersource.certification import (
    account_checks,
    account_updates,
    agreements,
    capture_contexts,
    currency_offers,
    customers,
    emv_details,
    identifiers,
    invoicing,
    network_tokens,
    payment_credentials,
    payments,
    recurring,
    reporting,
    risk,
    risk_insights,
    search,
    settlements,
    uploads,
    wallet_tokens,
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
    *risk_insights.ROWS,
    *capture_contexts.ROWS,
    *reporting.ROWS,
    *settlements.ROWS,
    *uploads.ROWS,
    *wallets.ROWS,
    *wallet_tokens.ROWS,
    *webhooks.ROWS,
    *account_checks.ROWS,
    *emv_details.ROWS,
    *currency_offers.ROWS,
    *agreements.ROWS,
)
