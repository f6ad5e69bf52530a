"""The functions of amounts: notations, minor units, currencies' numbers, and shares."""

from typing import Final

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.currency_numbers import currency_of, number_of
from tillbridge.mapping import amount_format as notations
from tillbridge.mapping import amount_functions as amounts
from tillbridge.mapping import number_functions as numbers
from tillbridge.mapping.function import WHOLE, Function, Parameter
from tillbridge.mapping.value_type import INTEGER, MONEY, TEXT, UNIT_AMOUNT, Sort, list_of

_AMOUNT: Final[tuple[Sort, ...]] = ("money", "unit_amount")
_CURRENCY: Final = Parameter("currency", literal=exponent_of)
_FORMAT: Final = Parameter("format", literal=notations.check_amount_format)

AMOUNT_FUNCTIONS: Final = (
    Function(
        "amount_text",
        (Parameter("value", _AMOUNT),),
        TEXT,
        "The amount alone, as wires want it.",
        "amount_text(money('1234.5', 'USD')) == '1234.50'",
        numbers.amount_text,
    ),
    Function(
        "amount_format",
        (Parameter("value", _AMOUNT), _FORMAT),
        TEXT,
        "The amount in a notation, with the decimals of its currency.",
        "amount_format(money('-1234.5', 'EUR'), '1.234,56-') == '1.234,50-'",
        notations.amount_written,
    ),
    Function(
        "amount_digits",
        (Parameter("value", _AMOUNT), Parameter("digits", WHOLE)),
        TEXT,
        "The amount with exactly so many digits after the point; more are refused, not cut.",
        "amount_digits(money('500', 'JPY'), 2) == '500.00'",
        amounts.amount_digits,
    ),
    Function(
        "money_from",
        (Parameter("text"), _CURRENCY, _FORMAT),
        MONEY,
        "Money from text in a notation.",
        "money_from('1.234,56', 'EUR', '1.234,56') == money('1234.56', 'EUR')",
        notations.money_from,
    ),
    Function(
        "unit_amount_from",
        (Parameter("text"), _CURRENCY, _FORMAT),
        UNIT_AMOUNT,
        "A price per unit from text in a notation.",
        "unit_amount_from('0,00125', 'EUR', '1234,56') == unit_amount('0.00125', 'EUR')",
        notations.unit_amount_from,
    ),
    Function(
        "minor_units",
        (Parameter("value", ("money",)),),
        INTEGER,
        "The amount in cents (or yen, or fils).",
        "minor_units(money('12.34', 'USD')) == 1234",
        numbers.minor_units,
    ),
    Function(
        "money_from_minor",
        (Parameter("units", ("integer", "text")), _CURRENCY),
        MONEY,
        "Money from cents (or yen, or fils).",
        "money_from_minor('000012345', 'KWD') == money('12.345', 'KWD')",
        amounts.money_from_minor,
    ),
    Function(
        "currency_digits",
        (_CURRENCY,),
        INTEGER,
        "How many decimals amounts of a currency have.",
        "currency_digits('JPY') == 0 && currency_digits('KWD') == 3",
        exponent_of,
    ),
    Function(
        "currency_number",
        (_CURRENCY,),
        TEXT,
        "The three digits of a currency (ISO 4217).",
        "currency_number('AUD') == '036'",
        number_of,
    ),
    Function(
        "currency_from",
        (Parameter("number", literal=currency_of),),
        TEXT,
        "The currency of three digits.",
        "currency_from('978') == 'EUR'",
        currency_of,
    ),
    Function(
        "allocate",
        (
            Parameter("amount", ("money",)),
            Parameter("weights", ("list",)),
            Parameter("remainder", literal=amounts.check_remainder),
        ),
        list_of(MONEY),
        "An amount in parts by weights, which sum to it: largest_remainder, first or last says"
        " who takes what is left over.",
        "allocate(money('10', 'USD'), [1, 1, 1], 'last')[2] == money('3.34', 'USD')",
        amounts.allocate,
    ),
)
"""In the order of the reference page."""
