"""A field of something that may be null, as code: null where there is nothing to read it of."""

import ast

from tillbridge.mapping import reading
from tillbridge.mapping.writer import Code, Writer, load


def peeked(writer: Writer, of: Code, field: str) -> ast.expr:
    """The field, or null. What is known of the value's type is read without a call."""
    key = ast.Constant(field)
    if of.kind.sort == "list":
        return writer.call(reading.peek_each, of.node, key)
    if of.kind.sort not in ("record", "dictionary"):
        return writer.call(reading.peek, of.node, key)
    holder, test = of.node, of.node
    if not isinstance(holder, ast.Name):
        variable = writer.variable("p")
        holder, test = load(variable), ast.NamedExpr(ast.Name(variable, ast.Store()), of.node)
    keyed = of.kind.keyed or of.kind.sort == "dictionary"
    found = get(holder, key) if keyed else ast.Attribute(holder, field, ast.Load())
    is_null = ast.Compare(test, [ast.Is()], [ast.Constant(None)])
    return ast.IfExp(is_null, ast.Constant(None), found)


def get(of: ast.expr, *arguments: ast.expr) -> ast.expr:
    """A call of a dict's `get`."""
    return ast.Call(ast.Attribute(of, "get", ast.Load()), list(arguments), [])
