"""What a function of the mapping language is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.tree import Literal, Tree
from tillbridge.mapping.value_type import Sort, ValueType, sort_of

_FOLDED: Final = frozenset({"integer", "decimal", "money", "unit_amount", "date", "instant"})
"""What a call of literals may be kept as: small, and never changed."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument.

    Attributes:
        sorts: what it takes; empty: anything.
        literal: checks a text that is written out, when the expression is read.
        of: what a list holds.
    """

    name: str
    sorts: tuple[Sort, ...] = ("text",)
    literal: Callable[[str], object] | None = None
    of: Sort | None = None

    def __str__(self) -> str:
        wanted = " or ".join(sort.replace("_", " ") for sort in self.sorts) or "anything"
        return f"{self.name}: {wanted}{f' of {self.of}' if self.of else ''}"


TEXT_PARAMETER: Final = Parameter("text")
WHOLE: Final[tuple[Sort, ...]] = ("integer",)


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        example: a true expression; it runs as a test.
        run: None for `has` and `default`, which are compiled: they look before they read.
        repeats: the last parameter may be given any number of times.
        notes: `run` takes a NoteTaker before its arguments, because it has something to note.
        works: `run` takes the document's Work before its arguments, and spends of it itself.
        optional: so many of the last parameters may be left out.
        gives: the type of the result by those of the arguments, where it depends on them; None
            when it takes no such arguments.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueType
    about: str
    example: str
    run: Callable[..., Any] | None
    repeats: bool = False
    notes: bool = False
    works: bool = False
    optional: int = 0
    gives: Callable[[Sequence[ValueType]], ValueType | None] | None = None

    def __str__(self) -> str:
        names = [each.name for each in self.parameters]
        needed = len(names) - self.optional
        given = ", ".join(names[:needed]) + "".join(f"[, {name}]" for name in names[needed:])
        return f"{self.name}({given}{', ...' if self.repeats else ''})"


def known_now(function: Function, arguments: Sequence[Tree]) -> Any:
    """What a call of literals answers, such as money('100', 'USD'); None: it has to be called.

    Texts are left to be made when they are wanted, and so are errors.
    """
    if (
        function.run is None
        or function.notes
        or function.works
        or function.result.sort not in _FOLDED
    ):
        return None
    values = [each.value for each in arguments if isinstance(each, Literal)]
    if len(values) < len(arguments) or None in values:
        return None
    try:
        return function.run(*values)
    except Rejected:
        return None


def checked(value: Any, function: str, parameter: Parameter) -> Any:
    """An argument whose type was not known before. Raises Rejected when it does not fit."""
    sort = sort_of(value)
    if value is None:
        raise Rejected(
            f"{function} needs its {parameter.name}, which is empty (null).",
            reason="no_value",
            next_step="Give a value for that case: default(..., ...).",
        )
    if parameter.sorts and sort not in parameter.sorts:
        raise Rejected(
            f"{function} takes {parameter}, not {sort.replace('_', ' ')}.", reason="bad_type"
        )
    if parameter.of and any(sort_of(item) != parameter.of for item in value):
        raise Rejected(f"{function} takes {parameter}.", reason="bad_type")
    return value
