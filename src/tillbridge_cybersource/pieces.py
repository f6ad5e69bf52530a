"""A line as Cybersource counts it: whole pieces at a price in the currency's own digits.

Source: API field reference, lineItems[].quantity (a whole number up to 999,999,999) and
lineItems[].unitPrice.
"""

from decimal import Decimal

from tillbridge.canonical.currencies import exponent_of
from tillbridge.connector import values
from tillbridge.connector.documents import Fields

_QUANTITY_MAX = Decimal(999_999_999)


def pieces_of(line: Fields, currency: str) -> tuple[int, Decimal]:
    """Pieces and the price of each; what cannot be said so is one piece of the whole amount."""
    quantity = values.decimal(line, "quantity")
    price = values.price(line, "unit_price", currency)
    cents = Decimal(1).scaleb(-exponent_of(currency))
    fits = quantity == quantity.to_integral_value() and 0 < quantity <= _QUANTITY_MAX
    if fits and price.amount == price.amount.quantize(cents):
        return int(quantity), price.amount.quantize(cents)
    return 1, price.times(quantity).amount
