"""How compiled expressions look into values whose shape is not known, or that may be missing."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.value_type import sort_of


def field_of(value: Any, name: str) -> Any:
    """A field of a dict or a canonical value. Raises Rejected when it is not there."""
    if value is None:
        raise Rejected(f"What should have {name[:60]!r} is empty (null).", reason="no_value")
    found = _look(value, name)
    if found is _NOTHING:
        raise Rejected(f"There is no {name[:60]!r} here.", reason="no_value")
    return found


def field_of_each(values: Any, name: str) -> list[Any]:
    """The field of every item, in order; where the field is a list, all their items in one.

    Raises Rejected when an item does not have it.
    """
    if values is None:
        raise Rejected(f"The list of {name[:60]!r} is empty (null).", reason="no_value")
    found = [field_of(value, name) for value in values]
    if any(isinstance(each, list | tuple) for each in found):
        return [item for each in found for item in each]
    return found


def peek_each(values: Any, name: str) -> Any:
    """The field of every item, or None when the list or one of the fields is not there."""
    if values is None or any(_look(value, name) is _NOTHING for value in values):
        return None
    return field_of_each(values, name)


def peek(value: Any, name: str) -> Any:
    """A field, or None when the value or the field is not there."""
    found = _look(value, name)
    return None if found is _NOTHING else found


def item_of(value: Any, at: Any) -> Any:
    """An item of a list by number from 0, or of a dict by name. Raises Rejected."""
    if isinstance(value, Mapping) and isinstance(at, str):
        return field_of(value, at)
    if sort_of(value) != "list" or sort_of(at) != "integer":
        found = f"{sort_of(value)}[{sort_of(at)}]".replace("_", " ")
        raise Rejected(f"{found} reads nothing: a list takes a number.", reason="bad_type")
    if not 0 <= at < len(value):
        raise Rejected(
            f"There is no item {at}: the list has {len(value)}, counted from 0.",
            reason="no_value",
        )
    return value[at]


def peek_item(value: Any, at: Any) -> Any:
    """An item, or None when the value or the item is not there."""
    if isinstance(value, Mapping):
        return value.get(at)
    if sort_of(value) != "list" or sort_of(at) != "integer" or not 0 <= at < len(value):
        return None
    return value[at]


def is_given(value: object) -> bool:
    """Not null and not empty text."""
    return value is not None and value != ""


class _Nothing:
    """What `_look` answers when there is no such field; None is a value a field may have."""


_NOTHING = _Nothing()


def _look(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _NOTHING)
    kind = type(value)
    if is_dataclass(kind) and (
        name in kind.__dataclass_fields__ or isinstance(vars(kind).get(name), property)
    ):
        return getattr(value, name)
    return _NOTHING
