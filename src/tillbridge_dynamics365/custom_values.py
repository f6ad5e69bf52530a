"""Values of an organization's own columns as the Web API wants them.

Source: learn.microsoft.com, "Create a table row using the Web API": choices travel as their
numbers, days as 2026-11-21, moments in UTC.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Value
from tillbridge_dynamics365.columns import Column


def wire_values(
    custom: Mapping[str, Value], columns: Mapping[str, Column], currency: str
) -> dict[str, object]:
    """By logical name, ready for a request's body.

    Raises:
        Rejected: an amount is in another currency than the order, or a choice has no such option.
    """
    return {name: _wire(name, value, columns.get(name), currency) for name, value in custom.items()}


def _wire(name: str, value: Value, column: Column | None, currency: str) -> object:
    match value:
        case Money() | UnitAmount():
            if value.currency != currency:
                raise _wrong(name, f"{value} is not in the order's currency {currency}.", "")
            return value.amount
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return value.isoformat()
        case str() if column is not None and column.type == "Picklist":
            return _option(name, value, column)
        case Mapping() | list():
            raise _wrong(name, f"{name} takes one value.", "Correct the mapping.")
        case _:
            return value


def _option(name: str, text: str, column: Column) -> int:
    """A choice by its label, or by its number as text."""
    if text in column.options:
        return column.options[text]
    if text.isdecimal() and int(text) in column.options.values():
        return int(text)
    near = get_close_matches(text[:100], column.options, n=1)
    raise _wrong(
        name,
        f"The choice {name} has no option {text[:100]!r}.",
        f"Did you mean {near[0]!r}?" if near else f"Options: {', '.join(column.options)}.",
    )


def _wrong(name: str, message: str, next_step: str) -> Rejected:
    return Rejected(
        message, reason="bad_column", place=Place(field=f"custom.{name}"), next_step=next_step
    )
