"""What an expression is made of: a tree whose every node knows where it stands in the text."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (not included) of the expression's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    value: str | int | Decimal | bool | None
    span: Span


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, b]`."""

    items: tuple["Tree", ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """Something the scope knows: `order`, or an earlier step's result."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Select:
    """`of.field`."""

    of: "Tree"
    field: str
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`of[at]`."""

    of: "Tree"
    at: "Tree"
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`; `a.function(b)` is the same as `function(a, b)`."""

    function: str
    arguments: tuple["Tree", ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`!of` or `-of`."""

    operator: str
    of: "Tree"
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`; && and || ask the right side only when the left leaves it open."""

    operator: str
    left: "Tree"
    right: "Tree"
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : otherwise`; only the chosen side is computed."""

    condition: "Tree"
    then: "Tree"
    otherwise: "Tree"
    span: Span


Tree: TypeAlias = (
    Literal | ListLiteral | Name | Select | Index | Call | Unary | Binary | Conditional
)


def names_in(tree: Tree) -> frozenset[str]:
    """The names that are read whatever the values are: those behind ? : && || are not."""
    match tree:
        case Name():
            return frozenset({tree.name})
        case Literal():
            return frozenset()
        case ListLiteral():
            return _names(tree.items)
        case Select() | Unary():
            return names_in(tree.of)
        case Index():
            return _names((tree.of, tree.at))
        case Call():
            return _names(tree.arguments)
        case Binary(operator="&&" | "||"):
            return names_in(tree.left)
        case Binary():
            return _names((tree.left, tree.right))
        case Conditional():
            both = names_in(tree.then) & names_in(tree.otherwise)
            return names_in(tree.condition) | both


def _names(trees: tuple[Tree, ...]) -> frozenset[str]:
    return frozenset().union(*map(names_in, trees))
