"""What the sandbox gives a row to pay with, in the account's own process."""

from collections.abc import Mapping

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.identifiers import identified
from tillbridge_simulators.cybersource.triggers import pull

_CARD = "4" + "1" * 14


class SandboxMeans:
    """Everything there is."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def organization(self) -> str:
        """The account's merchant."""
        return self._account.options.merchant_id

    def token(self, outcome: str) -> str:
        """A new one."""
        return self._account.tokens.mint(outcome, "tms")

    def transient(self) -> str:
        """A new one that never expires."""
        return self._account.tokens.mint()

    def identifier(self) -> str:
        """That of the card."""
        return identified(Ask(self._account), {"card": {"number": self.card()}})

    def card(self) -> str:
        """Visa's best known one."""
        return _CARD + check_digit(_CARD)

    def file(self, name: str, text: str) -> Mapping[str, str]:
        """The file itself."""
        return {name: text}

    def trigger(self, name: str, **given: str) -> None:
        """Pulls it. Raises ValueError for one that cannot be."""
        pull(self._account, name, given)
