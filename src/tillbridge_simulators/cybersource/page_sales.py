"""What somebody pays by an invoice's or a link's page: a sale with a new token."""

from collections.abc import Mapping
from decimal import Decimal

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.payments import authorize


def pay_by_page(
    account: Account, reference: str, amount: Decimal, currency: str, outcome: str
) -> Mapping[str, object]:
    """The answer to a sale of `amount` under the page's number; `outcome` is the card's."""
    document = {
        "clientReferenceInformation": {"code": reference},
        "processingInformation": {"capture": True},
        "paymentInformation": {"paymentInstrument": {"id": account.tokens.mint(outcome, "tms")}},
        "orderInformation": {"amountDetails": {"totalAmount": str(amount), "currency": currency}},
    }
    return authorize(account, document).body
