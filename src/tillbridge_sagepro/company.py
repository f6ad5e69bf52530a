"""One company as it was found: its tables and its base currency, read once a session."""

import threading
from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.currencies import EXPONENTS, exponent_of
from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge_sagepro.database import Transaction
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.structure import Structure, read_structure


@dataclass(frozen=True, slots=True)
class Company:
    """The live structure and the one currency the books are in.

    `system` is the connection's name: the system of every reference made here.
    """

    system: str
    structure: Structure
    currency: str

    def text(self, amount: Decimal) -> str:
        """An amount of the company's currency with that currency's decimals."""
        return f"{amount:.{exponent_of(self.currency)}f}"

    def check_currency(self, currency: str) -> None:
        """Raises Rejected for an order in another currency: the company cannot hold it."""
        if currency != self.currency:
            raise Rejected(
                f"The order is in {currency}; this company's books are in {self.currency}.",
                reason="wrong_currency",
                place=Place(field="total"),
                next_step="Send it to a company of that currency.",
            )


class KnownCompany:
    """Remembers the company; `forget` after its structure may have changed."""

    def __init__(self, settings: SageProSettings, connection: str) -> None:
        self._settings = settings
        self._connection = connection
        self._known: Company | None = None
        self._mutex = threading.Lock()

    def read(self, transaction: Transaction) -> Company:
        """The company, from the server the first time. Raises Misconfigured."""
        with self._mutex:
            if self._known is None:
                company = self.look(transaction)
                company.structure.require(self._connection)
                self._known = company
            return self._known

    def look(self, transaction: Transaction) -> Company:
        """The company from the server, complete or not."""
        settings = self._settings
        structure, currencies = transaction.read(
            f"{statement('structure')}; "
            + statement("base_currency", system=settings.system_database),
            {"company": settings.company_id},
        )
        currency = str(currencies[0][0]).strip().upper() if currencies else ""
        stated = settings.currency.strip().upper()
        if currencies and not currency:
            currency = stated
        if stated not in ("", currency):
            raise Misconfigured(
                f"{self._connection}: the setting currency says {stated}, but the books of company"
                f" {settings.company_id!r} are in {currency or 'no currency'}.",
                reason="bad_setting",
                next_step="Correct the setting currency, or company_id.",
            )
        if currency not in EXPONENTS:
            raise Misconfigured(
                f"{self._connection}: {settings.system_database}..syccomp says"
                f" {currency!r} is the base currency of company {settings.company_id!r}.",
                reason="no_company",
                next_step="Correct company_id, or fill currid in Sage Pro.",
            )
        return Company(self._connection, read_structure(structure), currency)

    def forget(self) -> None:
        """The next use reads it again."""
        with self._mutex:
            self._known = None
