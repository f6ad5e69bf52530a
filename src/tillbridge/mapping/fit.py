"""Values into the types of a document's fields: exactly, or not at all.

Nothing is cut, rounded or guessed. Errors raised here have no place; whoever calls knows it.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from sys import maxsize
from typing import Any, Final, TypeAlias

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Field, FieldType, Value
from tillbridge.mapping import number_functions as numbers
from tillbridge.mapping import time_functions as times
from tillbridge.mapping.arithmetic import whole, within
from tillbridge.mapping.text import shown, unknown
from tillbridge.mapping.value_type import Sort, ValueType

Fit: TypeAlias = Callable[[Any], Value]

_TAKEN: Final[Mapping[FieldType, frozenset[Sort]]] = {
    "text": frozenset({"text"}),
    "choice": frozenset({"text"}),
    "integer": frozenset({"integer"}),
    "decimal": frozenset({"decimal", "integer"}),
    "money": frozenset({"money"}),
    "unit_amount": frozenset({"unit_amount", "money"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "instant": frozenset({"instant"}),
    "group": frozenset(),
    "list": frozenset(),
}
_NEXT_STEPS: Final[Mapping[tuple[FieldType, Sort], str]] = {
    ("text", "integer"): "Write it out: text(...).",
    ("text", "decimal"): "Write it out: text(...).",
    ("text", "boolean"): "Write it out: text(...).",
    ("text", "money"): "Write it out: amount_text(...).",
    ("text", "unit_amount"): "Write it out: amount_text(...).",
    ("text", "date"): "Write it out: date_format(..., '%Y-%m-%d').",
    ("text", "instant"): "Write it out: instant_format(..., '%Y-%m-%d', 'UTC').",
    ("integer", "decimal"): "Make it whole: integer(...), or round it first.",
    ("integer", "text"): "Convert it: integer(...).",
    ("integer", "money"): "Cents are minor_units(...).",
    ("decimal", "text"): "Convert it: decimal(...).",
    ("decimal", "money"): "Read its amount: ....amount.",
    ("decimal", "unit_amount"): "Read its amount: ....amount.",
    ("money", "unit_amount"): "Round it by a named rule: round_money(..., 'half_up').",
    ("money", "text"): "Say its currency: money(..., order.currency).",
    ("money", "integer"): "Say its currency: money(..., order.currency).",
    ("money", "decimal"): "Say its currency: money(..., order.currency).",
    ("unit_amount", "decimal"): "Say its currency: unit_amount(..., order.currency).",
    ("date", "instant"): "Say in which time zone: date(..., 'America/New_York').",
    ("date", "text"): "Convert it: date_from(...).",
    ("instant", "text"): "Convert it: instant_from(...) or instant(..., format, zone).",
}


def why_unfit(field: Field, kind: ValueType) -> tuple[str, str] | None:
    """Why values of this type can never fill the field, and what to do; None when they may."""
    if kind.sort in ("any", "null") or kind.sort in _TAKEN[field.type]:
        return _why_not_options(field, kind)
    if field.type == "group" and field.custom and kind.sort == "dictionary":
        return None
    message = f"{field.name} takes {_wanted(field)}, not {kind}."
    if field.type == "list":
        return message, "Write a list: each:, as: and fields:."
    if field.type == "group":
        return message, "Write a group: fields:."
    return message, _NEXT_STEPS.get((field.type, kind.sort), "")


def fitter(field: Field) -> Fit:
    """The function that makes a value fit the field, for every value that has one.

    It raises Rejected when the value is empty though required, of another type, too long, has too
    many digits, or is not among the options. It answers None, which means to leave the field out,
    for an empty text where an option is wanted but not required.
    """
    if field.type == "text":
        return _text_fitter(field)
    return partial(_FITTERS[field.type], field)


def _text_fitter(field: Field) -> Fit:
    """`_text` for one field, quick for a text that fits, as nearly all do."""
    shortest = 1 if field.required else 0
    longest = maxsize if field.length_max is None else field.length_max

    def fit(value: Any) -> Value:
        if type(value) is str and shortest <= len(value) <= longest:
            return value
        return _text(field, value)

    return fit


def from_text(field: Field, text: str) -> Value:
    """A constant or a lookup's text as the field's type. Raises Rejected.

    Numbers are plain digits, truths true or false, dates 2026-11-21, instants RFC 3339, and money
    and prices have their currency behind them: "12.50 USD".
    """
    match field.type:
        case "integer":
            value: Value = numbers.integer(text)
        case "decimal":
            value = numbers.decimal(text)
        case "money":
            value = numbers.money(*_amount(text))
        case "unit_amount":
            value = numbers.unit_amount(*_amount(text))
        case "boolean":
            value = _truth(text)
        case "date":
            value = times.day_from(text)
        case "instant":
            value = times.instant_from(text)
        case "group" | "list":
            raise _misfit(field, text)
        case _:
            value = text
    return fitter(field)(value)


def _amount(text: str) -> tuple[str, str]:
    amount, space, currency = text.partition(" ")
    if not space:
        raise Rejected(
            f"{shown(text)} has no currency.",
            reason="bad_amount",
            next_step="Write the amount and its currency, such as 12.50 USD.",
        )
    return amount, currency


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise Rejected(f"{shown(text)} is neither true nor false.", reason="bad_type")
    return text == "true"


def _text(field: Field, value: Any) -> str:
    if type(value) is not str:
        if not isinstance(value, str):
            raise _misfit(field, value)
        value = str.__str__(value)
    if field.required and not value:
        raise empty(field)
    if field.length_max is not None and len(value) > field.length_max:
        raise Rejected(
            f"{field.name} takes {field.length_max} characters; {shown(value)} has {len(value)}.",
            reason="too_long",
            next_step="Allow the cut, truncate: true in its rule, or correct the data.",
        )
    return str(value)


def _choice(field: Field, value: Any) -> Value:
    if not isinstance(value, str):
        raise _misfit(field, value)
    if value == "" and "" not in field.options and not field.required:
        return None
    if value not in field.options:
        if not value:
            raise empty(field)
        raise Rejected(
            f"{field.name} does not take {shown(value)}.",
            reason="not_an_option",
            next_step=_options(field, value),
        )
    return str(value)


def _integer(field: Field, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _misfit(field, value)
    return whole(value)


def _decimal(field: Field, value: Any) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise _misfit(field, value)
    exponent = within(value).as_tuple().exponent
    assert isinstance(exponent, int), "a finite number has an exponent"
    if field.digits_max is None or exponent >= -field.digits_max:
        return value
    ratio = value.as_integer_ratio()[1]
    if 10**field.digits_max % ratio:
        raise Rejected(
            f"{field.name} takes {field.digits_max} digits after the point;"
            f" {shown(f'{value:f}')} has more.",
            reason="too_many_decimals",
            next_step=f"Round it by a named rule: round(..., {field.digits_max}, 'half_up').",
        )
    return numbers.round_number(value, field.digits_max, "down")


def _money(field: Field, value: Any) -> Money:
    if type(value) is Money:
        return value
    if not isinstance(value, Money):
        raise _misfit(field, value)
    return value


def _unit_amount(field: Field, value: Any) -> UnitAmount:
    if isinstance(value, Money):
        return UnitAmount(value.amount, value.currency)
    if not isinstance(value, UnitAmount):
        raise _misfit(field, value)
    within(value.amount)
    return value


def _boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _misfit(field, value)
    return value


def _date(field: Field, value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _misfit(field, value)
    return value


def _instant(field: Field, value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _misfit(field, value)
    return value


def _group(field: Field, value: Any) -> Value:
    if not field.custom or not isinstance(value, Mapping):
        raise _misfit(field, value)
    if field.of:
        return _columns(field, value)
    text = Field(field.name, "text", length_max=field.length_max)
    return {str(name): _text(text, each) for name, each in value.items()}


def _columns(field: Field, value: Mapping[Any, Any]) -> Value:
    """Texts by name as the columns that are there take them; an empty text leaves one out."""
    known = {column.name: column for column in field.of}
    filled: dict[str, Value] = {}
    for name, text in value.items():
        if name not in known:
            error = unknown("column", str(name), known, None)
            raise Rejected(error.message, reason=error.reason, next_step=error.next_step)
        if text != "":
            filled[name] = from_text(known[name], _text(Field(name, "text"), text))
    return filled


def _list(field: Field, value: Any) -> Value:
    raise _misfit(field, value)


_FITTERS: Final[Mapping[FieldType, Callable[[Field, Any], Value]]] = {
    "text": _text,
    "choice": _choice,
    "integer": _integer,
    "decimal": _decimal,
    "money": _money,
    "unit_amount": _unit_amount,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "group": _group,
    "list": _list,
}


def empty(field: Field) -> Rejected:
    """The error for a required field that nothing fills."""
    return Rejected(
        f"{field.name} is required and has no value.",
        reason="missing_value",
        next_step="Correct the data, or give it a default in the mapping.",
    )


def _misfit(field: Field, value: object) -> Rejected:
    if value is None:
        return empty(field)
    return Rejected(f"{field.name} takes {_wanted(field)}, not {shown(value)}.", reason="bad_type")


def _wanted(field: Field) -> str:
    return {"choice": "one of its options", "list": "a list of groups"}.get(
        field.type, field.type.replace("_", " ")
    )


def _options(field: Field, value: str) -> str:
    near = get_close_matches(value[:100], field.options, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Options: {', '.join(field.options[:20])}."


def _why_not_options(field: Field, kind: ValueType) -> tuple[str, str] | None:
    """A counted set of texts of which not one is an option."""
    if field.type == "choice" and kind.options and not set(kind.options) & set(field.options):
        return (
            f"{field.name} takes none of {', '.join(kind.options)}.",
            f"Use a lookup. Options: {', '.join(field.options[:20])}.",
        )
    return None
