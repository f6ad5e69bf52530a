"""Reauthorizations: the merchant authorizes anew, with a stored card, what is left of an order.

Source: Credentialed Transactions guide, "Merchant-Initiated Reauthorization Transactions" (reason
3; previousTransactionId is the network's id of the last payment that went well); the recorded model
of merchantInitiatedTransaction (with a token it is less than 30 days old). What it names is checked
where the card is known here: with a stored token.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.tokens import MintedToken

_INITIATOR = "processingInformation.authorizationOptions.initiator"
_MERCHANT = f"{_INITIATOR}.merchantInitiatedTransaction"
_PREVIOUS = f"{_MERCHANT}.previousTransactionId"
_REASON = "3"
_REASONS = tuple(str(number) for number in range(1, 11))
_NEED_PREVIOUS = ("001", "003", "004")
"""Visa, American Express and Discover."""
_LIFE_S = 30 * 86_400.0


def check_reauthorization(
    account: Account, document: Mapping[str, Any], token: MintedToken
) -> None:
    """Raises Refusal for one that names no earlier payment with this card, and for any payment
    whose reason is none."""
    reason = at(document, f"{_MERCHANT}.reason")
    if reason is not None and str(reason) not in _REASONS:
        raise Refusal("INVALID_DATA", [f"{_MERCHANT}.reason"])
    if token.kind != "tms" or str(at(document, f"{_MERCHANT}.reason") or "") != _REASON:
        return
    if at(document, f"{_INITIATOR}.type") != "merchant":
        raise Refusal("INVALID_DATA", [f"{_INITIATOR}.type"])
    previous = at(document, _PREVIOUS)
    if not previous and token.brand in _NEED_PREVIOUS:
        raise Refusal("MISSING_FIELD", [_PREVIOUS])
    if previous and not _is_known(account, str(previous), token):
        raise Refusal("INVALID_DATA", [_PREVIOUS])


def _is_known(account: Account, network_id: str, token: MintedToken) -> bool:
    since_s = account.now() - _LIFE_S
    return any(
        one.network_id == network_id
        and one.outcome.holds
        and one.at_s >= since_s
        and (one.brand, one.last4) == (token.brand, token.last4)
        for one in account.state.authorizations.values()
    )
