"""What a function of the mapping language is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.value_type import Sort, ValueType, sort_of


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
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueType
    about: str
    example: str
    run: Callable[..., Any] | None
    repeats: bool = False
    notes: bool = False

    def __str__(self) -> str:
        dots = ", ..." if self.repeats else ""
        return f"{self.name}({', '.join(each.name for each in self.parameters)}{dots})"


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
