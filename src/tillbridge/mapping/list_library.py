"""The functions that gather a list into one value."""

from collections.abc import Callable, Sequence
from typing import Final

from tillbridge.mapping import list_functions as lists
from tillbridge.mapping.function import Function, Parameter
from tillbridge.mapping.value_type import (
    ANY,
    INTEGER,
    TEXT,
    Sort,
    ValueType,
    dictionary_of,
    joined,
    list_of,
    present,
)

_ITEMS: Final = Parameter("items", ("list",))
_OTHERWISE: Final = Parameter("otherwise", ())


def _one_of(
    sorts: tuple[Sort, ...] | None,
) -> Callable[[Sequence[ValueType]], ValueType | None]:
    """An item of the list (of these sorts), or what stands in for an empty one."""

    def gives(kinds: Sequence[ValueType]) -> ValueType | None:
        item = present(kinds[0].of or ANY)
        if sorts is not None:
            if item.sort not in (*sorts, "any"):
                return None
        elif kinds[0].of is not None:
            item = kinds[0].of
        return item if len(kinds) == 1 else joined(item, kinds[1])

    return gives


_ENTRY: Final = ValueType("record", fields={"name": TEXT, "value": TEXT}, keyed=True)

LIST_FUNCTIONS: Final = (
    Function(
        "sum",
        (_ITEMS, Parameter("zero", (*lists.SUMMED,))),
        ANY,
        "The exact sum of numbers, or of amounts of one currency; of an empty list only with"
        " a zero.",
        "sum([money('1.10', 'USD'), money('2.20', 'USD')]) == money('3.30', 'USD')",
        lists.total,
        optional=1,
        gives=_one_of(lists.SUMMED),
    ),
    Function(
        "count",
        (_ITEMS,),
        INTEGER,
        "How many items there are.",
        "count(['a', 'b']) == 2",
        lists.count,
    ),
    Function(
        "min",
        (_ITEMS, _OTHERWISE),
        ANY,
        "The smallest, cheapest or earliest item.",
        "min([3, 1, 2]) == 1",
        lists.least,
        optional=1,
        gives=_one_of(lists.ORDERED),
    ),
    Function(
        "max",
        (_ITEMS, _OTHERWISE),
        ANY,
        "The largest, dearest or latest item.",
        "max(['a', 'c', 'b']) == 'c'",
        lists.greatest,
        optional=1,
        gives=_one_of(lists.ORDERED),
    ),
    Function(
        "first",
        (_ITEMS, _OTHERWISE),
        ANY,
        "The first item.",
        "first(split('a-b', '-')) == 'a'",
        lists.first,
        optional=1,
        gives=_one_of(None),
    ),
    Function(
        "last",
        (_ITEMS, _OTHERWISE),
        ANY,
        "The last item.",
        "last(split('a-b', '-')) == 'b'",
        lists.last,
        optional=1,
        gives=_one_of(None),
    ),
    Function(
        "entries",
        (Parameter("texts", ("dictionary",)),),
        list_of(_ENTRY),
        "Texts by name as a list of items with a name and a value.",
        "size(entries(by_name([], 'key', 'value'))) == 0",
        lists.entries,
    ),
    Function(
        "by_name",
        (_ITEMS, Parameter("name"), Parameter("value")),
        dictionary_of(TEXT, lenient=True),
        "Texts by name, of a list whose items have both: the other way round.",
        "!has(by_name([], 'key', 'value').color)",
        lists.by_name,
    ),
)
"""In the order of the reference page."""
