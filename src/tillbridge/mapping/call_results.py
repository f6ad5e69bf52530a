"""What is known of a call's value from its arguments: one line for each function that says more
than its type. A function without a line is unknown, which is always safe."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from tillbridge.mapping.known import Known, either, item_of, path_of
from tillbridge.mapping.tree import Call, Literal
from tillbridge.mapping.value_type import MONEY, TEXT, UNIT_AMOUNT, list_of, present

_SAME_LENGTH: Final = ("upper", "lower")
"""A few letters grow in capitals (ß); a width has room for that, or the run says so."""

_GATHERING: Final = ("sum", "min", "max", "first", "last")


def joined_texts(left: Known, right: Known) -> Known:
    """What is known of one text and another behind it."""
    bounded = left.longest is not None and right.longest is not None
    return Known(
        TEXT,
        shortest=left.shortest + right.shortest,
        longest=(left.longest or 0) + (right.longest or 0) if bounded else None,
        typed=left.typed or right.typed,
    )


def _whole(tree: Call, at: int) -> int | None:
    argument = tree.arguments[at]
    if isinstance(argument, Literal) and type(argument.value) is int:
        return argument.value
    return None


def _cut(tree: Call, arguments: list[Known]) -> Known:
    width = _whole(tree, 1)
    of = arguments[0]
    if width is None or width < 0:
        return Known(TEXT)
    longest = width if of.longest is None else min(width, of.longest)
    return Known(TEXT, shortest=min(of.shortest, longest), longest=longest)


def _concat(_: Call, arguments: list[Known]) -> Known:
    whole = arguments[0]
    for part in arguments[1:]:
        whole = joined_texts(whole, part)
    return replace(whole, kind=TEXT, options=(), written=(), path="")


def _padded(tree: Call, arguments: list[Known]) -> Known:
    width = _whole(tree, 1)
    of = arguments[0]
    if width is None:
        return Known(TEXT, typed=of.typed)
    longest = None if of.longest is None else max(width, of.longest)
    return Known(TEXT, shortest=max(width, of.shortest), longest=longest, typed=of.typed)


def _default(_: Call, arguments: list[Known]) -> Known:
    return either(replace(arguments[0], kind=present(arguments[0].kind)), arguments[1])


def _like_first(_: Call, arguments: list[Known]) -> Known:
    return replace(arguments[0], path="", options=(), written=())


def _rounded_number(tree: Call, arguments: list[Known]) -> Known:
    return replace(arguments[0], path="", digits=_whole(tree, 1))


def _shorter(_: Call, arguments: list[Known]) -> Known:
    return Known(TEXT, longest=arguments[0].longest, typed=arguments[0].typed)


def _amount_of(tree: Call, arguments: list[Known]) -> Known:
    kind = MONEY if tree.function == "money" else UNIT_AMOUNT
    return Known(kind, currency=_currency_of(tree, arguments), share=arguments[0].share)


def _currency_of(tree: Call, arguments: list[Known]) -> str:
    wanted = tree.arguments[1]
    if isinstance(wanted, Literal):
        return str(wanted.value)
    return arguments[1].currency


def _from_text(tree: Call, arguments: list[Known]) -> Known:
    kind = UNIT_AMOUNT if tree.function == "unit_amount_from" else MONEY
    return Known(kind, currency=_currency_of(tree, arguments))


def _parts(_: Call, arguments: list[Known]) -> Known:
    return Known(list_of(MONEY), currency=arguments[0].currency)


def _gathered(_: Call, arguments: list[Known]) -> Known:
    return replace(item_of(arguments[0]), path="")


def _rounded(_: Call, arguments: list[Known]) -> Known:
    return Known(MONEY, currency=arguments[0].currency, share=arguments[0].share)


def _quotient(tree: Call, arguments: list[Known]) -> Known:
    value, by = arguments[0], arguments[1]
    digits = _whole(tree, 2)
    if value.unit != "amount" or by.unit == "amount":
        return Known(digits=digits)
    share = path_of(tree.arguments[0]).removesuffix(".amount")
    return Known(digits=digits, unit="amount", share=share)


def _format_of(tree: Call, _: list[Known]) -> Known:
    wanted = tree.arguments[1]
    written = str(wanted.value) if isinstance(wanted, Literal) else ""
    return Known(TEXT, format=written, longest=len(_example_of(written)) if written else None)


def _example_of(written: str) -> str:
    """A text as long as any that the format writes."""
    for code, width in {"%Y": 4, "%j": 3, "%f": 6, "%z": 6}.items():
        written = written.replace(code, "0" * width)
    return written  # every other code is two characters long, and so is what it writes


CALLS: Final[Mapping[str, Callable[[Call, list[Known]], Known]]] = {
    "left": _cut,
    "right": _cut,
    "truncate": _cut,
    "concat": _concat,
    "pad_left": _padded,
    "pad_right": _padded,
    "trim": _shorter,
    "default": _default,
    "round": _rounded_number,
    "integer": _like_first,
    "absolute": _like_first,
    "decimal": _like_first,
    "divide": _quotient,
    "money": _amount_of,
    "unit_amount": _amount_of,
    "round_money": _rounded,
    "money_from": _from_text,
    "money_from_minor": _from_text,
    "unit_amount_from": _from_text,
    "allocate": _parts,
    "minor_units": lambda _, __: Known(unit="minor units"),
    "date_format": _format_of,
    "instant_format": _format_of,
    **dict.fromkeys(_GATHERING, _gathered),
    **dict.fromkeys(_SAME_LENGTH, _like_first),
}
"""What is known of a call's value, by function."""
