"""Operators with two sides into Python: the types of both decide which Python is written."""

import ast
from collections.abc import Mapping
from dataclasses import replace

from tillbridge.mapping import arithmetic
from tillbridge.mapping.arithmetic import ARITHMETIC
from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.text import unknown
from tillbridge.mapping.tree import Binary, ListLiteral, Literal, Span, Tree
from tillbridge.mapping.value_type import ANY, BOOLEAN, ValueType, present
from tillbridge.mapping.writer import Code, Writer

_PLAIN = frozenset({"text", "integer", "decimal", "boolean", "date", "instant"})
_COMPARISONS: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
}  # fmt: skip


def write_arithmetic(writer: Writer, tree: Binary, left: Code, right: Code) -> Code:
    """+ - * as code. Raises ExpressionError."""
    rules = ARITHMETIC[tree.operator]
    sorts = (left.kind.sort, right.kind.sort)
    if "any" in sorts:
        operator = ast.Constant(tree.operator)
        return Code(writer.call(arithmetic.operate, operator, left.node, right.node), ANY)
    rule = rules.get(sorts)
    if rule is None:
        raise _clash(tree, left.kind, right.kind)
    kind, run = rule
    if left.kind.optional or right.kind.optional:
        operator = ast.Constant(tree.operator)
        node = writer.call(arithmetic.operate, operator, left.node, right.node)
    elif sorts == ("text", "text"):
        node = writer.work("made", ast.BinOp(_sum(left.node), ast.Add(), _sum(right.node)))
    else:
        node = writer.call(run, left.node, right.node)
    return Code(node, kind)


def _sum(node: ast.expr) -> ast.expr:
    """A sum of texts without the call that counts it: the whole sum is counted once."""
    match node:
        case ast.Call(func=ast.Attribute(attr="made"), args=[ast.BinOp() as inner]):
            return inner
        case _:
            return node


def write_comparison(writer: Writer, tree: Binary, left: Code, right: Code) -> Code:
    """< and its kin as code. Raises ExpressionError."""
    sorts = (left.kind.sort, right.kind.sort)
    if "any" not in sorts and not arithmetic.orders(*sorts):
        raise _clash(tree, left.kind, right.kind)
    if _are_plain(left.kind, right.kind) or _are_money(left.kind, right.kind):
        return Code(_compare(left.node, tree.operator, right.node), BOOLEAN)
    if tree.operator in (">", "<="):
        left, right = right, left
    node = writer.call(arithmetic.is_less, left.node, right.node)
    return Code(_not(node) if tree.operator in ("<=", ">=") else node, BOOLEAN)


def write_equality(writer: Writer, tree: Binary, left: Code, right: Code) -> Code:
    """== and != as code. Raises ExpressionError."""
    sorts = (left.kind.sort, right.kind.sort)
    if "any" not in sorts and not arithmetic.equates(*sorts):
        raise _clash(tree, left.kind, right.kind)
    _check_option(left.kind, tree.right)
    _check_option(right.kind, tree.left)
    if "null" in sorts or _are_plain(left.kind, right.kind):
        return Code(_compare(left.node, tree.operator, right.node), BOOLEAN)
    node = writer.call(arithmetic.is_equal, left.node, right.node)
    return Code(_not(node) if tree.operator == "!=" else node, BOOLEAN)


def write_membership(writer: Writer, tree: Binary, left: Code, right: Code) -> Code:
    """`in` as code. Raises ExpressionError."""
    holder = right.kind
    if holder.sort == "list" and holder.of is not None:
        if "any" not in (left.kind.sort, holder.of.sort) and not arithmetic.equates(
            left.kind.sort, holder.of.sort
        ):
            raise _clash(tree, left.kind, holder)
        if isinstance(tree.right, ListLiteral):
            for item in tree.right.items:
                _check_option(left.kind, item)
        if _are_plain(left.kind, holder.of) and not holder.optional:
            node = ast.Compare(left.node, [ast.In()], [right.node])
            return Code(node, BOOLEAN)
    elif holder.sort not in ("dictionary", "any") or left.kind.sort not in ("text", "any"):
        raise _clash(tree, left.kind, holder)
    return Code(writer.call(arithmetic.is_in, left.node, right.node), BOOLEAN)


def _are_plain(left: ValueType, right: ValueType) -> bool:
    return not (left.optional or right.optional) and {left.sort, right.sort} <= _PLAIN


def _are_money(left: ValueType, right: ValueType) -> bool:
    """Money refuses another currency itself when it is ordered (not when it is equated)."""
    return not (left.optional or right.optional) and left.sort == right.sort == "money"


def _compare(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [_COMPARISONS[operator]()], [right])


def _not(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _check_option(kind: ValueType, tree: Tree) -> None:
    """A text that can never be equal is a slip of the pen."""
    if not kind.options or not isinstance(tree, Literal) or not isinstance(tree.value, str):
        return
    if tree.value not in kind.options:
        raise not_known("value", tree.value, kind.options, tree.span)


def wrong(message: str, span: Span, next_step: str = "") -> ExpressionError:
    """The error for an expression that makes no sense at a span."""
    return ExpressionError(message, span, reason="bad_expression", next_step=next_step)


def not_known(what: str, name: str, known: object, span: Span) -> ExpressionError:
    """The error for a name nobody knows, with the nearest known one."""
    error = unknown(what, name, list(known), None)  # type: ignore[call-overload]  # mappings, tuples
    return ExpressionError(error.message, span, reason=error.reason, next_step=error.next_step)


def _clash(tree: Binary, left: ValueType, right: ValueType) -> ExpressionError:
    return wrong(
        f"{tree.operator} does not take {replace(left, optional=False)} and {present(right)}.",
        tree.span,
        arithmetic.why_not(tree.operator, left.sort, right.sort),
    )
