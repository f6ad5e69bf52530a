"""Reading the checked fields of a document."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields


def text(fields: Fields, name: str, length_max: int | None = None) -> str:
    """A text, cut to `length_max`; "" when it is not given."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _misfit(name, value, "text")
    return value[:length_max]


def required_text(fields: Fields, name: str) -> str:
    """A text that must be given."""
    value = text(fields, name)
    if not value:
        raise _misfit(name, value, "text that is not empty")
    return value


def money(fields: Fields, name: str) -> Money:
    """An amount above zero."""
    value = fields.get(name)
    if not isinstance(value, Money) or value.amount <= 0:
        raise _misfit(name, value, "money above zero")
    return value


def unit_amount(fields: Fields, name: str) -> UnitAmount:
    """A price per unit."""
    value = fields.get(name)
    if not isinstance(value, UnitAmount):
        raise _misfit(name, value, "a price per unit")
    return value


def decimal(fields: Fields, name: str) -> Decimal:
    """A number, exactly."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise _misfit(name, value, "a number")
    return Decimal(value)


def integer(fields: Fields, name: str, default: int) -> int:
    """A whole number; `default` when it is not given."""
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _misfit(name, value, "a whole number")
    return value


def flag(fields: Fields, name: str, *, default: bool) -> bool:
    """Yes or no; `default` when it is not given."""
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise _misfit(name, value, "yes or no")
    return value


def group(fields: Fields, name: str) -> Fields:
    """A group; empty when it is not given."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _misfit(name, value, "a group")
    return value


def groups(fields: Fields, name: str) -> Sequence[Fields]:
    """A list of groups; empty when it is not given."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _misfit(name, value, "a list")
    return value


def _misfit(name: str, value: object, wanted: str) -> Rejected:
    shown = value if isinstance(value, str | int | Decimal | Money) else type(value).__name__
    return Rejected(
        f"The field {name!r} is {shown!r}; it takes {wanted}.",
        reason="bad_field",
        place=Place(field=name),
        next_step="Correct the mapping.",
    )
