"""Amounts from one currency into another: one dated rate, one rounding, and a note of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, Rounding, UnitAmount, rounded
from tillbridge.mapping.note import NoteTaker
from tillbridge.mapping.rate_table import Quote, Rates

RATES: Final = "@rates"
"""Where a context holds the rates of connections, by connection; no step can be named so."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an exchange is made, apart from its amount, currencies and day.

    Attributes:
        rates: the name of a table of rates, or of a connection that quotes them.
        digits: digits after the point; None for those of the currency it ends in.
    """

    rates: str
    age_max: timedelta
    rounding: Rounding
    digits: int | None = None


class Exchanger:
    """Exchanges for one field: with these rates, on these terms, noting the rate."""

    __slots__ = ("_rates", "_taker", "_terms")

    def __init__(self, taker: NoteTaker, rates: Rates, terms: Terms) -> None:
        self._taker = taker
        self._rates = rates
        self._terms = terms

    def convert(self, amount: Any, currency: Any, day: date) -> Money | UnitAmount:
        """The amount in another currency: money, or a price per unit when digits are said.

        Raises:
            Rejected: there is no rate, or only one that is too old; no amount; no currency.
        """
        if not isinstance(amount, Money | UnitAmount):
            raise Rejected(
                f"convert: takes an amount, not {'nothing (null)' if amount is None else 'this'}.",
                reason="no_value" if amount is None else "bad_type",
            )
        quote = self._quote(amount.currency, currency, day)
        terms = self._terms
        digits = exponent_of(currency) if terms.digits is None else terms.digits
        value = rounded(amount.amount, quote.value, digits, terms.rounding)
        result = (Money if terms.digits is None else UnitAmount)(value, currency)
        self._note(quote, f"{amount} is {result}: ")
        return result

    def rate(self, base: Any, currency: Any, day: date) -> Decimal:
        """What one unit of a currency is worth in another, with the digits that are said."""
        assert self._terms.digits is not None, "a rate rule says its digits"
        quote = self._quote(base, currency, day)
        self._note(quote, "")
        return rounded(Decimal(1), quote.value, self._terms.digits, self._terms.rounding)

    def _quote(self, base: Any, currency: Any, day: date) -> Quote:
        for code in (base, currency):
            if not isinstance(code, str):
                raise Rejected("A currency is empty (null).", reason="no_value")
            exponent_of(code)
        return self._rates.quote(base, currency, day, self._terms.age_max)

    def _note(self, quote: Quote, said: str) -> None:
        if not quote.made_of:
            return
        self._taker.take(
            "rate",
            f"{said}{quote}",
            rate=quote.shown,
            base=quote.base,
            currency=quote.currency,
            rated_on=quote.rated_on.isoformat(),
            source=quote.source,
            rates=self._terms.rates,
            rounding=self._terms.rounding,
        )


def live_rates(context: Mapping[str, Any], connection: str) -> Rates:
    """The rates of a connection that were given to this run. Raises Rejected."""
    given: Mapping[str, Rates] = context.get(RATES) or {}
    if connection not in given:
        raise Rejected(
            f"No rates of {connection} were given.",
            reason="rate_missing",
            next_step="In an example, give them: rates: with the rows of the connection.",
        )
    return given[connection]
