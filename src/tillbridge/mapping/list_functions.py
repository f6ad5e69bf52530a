"""What the functions that gather a list into one value do. `list_library` declares them.

Each reads every item once. None of them mixes currencies, and none takes a null for a zero.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.mapping.arithmetic import add_numbers, is_less, whole
from tillbridge.mapping.reading import field_of
from tillbridge.mapping.value_type import Sort, sort_of


class _NoDefault:
    """Stands for an argument that is not given; null is one that is."""


_NO_DEFAULT: Final = _NoDefault()
SUMMED: Final[tuple[Sort, ...]] = ("integer", "decimal", "money", "unit_amount")
ORDERED: Final[tuple[Sort, ...]] = (*SUMMED, "text", "date", "instant")


def total(items: Sequence[Any], zero: Any = _NO_DEFAULT) -> object:
    """The exact sum of numbers, or of amounts of one currency; `zero` is the sum of nothing.

    Raises:
        Rejected: currencies differ, an item is null or of another type, or the list is empty and
            it is not said what that sums to.
    """
    summed = [*items] if zero is _NO_DEFAULT else [zero, *items]
    if not summed:
        raise _empty("sum", "what an empty list sums to: sum(items, money('0', order.currency))")
    sort = _one_sort("sum", summed, SUMMED)
    if sort == "integer":
        return whole(sum(summed))
    if sort == "decimal":
        return reduce(add_numbers, summed, Decimal(0))
    currency = summed[0].currency
    for amount in summed:
        if amount.currency != currency:
            raise Rejected(
                f"{summed[0]} and {amount} are different currencies and cannot be added.",
                reason="currencies_differ",
                next_step="Group by the currency, or convert by a dated rate first.",
            )
    added = reduce(add_numbers, (amount.amount for amount in summed), Decimal(0))
    return Money(added, currency) if sort == "money" else UnitAmount(added, currency)


def count(items: Sequence[Any]) -> int:
    """How many items there are."""
    return len(items)


def least(items: Sequence[Any], otherwise: Any = _NO_DEFAULT) -> object:
    """The smallest, cheapest or earliest item; the first of equals. Raises Rejected."""
    return _extreme("min", items, otherwise, is_less)


def greatest(items: Sequence[Any], otherwise: Any = _NO_DEFAULT) -> object:
    """The largest, dearest or latest item; the first of equals. Raises Rejected."""
    return _extreme("max", items, otherwise, lambda a, b: is_less(b, a))


def first(items: Sequence[Any], otherwise: Any = _NO_DEFAULT) -> object:
    """The first item. Raises Rejected when there is none."""
    return _at("first", items, 0, otherwise)


def last(items: Sequence[Any], otherwise: Any = _NO_DEFAULT) -> object:
    """The last item. Raises Rejected when there is none."""
    return _at("last", items, -1, otherwise)


def _at(name: str, items: Sequence[Any], number: int, otherwise: Any) -> object:
    if items:
        found: object = items[number]
        return found
    if otherwise is _NO_DEFAULT:
        raise _empty(name, f"what to take from an empty list: {name}(items, otherwise)")
    return otherwise


def _extreme(
    name: str, items: Sequence[Any], otherwise: Any, is_before: Callable[[Any, Any], bool]
) -> object:
    if not items:
        return _at(name, items, 0, otherwise)
    _one_sort(name, items, ORDERED)
    found: object = reduce(lambda best, item: item if is_before(item, best) else best, items)
    return found


def _one_sort(name: str, items: Sequence[Any], taken: tuple[Sort, ...]) -> Sort:
    """The sort of all items; whole numbers among decimals are decimals."""
    sorts = {sort_of(item) for item in items}
    if "null" in sorts:
        raise Rejected(
            f"An item that {name} reads is empty (null).",
            reason="no_value",
            next_step="Leave such items out, where:, or give them a value.",
        )
    if sorts == {"integer", "decimal"}:
        return "decimal"
    if len(sorts) > 1 or not sorts <= {*taken}:
        found = " and ".join(sorted(sort.replace("_", " ") for sort in sorts))
        raise Rejected(f"{name} does not take a list of {found}.", reason="bad_type")
    return sorts.pop()


def _empty(name: str, say: str) -> Rejected:
    return Rejected(
        f"The list that {name} reads has no item.", reason="no_value", next_step=f"Say {say}."
    )


def entries(texts: Mapping[str, str]) -> list[dict[str, str]]:
    """The names and values of texts by name, as a list."""
    return [{"name": name, "value": value} for name, value in texts.items()]


def by_name(items: Sequence[Any], name: str, value: str) -> dict[str, str]:
    """Texts by name, of a list whose items have both. Raises Rejected for a name twice."""
    found: dict[str, str] = {}
    for item in items:
        key, text = field_of(item, name), field_of(item, value)
        if not isinstance(key, str) or not isinstance(text, str):
            raise Rejected(f"{name} and {value} have to be texts.", reason="bad_type")
        if key in found:
            raise Rejected(
                f"{key[:60]!r} stands twice.",
                reason="duplicate_key",
                next_step="Correct the data: each name has one value.",
            )
        found[key] = text
    return found
