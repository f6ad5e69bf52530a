"""Everything an expression can call, in one table.

Checks, the reference page and the examples that run as tests are all drawn from it. `f(a, b)`
and `a.f(b)` are the same call.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.canonical.currencies import exponent_of
from tillbridge.mapping import number_functions as numbers
from tillbridge.mapping import text_functions as texts
from tillbridge.mapping import time_functions as times
from tillbridge.mapping.cut import truncate
from tillbridge.mapping.function import Function, Parameter
from tillbridge.mapping.pattern import compile_pattern
from tillbridge.mapping.value_type import (
    ANY,
    BOOLEAN,
    DATE,
    DECIMAL,
    INSTANT,
    INTEGER,
    MONEY,
    TEXT,
    UNIT_AMOUNT,
    Sort,
    list_of,
)

_TEXT: Final = Parameter("text")
_WHOLE: Final[tuple[Sort, ...]] = ("integer",)
_NUMBER: Final[tuple[Sort, ...]] = ("integer", "decimal")
_READABLE: Final[tuple[Sort, ...]] = ("text", "integer", "decimal")
_WRITABLE: Final[tuple[Sort, ...]] = (
    "text", "integer", "decimal", "boolean", "date", "instant",
)  # fmt: skip
_CURRENCY: Final = Parameter("currency", literal=exponent_of)
_ROUNDING: Final = Parameter("rounding", literal=numbers.check_rounding)
_ZONE: Final = Parameter("zone", literal=times.check_zone)
_FORMAT: Final = Parameter("format", literal=times.check_format)

_TABLE: Final = (
    Function(
        "has",
        (Parameter("field", ()),),
        BOOLEAN,
        "Whether a field is given: it is there, not null and not empty text.",
        "!has(order.custom.note)",
        None,
    ),
    Function(
        "default",
        (Parameter("field", ()), Parameter("otherwise", ())),
        ANY,
        "The field when it is given (see has), else the second value.",
        "default(order.custom.note, 'none') == 'none'",
        None,
    ),
    Function(
        "concat",
        (_TEXT,),
        TEXT,
        "Texts one after the other.",
        "concat('a', 'b', 'c') == 'abc'",
        texts.concat,
        repeats=True,
    ),
    Function("upper", (_TEXT,), TEXT, "In capitals.", "upper('aé') == 'AÉ'", texts.upper),
    Function("lower", (_TEXT,), TEXT, "In small letters.", "'ABC'.lower() == 'abc'", texts.lower),
    Function(
        "trim",
        (_TEXT,),
        TEXT,
        "Without the white space at both ends.",
        "trim(' a b ') == 'a b'",
        texts.trim,
    ),
    Function(
        "left",
        (_TEXT, Parameter("count", _WHOLE)),
        TEXT,
        "The first so many characters; to make a text fit, truncate says what was lost.",
        "left('abcdef', 3) == 'abc'",
        texts.left,
    ),
    Function(
        "truncate",
        (_TEXT, Parameter("width", _WHOLE)),
        TEXT,
        "At most so many characters, never a part of a letter; a cut is noted with what was lost.",
        "truncate('abcdef', 4) == 'abcd' && truncate('abc', 4) == 'abc'",
        truncate,
        notes=True,
    ),
    Function(
        "right",
        (_TEXT, Parameter("count", _WHOLE)),
        TEXT,
        "The last so many characters.",
        "right('abcdef', 2) == 'ef'",
        texts.right,
    ),
    Function(
        "replace",
        (_TEXT, Parameter("old"), Parameter("new")),
        TEXT,
        "With every old text replaced by the new one.",
        "replace('a-b-c', '-', '') == 'abc'",
        texts.replace,
    ),
    Function(
        "pad_left",
        (_TEXT, Parameter("width", _WHOLE), Parameter("fill")),
        TEXT,
        "Filled up on the left to a width; a longer text stays as it is.",
        "pad_left('42', 5, '0') == '00042'",
        texts.pad_left,
    ),
    Function(
        "pad_right",
        (_TEXT, Parameter("width", _WHOLE), Parameter("fill")),
        TEXT,
        "Filled up on the right to a width; a longer text stays as it is.",
        "pad_right('ab', 4, '.') == 'ab..'",
        texts.pad_right,
    ),
    Function(
        "split",
        (_TEXT, Parameter("separator")),
        list_of(TEXT),
        "The parts between the separators.",
        "split('1 High St, Hull', ', ')[1] == 'Hull'",
        texts.split,
    ),
    Function(
        "join",
        (Parameter("parts", ("list",), of="text"), Parameter("separator")),
        TEXT,
        "The texts of a list with the separator between them.",
        "join(['Ada', 'King'], ' ') == 'Ada King'",
        texts.join,
    ),
    Function(
        "size",
        (Parameter("value", ("text", "list", "dictionary")),),
        INTEGER,
        "How many characters, items or names.",
        "size('Ünï') == 3",
        texts.size,
    ),
    Function(
        "contains",
        (_TEXT, Parameter("part")),
        BOOLEAN,
        "Whether the part stands somewhere in the text.",
        "'abc'.contains('b')",
        texts.contains,
    ),
    Function(
        "starts_with",
        (_TEXT, Parameter("start")),
        BOOLEAN,
        "Whether the text starts so.",
        "'abc'.starts_with('ab')",
        texts.starts_with,
    ),
    Function(
        "ends_with",
        (_TEXT, Parameter("end")),
        BOOLEAN,
        "Whether the text ends so.",
        "'abc'.ends_with('bc')",
        texts.ends_with,
    ),
    Function(
        "matches",
        (_TEXT, Parameter("pattern", literal=compile_pattern)),
        BOOLEAN,
        "Whether a regular expression matches anywhere in the text; ^ and $ tie it to the ends.",
        "'SO-1042'.matches('^SO-[0-9]+$')",
        texts.matches,
    ),
    Function(
        "text",
        (Parameter("value", _WRITABLE),),
        TEXT,
        "A number, true or false, a date or an instant written out.",
        "text(1.50) == '1.50' && text(true) == 'true'",
        texts.text_from,
    ),
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
        (Parameter("value", _NUMBER), Parameter("digits", _WHOLE), _ROUNDING),
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
            Parameter("digits", _WHOLE),
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
    Function(
        "amount_text",
        (Parameter("value", ("money", "unit_amount")),),
        TEXT,
        "The amount alone, as wires want it.",
        "amount_text(money('1234.5', 'USD')) == '1234.50'",
        numbers.amount_text,
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
        "date",
        (Parameter("instant", ("instant",)), _ZONE),
        DATE,
        "The calendar day of an instant in a time zone.",
        "text(date(instant_from('2026-01-01T02:00:00Z'), 'America/New_York')) == '2025-12-31'",
        times.day_of,
    ),
    Function(
        "date_from",
        (_TEXT,),
        DATE,
        "A date from text such as 2026-11-21.",
        "date_from('2026-11-21') < date_from('2026-11-22')",
        times.day_from,
    ),
    Function(
        "plus_days",
        (Parameter("date", ("date",)), Parameter("days", _WHOLE)),
        DATE,
        "So many days later (or, below zero, earlier).",
        "text(plus_days(date_from('2026-02-27'), 2)) == '2026-03-01'",
        times.plus_days,
    ),
    Function(
        "date_format",
        (Parameter("date", ("date",)), _FORMAT),
        TEXT,
        "A date written with %Y %y %m %d %j.",
        "date_format(date_from('2026-11-21'), '%m/%d/%Y') == '11/21/2026'",
        times.date_format,
    ),
    Function(
        "instant_format",
        (Parameter("instant", ("instant",)), _FORMAT, _ZONE),
        TEXT,
        "An instant written with the codes of date_format and %H %M %S %f, in a time zone.",
        "instant_format(instant_from('2026-11-21T09:30:00Z'), '%H:%M', 'UTC') == '09:30'",
        times.instant_format,
    ),
    Function(
        "instant",
        (_TEXT, _FORMAT, _ZONE),
        INSTANT,
        "An instant from local text; of an hour that comes twice, the earlier one.",
        "text(instant('21.11.2026 09:30', '%d.%m.%Y %H:%M', 'UTC')) == '2026-11-21T09:30:00Z'",
        times.instant,
    ),
    Function(
        "instant_from",
        (_TEXT,),
        INSTANT,
        "An instant from RFC 3339 text with its offset.",
        "text(instant_from('2026-11-21T10:30:00+01:00')) == '2026-11-21T09:30:00Z'",
        times.instant_from,
    ),
)

FUNCTIONS: Final[Mapping[str, Function]] = {function.name: function for function in _TABLE}
