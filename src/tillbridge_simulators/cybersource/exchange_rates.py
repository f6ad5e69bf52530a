"""What this account's provider of currency conversion takes for a currency: rates that are made up.

Of one US dollar, before its margin of three percent. Rates are exact: what an offer says is what
its amount was multiplied by.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from tillbridge_simulators.cybersource.documents import quantum

MARGIN: Final = Decimal("3.0")
"""Percent on top of the wholesale rate."""
SOURCE: Final = "Wholesale Exchange Rate"
_WHOLESALE: Final = {
    "USD": Decimal(1),
    "AUD": Decimal("1.524"),
    "BRL": Decimal("5.43"),
    "CAD": Decimal("1.372"),
    "CHF": Decimal("0.884"),
    "EUR": Decimal("0.918"),
    "GBP": Decimal("0.787"),
    "INR": Decimal("83.41"),
    "JPY": Decimal("151.6"),
    "KWD": Decimal("0.3074"),
}
_DIGITS: Final = Decimal("0.000001")

CURRENCIES: Final = tuple(_WHOLESALE)
"""What can be offered."""


def rate_between(original: str, wanted: str) -> Decimal | None:
    """What one `original` costs in `wanted`, margin included; None where it cannot be said."""
    base, other = _WHOLESALE.get(original), _WHOLESALE.get(wanted)
    if base is None or other is None:
        return None
    return (other / base * (1 + MARGIN / 100)).quantize(_DIGITS, ROUND_HALF_UP)


def converted(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The amount in `currency`, in its smallest coins."""
    return (amount * rate).quantize(quantum(currency), ROUND_HALF_UP)
