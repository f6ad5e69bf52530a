"""The functions about numbers and money: what they take and give, with an example that is true."""

from typing import Final

from tillbridge.canonical.currencies import exponent_of
from tillbridge.mapping import number_functions as numbers
from tillbridge.mapping.function import WHOLE, Function, Parameter
from tillbridge.mapping.value_type import DECIMAL, INTEGER, MONEY, UNIT_AMOUNT, Sort

_NUMBER: Final[tuple[Sort, ...]] = ("integer", "decimal")
_READABLE: Final[tuple[Sort, ...]] = ("text", "integer", "decimal")
_CURRENCY: Final = Parameter("currency", literal=exponent_of)
_ROUNDING: Final = Parameter("rounding", literal=numbers.rounding_rule)

NUMBER_FUNCTIONS: Final = (
    Function(
        "integer",
        (Parameter("value", _READABLE),),
        INTEGER,
        "A whole number; anything after the point but zeros is refused.",
        "integer('1042') == 1042 && integer(2.0) == 2",
        numbers.integer,
    ),
    Function(
        "decimal",
        (Parameter("value", _READABLE),),
        DECIMAL,
        "An exact number from plain digits; separators and exponents are refused.",
        "decimal('1234.50') == 1234.5",
        numbers.decimal,
    ),
    Function(
        "round",
        (Parameter("value", _NUMBER), Parameter("digits", WHOLE), _ROUNDING),
        DECIMAL,
        "Rounded to so many digits after the point: half_up, half_even or down.",
        "round(2.345, 2, 'half_up') == 2.35",
        numbers.round_number,
    ),
    Function(
        "divide",
        (
            Parameter("value", _NUMBER),
            Parameter("by", _NUMBER),
            Parameter("digits", WHOLE),
            _ROUNDING,
        ),
        DECIMAL,
        "A quotient, rounded once to so many digits after the point.",
        "divide(2, 3, 4, 'half_up') == 0.6667",
        numbers.divide,
    ),
    Function(
        "absolute",
        (Parameter("value", ("decimal", "integer")),),
        DECIMAL,
        "A number without its sign.",
        "absolute(-1.5) == 1.5",
        numbers.absolute,
    ),
    Function(
        "money",
        (Parameter("amount", _READABLE), _CURRENCY),
        MONEY,
        "An amount of a currency; more decimals than the currency has are refused.",
        "money('12.50', 'USD').amount == 12.5",
        numbers.money,
    ),
    Function(
        "unit_amount",
        (Parameter("amount", _READABLE), _CURRENCY),
        UNIT_AMOUNT,
        "A price per unit, with any number of decimals.",
        "unit_amount('0.00125', 'USD').currency == 'USD'",
        numbers.unit_amount,
    ),
    Function(
        "round_money",
        (Parameter("price", ("unit_amount",)), _ROUNDING),
        MONEY,
        "Money from a price or a product, rounded once: half_up, half_even or down.",
        "round_money(money('10', 'USD') * 0.0725, 'half_up') == money('0.73', 'USD')",
        numbers.round_money,
    ),
)
"""In the order of the reference page."""
