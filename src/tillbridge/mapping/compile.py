"""Trees into Python: types are checked and code is written in the same walk.

Where the types of both sides are known the plain Python operation is written; where they are
only known when it runs, a call that looks first. Names of the user never become Python names:
only fields that a canonical dataclass declares are read as attributes.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.mapping import arithmetic, reading
from tillbridge.mapping.function import Function, Parameter, checked, known_now
from tillbridge.mapping.functions import FUNCTIONS
from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.operators import (
    not_known,
    write_arithmetic,
    write_comparison,
    write_equality,
    write_membership,
    wrong,
)
from tillbridge.mapping.peek import get, peeked
from tillbridge.mapping.program import Spot, Written
from tillbridge.mapping.tree import (
    Binary,
    Call,
    Conditional,
    Index,
    ListLiteral,
    Literal,
    Name,
    Select,
    Span,
    Tree,
    Unary,
)
from tillbridge.mapping.value_type import (
    AMOUNT_FIELDS,
    ANY,
    BOOLEAN,
    Sort,
    ValueType,
    joined,
    list_of,
    optional,
    present,
    sort_of,
)
from tillbridge.mapping.writer import Bound, Code, Writer, given, load

_FLOATS: Final = frozenset({"double", "float", "number", "real"})
"""What other languages call a number that is not exact."""


def write_expression(
    writer: Writer,
    tree: Tree,
    written: Written,
    scope: Mapping[str, Bound],
    path: str = "",
    *,
    peek: bool = False,
) -> Code:
    """An expression as code.

    `path` is the document field it fills, for errors. With `peek` a field that is not there is
    null instead of an error.

    Raises:
        Misconfigured: at the place in the text, when it is wrong.
    """
    expression = _ExpressionWriter(writer, written, scope, path)
    try:
        return expression.peek(tree) if peek else expression.write(tree)
    except ExpressionError as error:
        raise written.wrong(error) from error


def write_condition(
    writer: Writer, tree: Tree, written: Written, scope: Mapping[str, Bound], path: str = ""
) -> ast.expr:
    """A condition as code that is True or False. Raises Misconfigured."""
    expression = _ExpressionWriter(writer, written, scope, path)
    try:
        return expression.condition(tree)
    except ExpressionError as error:
        raise written.wrong(error) from error


_MADE: Final = frozenset({"text", "list", "any"})
"""The sorts of results that can be large: what makes one is counted (see `work`)."""


class _ExpressionWriter:
    def __init__(
        self, writer: Writer, written: Written, scope: Mapping[str, Bound], path: str
    ) -> None:
        self._writer = writer
        self._written = written
        self._scope = scope
        self._path = path

    def write(self, tree: Tree) -> Code:
        match tree:
            case Literal():
                code = Code(self._writer.constant(tree.value), ValueType(sort_of(tree.value)))
                code = code._replace(kind=optional(code.kind) if tree.value is None else code.kind)
            case ListLiteral():
                code = self._list(tree)
            case Name():
                code = self._name(tree)
            case Select():
                code = self._select(tree)
            case Index():
                code = self._index(tree)
            case Call():
                code = self._call(tree)
            case Unary():
                code = self._unary(tree)
            case Binary():
                code = self._binary(tree)
            case Conditional():
                code = self._conditional(tree)
        return self._placed(code, tree)

    def condition(self, tree: Tree) -> ast.expr:
        code = self.write(tree)
        return self._placed(Code(self._truth(code, tree.span), BOOLEAN), tree).node

    def _placed(self, code: Code, tree: Tree) -> Code:
        spot = Spot(self._written.place, self._path, self._written, tree)
        return self._writer.part(code, spot)

    def _list(self, tree: ListLiteral) -> Code:
        items = [self.write(item) for item in tree.items]
        kind: ValueType | None = items[0].kind if items else ANY
        for item, part in zip(items, tree.items, strict=True):
            kind = joined(kind, item.kind) if kind is not None else None
            if kind is None:
                raise wrong("The items of a list have to be of one type.", part.span)
        assert kind is not None
        return Code(ast.List([item.node for item in items], ast.Load()), list_of(kind))

    def _bound(self, tree: Name) -> Bound:
        bound = self._scope.get(tree.name)
        if bound is None:
            raise not_known("name", tree.name, self._scope, tree.span)
        return bound

    def _name(self, tree: Name) -> Code:
        bound = self._bound(tree)
        if bound.variable:
            return Code(load(bound.variable), bound.kind)
        key = ast.Constant(tree.name)
        return Code(ast.Subscript(load("context"), key, ast.Load()), bound.kind)

    def _select(self, tree: Select) -> Code:
        of = self.write(tree.of)
        kind = self._field_kind(of.kind, tree)
        key = ast.Constant(tree.field)
        if of.kind.sort == "list":
            each = self._writer.call(reading.field_of_each, of.node, key)
            return Code(self._writer.work("made", each), kind)
        if of.kind.sort == "any":
            return Code(self._writer.call(reading.field_of, of.node, key), kind)
        if of.kind.sort == "dictionary" and of.kind.lenient:
            return Code(get(of.node, key, ast.Constant("")), kind)
        if of.kind.sort == "dictionary" or (of.kind.keyed and not kind.optional):
            return Code(ast.Subscript(of.node, key, ast.Load()), kind)
        if of.kind.keyed:
            return Code(get(of.node, key), kind)
        return Code(ast.Attribute(of.node, tree.field, ast.Load()), kind)

    def _field_kind(self, of: ValueType, tree: Select) -> ValueType:
        if of.sort == "any":
            return ANY
        if of.sort == "list":
            assert of.of is not None
            item = self._field_kind(of.of, tree)
            return item if item.sort == "list" else list_of(item)
        if of.sort == "dictionary":
            assert of.of is not None
            return of.of
        fields = AMOUNT_FIELDS if of.sort in ("money", "unit_amount") else of.fields
        if not fields:
            shown = self._written.slice(tree.of.span)
            raise wrong(f"{shown} is {present(of)}: it has no fields.", tree.span)
        if tree.field not in fields:
            raise not_known("field", tree.field, fields, tree.span)
        return fields[tree.field]

    def _index(self, tree: Index) -> Code:
        of, at = self.write(tree.of), self.write(tree.at)
        kind = self._item_kind(of.kind, at.kind, tree)
        if of.kind.sort == "dictionary" and of.kind.lenient:
            return Code(get(of.node, at.node, ast.Constant("")), kind)
        return Code(self._writer.call(reading.item_of, of.node, at.node), kind)

    def _item_kind(self, of: ValueType, at: ValueType, tree: Index) -> ValueType:
        if of.sort == "any":
            return ANY
        wanted: dict[Sort, Sort] = {"list": "integer", "dictionary": "text"}
        if of.sort not in wanted:
            shown = self._written.slice(tree.of.span)
            raise wrong(f"{shown} is {present(of)}: it has no items.", tree.span)
        if at.sort not in (wanted[of.sort], "any"):
            raise wrong(
                f"An item of a {of.sort} is read by {wanted[of.sort]}, not {at}.", tree.at.span
            )
        assert of.of is not None
        return of.of

    def _unary(self, tree: Unary) -> Code:
        of = self.write(tree.of)
        if tree.operator == "!":
            return Code(ast.UnaryOp(ast.Not(), self._truth(of, tree.of.span)), BOOLEAN)
        if of.kind.sort not in ("integer", "decimal", "money", "any"):
            raise wrong(f"- does not take {of.kind}.", tree.span)
        return Code(self._writer.call(arithmetic.negated, of.node), present(of.kind))

    def _truth(self, code: Code, span: Span) -> ast.expr:
        if code.kind.sort not in ("boolean", "any"):
            raise wrong(
                f"A condition is true or false, not {code.kind}.",
                span,
                "Compare it with something: order.number == '...', or test it with has(...).",
            )
        if code.kind == BOOLEAN:
            return code.node
        return self._writer.call(arithmetic.truth, code.node)

    def _conditional(self, tree: Conditional) -> Code:
        condition = self._truth(self.write(tree.condition), tree.condition.span)
        then, otherwise = self.write(tree.then), self.write(tree.otherwise)
        kind = joined(then.kind, otherwise.kind)
        if kind is None:
            raise wrong(f"One side of ? : is {then.kind}, the other {otherwise.kind}.", tree.span)
        return Code(ast.IfExp(condition, then.node, otherwise.node), kind)

    def _binary(self, tree: Binary) -> Code:
        left, right = self.write(tree.left), self.write(tree.right)
        match tree.operator:
            case "&&" | "||":
                junction = ast.And() if tree.operator == "&&" else ast.Or()
                sides = [self._truth(left, tree.left.span), self._truth(right, tree.right.span)]
                return Code(ast.BoolOp(junction, sides), BOOLEAN)
            case "==" | "!=":
                return write_equality(self._writer, tree, left, right)
            case "<" | "<=" | ">" | ">=":
                return write_comparison(self._writer, tree, left, right)
            case "in":
                return write_membership(self._writer, tree, left, right)
            case _:
                return write_arithmetic(self._writer, tree, left, right)

    def _call(self, tree: Call) -> Code:
        function = FUNCTIONS.get(tree.function)
        if function is None:
            raise _no_function(tree)
        self._check_count(tree, function)
        if function.name == "has":
            return self._has(tree)
        if function.name == "default":
            return self._default(tree)
        assert function.run is not None
        last = function.parameters[-1]
        arguments = []
        if function.notes:
            spot = Spot(self._written.place, self._path, self._written, tree)
            arguments.append(self._writer.note_taker(spot))
        if function.works:
            arguments.append(self._writer.work_itself())
        kinds: list[ValueType] = []
        for at, argument in enumerate(tree.arguments):
            parameter = function.parameters[at] if at < len(function.parameters) else last
            code = self._argument(function, parameter, argument)
            arguments.append(code.node)
            kinds.append(code.kind)
        result = function.gives(kinds) if function.gives else function.result
        if result is None:
            raise wrong(f"{function.name} does not take {_listed(kinds)}.", tree.span)
        known = known_now(function, tree.arguments)
        if known is not None:
            return Code(self._writer.constant(known), result)
        node = self._writer.call(function.run, *arguments)
        if result.sort in _MADE:
            node = self._writer.work("made", node)
        return Code(node, result)

    @staticmethod
    def _check_count(tree: Call, function: Function) -> None:
        given, most = len(tree.arguments), len(function.parameters)
        least = most - function.optional
        if given < least or (given > most and not function.repeats):
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise wrong(
                f"{function.name} takes {wanted} arguments, not {given}: {function}.", tree.span
            )

    def _argument(self, function: Function, parameter: Parameter, tree: Tree) -> Code:
        code = self.write(tree)
        kind = code.kind
        item = kind.of.sort if kind.of is not None else "any"
        fits = not parameter.sorts or kind.sort in parameter.sorts
        fits = fits and (not parameter.of or item in (parameter.of, "any"))
        if kind.sort != "any" and not fits:
            raise wrong(f"{function.name} takes {parameter}, not {kind}.", tree.span)
        if isinstance(tree, Literal) and isinstance(tree.value, str) and parameter.literal:
            _check_literal(parameter.literal, tree.value, tree.span)
        if not kind.optional and parameter.of in (None, item):
            return code
        name, about = ast.Constant(function.name), self._writer.constant(parameter)
        return self._placed(Code(self._writer.call(checked, code.node, name, about), kind), tree)

    def _has(self, tree: Call) -> Code:
        if not isinstance(tree.arguments[0], Select | Index | Name):
            raise wrong("has looks at a field: has(order.custom.note).", tree.span)
        looked = self.peek(tree.arguments[0])
        return Code(given(looked.node), BOOLEAN)

    def _default(self, tree: Call) -> Code:
        field, otherwise = self.peek(tree.arguments[0]), self.write(tree.arguments[1])
        kind = joined(present(field.kind), otherwise.kind)
        if kind is None:
            raise wrong(
                f"default gives {present(field.kind)} or {otherwise.kind}.",
                tree.span,
                "Make both of one type.",
            )
        variable = self._writer.variable("d")
        kept = ast.NamedExpr(ast.Name(variable, ast.Store()), field.node)
        return Code(ast.IfExp(given(kept), load(variable), otherwise.node), kind)

    def peek(self, tree: Tree) -> Code:
        """Like `write`, but a field that is not there, or has nothing to stand in, is null."""
        match tree:
            case Name():
                bound = self._bound(tree)
                node = (
                    load(bound.variable)
                    if bound.variable
                    else get(load("context"), ast.Constant(tree.name))
                )
                code = Code(node, optional(bound.kind))
            case Select():
                of = self.peek(tree.of)
                code = Code(
                    peeked(self._writer, of, tree.field), optional(self._field_kind(of.kind, tree))
                )
            case Index():
                of, at = self.peek(tree.of), self.write(tree.at)
                node = self._writer.call(reading.peek_item, of.node, at.node)
                code = Code(node, optional(self._item_kind(of.kind, at.kind, tree)))
            case _:
                return self.write(tree)
        return self._placed(code, tree)


def _listed(kinds: Sequence[ValueType]) -> str:
    return " and ".join(str(kind) for kind in kinds)


def _check_literal(check: Callable[[str], object], text: str, span: Span) -> None:
    try:
        check(text)
    except (Rejected, Misconfigured) as error:
        raise ExpressionError(
            error.message, span, reason=error.reason, next_step=error.next_step
        ) from error


def _no_function(tree: Call) -> ExpressionError:
    if tree.function in _FLOATS:
        return ExpressionError(
            f"There are no floats here, and no {tree.function}(...): they lose cents.",
            tree.span,
            reason="float",
            next_step="Numbers are exact: decimal(...), or money(..., order.currency).",
        )
    return not_known("function", tree.function, FUNCTIONS, tree.span)
