"""An expression: text that was parsed, checked against what it can read, and compiled once."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.compile import write_expression
from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.parser import parse
from tillbridge.mapping.program import Program, Written
from tillbridge.mapping.text import Node, scalar_of
from tillbridge.mapping.tree import Tree
from tillbridge.mapping.value_type import Scope, Sort, ValueType
from tillbridge.mapping.writer import Bound, Writer


@dataclass(frozen=True, slots=True)
class Parsed:
    """An expression's text and tree, not yet checked against a scope."""

    written: Written
    tree: Tree


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression ready to be evaluated.

    Attributes:
        kind: the type of what it gives.
    """

    written: Written
    kind: ValueType
    program: Program

    @property
    def text(self) -> str:
        return self.written.text

    @property
    def place(self) -> Place:
        return self.written.place

    def evaluate(self, context: Mapping[str, object]) -> object:
        """Its value over the values of the names in scope.

        Raises:
            Rejected: the data does not allow it (something is missing, currencies differ); the
                error has the file, the line and the field of the expression.
        """
        return self.program.run(context)


def parse_expression(node: Node) -> Parsed:
    """An expression from a YAML value. Raises Misconfigured at its file and line."""
    scalar = scalar_of(node)
    return parse_written(Written(scalar.text, scalar.place, scalar.block))


def parse_written(written: Written) -> Parsed:
    """An expression from its text. Raises Misconfigured at its place."""
    try:
        return Parsed(written, parse(written.text))
    except ExpressionError as error:
        raise written.wrong(error) from error


def compile_expression(
    parsed: Parsed, scope: Scope, *, wanted: tuple[Sort, ...] = ()
) -> Expression:
    """An expression checked against a scope, giving one of the wanted sorts (none: any).

    Raises:
        Misconfigured: a name, field or function is unknown, types clash, or it gives another sort.
    """
    writer = Writer()
    bound = {name: Bound(kind) for name, kind in scope.items()}
    code = write_expression(writer, parsed.tree, parsed.written, bound)
    if wanted and code.kind.sort not in (*wanted, "any"):
        raise Misconfigured(
            f"The expression gives {code.kind}; here it has to give {' or '.join(wanted)}.",
            reason="bad_type",
            place=parsed.written.place,
        )
    function = writer.function([ast.Return(code.node)])
    return Expression(parsed.written, code.kind, Program(function, tuple(writer.spots)))


def expression(text: str, scope: Scope, *, place: Place | None = None) -> Expression:
    """An expression from text that stands in no file."""
    return compile_expression(
        parse_written(Written(text, place or Place(field="the expression"))), scope
    )
