"""What comes in beside an event: rows of a file, a changed record, what a caller gives.

It travels as text, so that a run's input is kept exactly as it came; a flow declares the fields
and their types, and reads them typed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias, get_args

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, exact
from tillbridge.connector.documents import Value
from tillbridge.mapping.text import shown
from tillbridge.mapping.time_functions import day_from
from tillbridge.mapping.value_type import ValueType, optional

InputSort: TypeAlias = Literal["text", "integer", "decimal", "money", "boolean", "date", "instant"]
INPUT_SORTS: Final[tuple[InputSort, ...]] = get_args(InputSort)


@dataclass(frozen=True, slots=True)
class Input:
    """One field that comes in.

    Attributes:
        source: the column, attribute or path it is read from; its own name when not said.
    """

    name: str
    sort: InputSort
    required: bool
    source: str
    place: Place

    @property
    def kind(self) -> ValueType:
        """Its type for expressions; a field that is not required may be null."""
        known = ValueType(self.sort)
        return known if self.required else optional(known)


def typed(inputs: Sequence[Input], given: Mapping[str, str], where: str) -> dict[str, Value]:
    """The declared fields of one record, typed; fields that are not declared stay text.

    Args:
        where: what the record is, for people: "row 12", "the caller's fields".

    Raises:
        Rejected: a required field is missing or empty, or a text is not of its type.
    """
    declared = {item.name: _typed(item, given, where) for item in inputs}
    return declared if inputs else dict(given)


def record_type(inputs: Sequence[Input]) -> Mapping[str, ValueType]:
    """The fields of a record for expressions."""
    return {item.name: item.kind for item in inputs}


def text_of(value: object) -> str:
    """A value as the text it travels in; `typed` reads it back. Null is empty text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Money():
            return f"{value.amount} {value.currency}"
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def check_given(inputs: Sequence[Input], given: Mapping[str, str]) -> None:
    """Raises Rejected when a field is given that the flow does not take, with the nearest."""
    known = [item.name for item in inputs]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise Rejected(
                f"The flow takes no field {shown(name)}.",
                reason="unknown_field",
                next_step=f"Did you mean {near[0]!r}?" if near else f"It takes: {known}.",
            )


def _typed(item: Input, given: Mapping[str, str], where: str) -> Value:
    text = given.get(item.source, "")
    if text == "":
        if item.required:
            raise Rejected(
                f"In {where}, {item.source!r} is empty or not there.",
                reason="missing_field",
                place=item.place,
                next_step="Fill it, or declare it as required: false.",
            )
        return None
    try:
        return _READ[item.sort](text)
    except (LookupError, ValueError, ArithmeticError, Rejected) as error:
        raise Rejected(
            f"In {where}, {item.source!r} is {shown(text)}, which is not {_WRITTEN[item.sort]}.",
            reason="bad_type",
            place=item.place,
            next_step="Mend the data, or declare the field as text and convert it in a mapping.",
        ) from error


def _integer(text: str) -> int:
    number = exact(text)
    if number != number.to_integral_value():
        raise ValueError(text)
    return int(number)


def _money(text: str) -> Money:
    amount, _, currency = text.strip().partition(" ")
    return Money(exact(amount), currency)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


_TRUTHS: Final = {"true": True, "false": False}
_READ: Final[Mapping[InputSort, Callable[[str], Value]]] = {
    "text": str,
    "integer": _integer,
    "decimal": exact,
    "money": _money,
    "boolean": lambda text: _TRUTHS[text.lower()],
    "date": day_from,
    "instant": _instant,
}
_WRITTEN: Final[Mapping[InputSort, str]] = {
    "text": "text",
    "integer": "a whole number",
    "decimal": "a number such as 12.50",
    "money": "an amount and its currency, such as 12.50 USD",
    "boolean": "true or false",
    "date": "a date such as 2026-11-21",
    "instant": "an instant such as 2026-11-21T06:00:00Z",
}
