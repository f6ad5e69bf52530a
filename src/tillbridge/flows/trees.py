"""What a step's text reads and asks: trees, paths, and conditions on one path."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache

from tillbridge.canonical.errors import Place
from tillbridge.flows.steps import FromMapping, Recovery, Step
from tillbridge.flows.totals import Total
from tillbridge.flows.walk import walk_steps
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression, Parsed
from tillbridge.mapping.known import path_of
from tillbridge.mapping.parser import parse
from tillbridge.mapping.tree import (
    Binary,
    Call,
    Conditional,
    Index,
    ListLiteral,
    Literal,
    Name,
    Select,
    Tree,
    Unary,
)

ASKING = frozenset({"has", "default"})
"""Functions that look at a value without failing when it is not there."""


@lru_cache(maxsize=4_096)
def tree_of(text: str) -> Tree:
    """The tree of an expression that was read before."""
    return parse(text)


def expressions_of(step: Step) -> Iterator[tuple[str, Expression]]:
    """A step's own expressions with their places, those of steps inside it left out."""
    for each in fields(step):
        yield from _expressions(each.name, getattr(step, each.name))


def trees_of(step: Step) -> Iterator[Tree]:
    """Every tree of a step's own text, rules of a mapping it uses included."""
    for _, expression in expressions_of(step):
        yield tree_of(expression.text)
    for each in fields(step):
        value = getattr(step, each.name)
        if isinstance(value, Filler):
            yield from rule_trees(value.origin.rules)


def paths_of(tree: Tree) -> Iterator[str]:
    """Every path a tree reads, whole: `paid.data.payment.state`, not `paid.data` as well."""
    for node in _tops(tree):
        path = path_of(node)
        if path:
            yield path


def paths_read(step: Step) -> frozenset[str]:
    """Every path a step reads; the name of the map step whose result it takes is one."""
    found = {path for tree in trees_of(step) for path in paths_of(tree)}
    found |= {
        value.step
        for each in fields(step)
        if isinstance(value := getattr(step, each.name), FromMapping)
    }
    return frozenset(found)


def all_paths(steps: tuple[Step, ...]) -> frozenset[str]:
    """Every path that steps read, at any depth."""
    return frozenset(path for step in walk_steps(steps) for path in paths_read(step))


def asks_for(steps: tuple[Step, ...], name: str) -> bool:
    """Whether some step looks whether a result is there: has(name), default(...), == null."""
    return any(_asks(tree, name) for step in walk_steps(steps) for tree in trees_of(step))


def asks_only_for(tree: Tree, name: str) -> bool:
    """Whether a condition is just has(name)."""
    return isinstance(tree, Call) and tree.function == "has" and path_of(tree.arguments[0]) == name


def starts_with(path: str, name: str) -> bool:
    """Whether a path is a name's, or below it."""
    return path == name or path.startswith((f"{name}.", f"{name}["))


def holds(tree: Tree, path: str, value: str) -> bool | None:
    """Whether a condition is true where a path has a value; None: that alone does not say."""
    match tree:
        case Binary(operator="&&" | "||"):
            sides = holds(tree.left, path, value), holds(tree.right, path, value)
            decisive = tree.operator == "||"
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
        case Unary(operator="!"):
            inner = holds(tree.of, path, value)
            return None if inner is None else not inner
        case Binary(operator="==" | "!="):
            literal = _compared(tree, path)
            return None if literal is None else (literal == value) == (tree.operator == "==")
        case Binary(operator="in", right=ListLiteral(items=items)) if path_of(tree.left) == path:
            return value in [item.value for item in items if isinstance(item, Literal)]
        case Literal(value=bool(truth)):
            return truth
        case _:
            return None


def literals_for(tree: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """The texts a path is compared with, each with where it stands."""
    for node in _nodes(tree):
        if not isinstance(node, Binary):
            continue
        if node.operator in ("==", "!="):
            literal = _compared(node, path)
            if literal is not None:
                yield literal, node
        elif node.operator == "in" and path_of(node.left) == path:
            for item in node.right.items if isinstance(node.right, ListLiteral) else ():
                if isinstance(item, Literal) and isinstance(item.value, str):
                    yield item.value, item


def demanded(tree: Tree) -> Mapping[str, str]:
    """The texts that paths have to have for a condition to be true, as far as it says so."""
    match tree:
        case Binary(operator="&&"):
            return {**demanded(tree.left), **demanded(tree.right)}
        case Binary(operator="=="):
            for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
                if path_of(side) and isinstance(other, Literal) and isinstance(other.value, str):
                    return {path_of(side): other.value}
    return {}


def place_in(expression: Expression, tree: Tree) -> Place:
    """Where a part of an expression stands."""
    return expression.written.place_at(tree.span)


def _expressions(name: str, value: object) -> Iterator[tuple[str, Expression]]:
    match value:
        case Expression():
            yield name, value
        case Total():
            yield from _expressions(name, value.of)
        case Mapping():
            for key, each in value.items():
                yield from _expressions(f"{name}.{key}", each)
        case tuple():
            for each in value:
                if hasattr(each, "when"):
                    yield from _expressions("when", each.when)
        case Recovery() | _:
            return


def rule_trees(value: object) -> Iterator[Tree]:
    """The trees of rules, whatever kinds of rules there are."""
    if isinstance(value, Parsed):
        yield value.tree
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from rule_trees(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from rule_trees(each)
    elif is_dataclass(value) and not isinstance(value, Place):
        for part in fields(value):
            yield from rule_trees(getattr(value, part.name))


def _asks(tree: Tree, name: str) -> bool:
    for node in _nodes(tree):
        if isinstance(node, Call) and node.function in ASKING and node.arguments:
            if starts_with(path_of(node.arguments[0]), name):
                return True
        elif isinstance(node, Binary) and node.operator in ("==", "!="):
            sides = (node.left, node.right)
            null = any(isinstance(side, Literal) and side.value is None for side in sides)
            if null and any(path_of(side) == name for side in sides):
                return True
    return False


def _compared(tree: Binary, path: str) -> str | None:
    for side, other in ((tree.left, tree.right), (tree.right, tree.left)):
        if path_of(side) == path and isinstance(other, Literal) and isinstance(other.value, str):
            return other.value
    return None


def _nodes(tree: Tree) -> Iterator[Tree]:
    yield tree
    for child in _children(tree):
        yield from _nodes(child)


def _tops(tree: Tree) -> Iterator[Tree]:
    """The nodes that are whole paths, and not parts of one."""
    if path_of(tree):
        yield tree
        at: Tree = tree
        while isinstance(at, Select | Index):
            if isinstance(at, Index):
                yield from _tops(at.at)
            at = at.of
        return
    for child in _children(tree):
        yield from _tops(child)


def _children(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Literal() | Name():
            return ()
        case ListLiteral():
            return tree.items
        case Select():
            return (tree.of,)
        case Index():
            return (tree.of, tree.at)
        case Call():
            return tree.arguments
        case Unary():
            return (tree.of,)
        case Binary():
            return (tree.left, tree.right)
        case Conditional():
            return (tree.condition, tree.then, tree.otherwise)
