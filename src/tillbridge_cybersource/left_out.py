"""Operations that are not called, and why: what the page on coverage says of them.

Keys and paths are those of the recorded index; what stands in neither table is only not there.
"""

from typing import Final

NEVER: Final = "never: card number"
OUT: Final = "out of scope"
SUPERSEDED: Final = "superseded"
CARD_NUMBERS: Final = frozenset(
    {
        "instrument_identifier.post_instrument_identifier",
        "network_tokens.post_token_payment_credentials",
        "network_tokens.post_token_payment_credentials_v3",
        "network_tokens.post_tokenized_card",
        "tokenize.tokenize",
        "transaction_batches.upload_transaction_batch",
        "transient_token_data_v2.get_payment_credentials_for_transient_token",
    }
)
"""What is sent or answered is a card number: by law none comes here."""
OLDER: Final = frozenset(
    {
        "user_management.get_users",
        "device_search.post_search_query",
        "device_de_association.delete_terminal_association",
    }
)
"""Earlier generations of operations that are called: the reference says so of the first, the others
are version 2 of what is version 3."""
OUT_OF_SCOPE: Final = (
    *("/pts/v2/payouts", "/pts/v2/intents", "/pts/v1/push-funds-", "/pts/v1/pull-funds-"),
    *("/icc/", "/oauth2/"),
)
"""Paths of payouts, intents, funds that are pushed and pulled, and of agents that shop."""


def why_left_out(key: str, path: str) -> str:
    """Why an operation is not called; "" where there is no such reason."""
    if key in CARD_NUMBERS:
        return NEVER
    if key in OLDER:
        return SUPERSEDED
    return OUT if path.startswith(OUT_OF_SCOPE) else ""
