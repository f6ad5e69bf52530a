"""Trees into Python: types are checked and code is written in the same walk.

Where the types of both sides are known the plain Python operation is written; where they are
only known when it runs, a call that looks first. Names of the user never become Python names:
only fields that a canonical dataclass declares are read as attributes.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.mapping import arithmetic, reading
from tillbridge.mapping.arithmetic import ARITHMETIC
from tillbridge.mapping.functions import FUNCTIONS, Function, Parameter, checked
from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.program import FILE_NAME, Spot, Written
from tillbridge.mapping.text import unknown
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

_PLAIN = frozenset({"text", "integer", "decimal", "boolean", "date", "instant"})
_COMPARISONS: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE,
}  # fmt: skip


class Code(NamedTuple):
    """Python that computes a value, and the value's type."""

    node: ast.expr
    kind: ValueType


class Bound(NamedTuple):
    """A name in scope: its type, and the Python variable that holds it ("" for the context)."""

    kind: ValueType
    variable: str = ""


class Writer:
    """Writes one Python function: collects its constants and where its instructions came from."""

    def __init__(self) -> None:
        self.spots: list[Spot] = []
        self._globals: dict[str, object] = {}
        self._known: dict[int, str] = {}
        self._variables = 0

    def constant(self, value: object) -> ast.expr:
        """A value as code; anything but text, numbers and truths is kept beside the code."""
        if value is None or isinstance(value, bool) or type(value) in (str, int):
            return ast.Constant(value)
        if id(value) not in self._known:
            name = f"k{len(self._known)}"
            self._known[id(value)] = name
            self._globals[name] = value
        return load(self._known[id(value)])

    def call(self, function: Callable[..., object], *arguments: ast.expr) -> ast.expr:
        """A call of one of our own functions."""
        return ast.Call(self.constant(function), list(arguments), [])

    def variable(self, prefix: str) -> str:
        """A Python name nobody has yet."""
        self._variables += 1
        return f"{prefix}{self._variables}"

    def place(self, node: ast.AST, spot: Spot) -> None:
        """Marks code, and what is below it and not yet marked, as coming from a spot."""
        self.spots.append(spot)
        number = len(self.spots)
        waiting = [node]
        while waiting:
            at = waiting.pop()
            if getattr(at, "lineno", None) is not None:
                continue
            if isinstance(at, ast.expr | ast.stmt):
                at.lineno = at.end_lineno = number
                at.col_offset = at.end_col_offset = 0
            waiting.extend(ast.iter_child_nodes(at))

    def function(self, body: list[ast.stmt]) -> Callable[[Mapping[str, object]], object]:
        """The compiled function of one parameter, `context`."""
        argument = ast.arg("context", lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)
        arguments = ast.arguments([], [argument], None, [], [], None, [])
        definition = ast.FunctionDef("run", arguments, body, [], None)
        module = ast.Module([definition], [])
        ast.fix_missing_locations(module)
        code = compile(module, FILE_NAME, "exec")
        exec(code, self._globals)  # noqa: S102  # code we wrote from a checked tree, no user names
        run = self._globals["run"]
        assert callable(run)
        return run


def load(name: str) -> ast.expr:
    """The value of a Python variable."""
    return ast.Name(name, ast.Load())


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
        self._writer.place(code.node, spot)
        return code

    def _list(self, tree: ListLiteral) -> Code:
        items = [self.write(item) for item in tree.items]
        kind: ValueType | None = items[0].kind if items else ANY
        for item, part in zip(items, tree.items, strict=True):
            kind = joined(kind, item.kind) if kind is not None else None
            if kind is None:
                raise _wrong("The items of a list have to be of one type.", part.span)
        assert kind is not None
        return Code(ast.List([item.node for item in items], ast.Load()), list_of(kind))

    def _bound(self, tree: Name) -> Bound:
        bound = self._scope.get(tree.name)
        if bound is None:
            raise _unknown("name", tree.name, self._scope, tree.span)
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
        if of.kind.sort == "any":
            return Code(self._writer.call(reading.field_of, of.node, key), kind)
        if of.kind.sort == "dictionary" and of.kind.lenient:
            return Code(_get(of.node, key, ast.Constant("")), kind)
        if of.kind.sort == "dictionary" or (of.kind.keyed and not kind.optional):
            return Code(ast.Subscript(of.node, key, ast.Load()), kind)
        if of.kind.keyed:
            return Code(_get(of.node, key), kind)
        return Code(ast.Attribute(of.node, tree.field, ast.Load()), kind)

    def _field_kind(self, of: ValueType, tree: Select) -> ValueType:
        if of.sort == "any":
            return ANY
        if of.sort == "dictionary":
            assert of.of is not None
            return of.of
        fields = AMOUNT_FIELDS if of.sort in ("money", "unit_amount") else of.fields
        if not fields:
            shown = self._written.slice(tree.of.span)
            raise _wrong(f"{shown} is {present(of)}: it has no fields.", tree.span)
        if tree.field not in fields:
            raise _unknown("field", tree.field, fields, tree.span)
        return fields[tree.field]

    def _index(self, tree: Index) -> Code:
        of, at = self.write(tree.of), self.write(tree.at)
        kind = self._item_kind(of.kind, at.kind, tree)
        if of.kind.sort == "dictionary" and of.kind.lenient:
            return Code(_get(of.node, at.node, ast.Constant("")), kind)
        return Code(self._writer.call(reading.item_of, of.node, at.node), kind)

    def _item_kind(self, of: ValueType, at: ValueType, tree: Index) -> ValueType:
        if of.sort == "any":
            return ANY
        wanted: dict[Sort, Sort] = {"list": "integer", "dictionary": "text"}
        if of.sort not in wanted:
            shown = self._written.slice(tree.of.span)
            raise _wrong(f"{shown} is {present(of)}: it has no items.", tree.span)
        if at.sort not in (wanted[of.sort], "any"):
            raise _wrong(
                f"An item of a {of.sort} is read by {wanted[of.sort]}, not {at}.", tree.at.span
            )
        assert of.of is not None
        return of.of

    def _unary(self, tree: Unary) -> Code:
        of = self.write(tree.of)
        if tree.operator == "!":
            return Code(ast.UnaryOp(ast.Not(), self._truth(of, tree.of.span)), BOOLEAN)
        if of.kind.sort not in ("integer", "decimal", "money", "any"):
            raise _wrong(f"- does not take {of.kind}.", tree.span)
        return Code(self._writer.call(arithmetic.negated, of.node), present(of.kind))

    def _truth(self, code: Code, span: Span) -> ast.expr:
        if code.kind.sort not in ("boolean", "any"):
            raise _wrong(
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
            raise _wrong(f"One side of ? : is {then.kind}, the other {otherwise.kind}.", tree.span)
        return Code(ast.IfExp(condition, then.node, otherwise.node), kind)

    def _binary(self, tree: Binary) -> Code:
        left, right = self.write(tree.left), self.write(tree.right)
        match tree.operator:
            case "&&" | "||":
                junction = ast.And() if tree.operator == "&&" else ast.Or()
                sides = [self._truth(left, tree.left.span), self._truth(right, tree.right.span)]
                return Code(ast.BoolOp(junction, sides), BOOLEAN)
            case "==" | "!=":
                return self._equality(tree, left, right)
            case "<" | "<=" | ">" | ">=":
                return self._comparison(tree, left, right)
            case "in":
                return self._membership(tree, left, right)
            case _:
                return self._arithmetic(tree, left, right)

    def _arithmetic(self, tree: Binary, left: Code, right: Code) -> Code:
        rules = ARITHMETIC[tree.operator]
        sorts = (left.kind.sort, right.kind.sort)
        if "any" in sorts:
            operator = ast.Constant(tree.operator)
            return Code(self._writer.call(arithmetic.operate, operator, left.node, right.node), ANY)
        rule = rules.get(sorts)
        if rule is None:
            raise _clash(tree, left.kind, right.kind)
        kind, run = rule
        if left.kind.optional or right.kind.optional:
            operator = ast.Constant(tree.operator)
            node = self._writer.call(arithmetic.operate, operator, left.node, right.node)
        elif sorts == ("text", "text"):
            node = ast.BinOp(left.node, ast.Add(), right.node)
        else:
            node = self._writer.call(run, left.node, right.node)
        return Code(node, kind)

    def _comparison(self, tree: Binary, left: Code, right: Code) -> Code:
        sorts = (left.kind.sort, right.kind.sort)
        if "any" not in sorts and not arithmetic.orders(*sorts):
            raise _clash(tree, left.kind, right.kind)
        if _are_plain(left.kind, right.kind):
            return Code(_compare(left.node, tree.operator, right.node), BOOLEAN)
        if tree.operator in (">", "<="):
            left, right = right, left
        node = self._writer.call(arithmetic.is_less, left.node, right.node)
        return Code(_not(node) if tree.operator in ("<=", ">=") else node, BOOLEAN)

    def _equality(self, tree: Binary, left: Code, right: Code) -> Code:
        sorts = (left.kind.sort, right.kind.sort)
        if "any" not in sorts and not arithmetic.equates(*sorts):
            raise _clash(tree, left.kind, right.kind)
        _check_option(left.kind, tree.right)
        _check_option(right.kind, tree.left)
        if "null" in sorts or _are_plain(left.kind, right.kind):
            return Code(_compare(left.node, tree.operator, right.node), BOOLEAN)
        node = self._writer.call(arithmetic.is_equal, left.node, right.node)
        return Code(_not(node) if tree.operator == "!=" else node, BOOLEAN)

    def _membership(self, tree: Binary, left: Code, right: Code) -> Code:
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
        return Code(self._writer.call(arithmetic.is_in, left.node, right.node), BOOLEAN)

    def _call(self, tree: Call) -> Code:
        function = FUNCTIONS.get(tree.function)
        if function is None:
            raise _unknown("function", tree.function, FUNCTIONS, tree.span)
        self._check_count(tree, function)
        if function.name == "has":
            return self._has(tree)
        if function.name == "default":
            return self._default(tree)
        assert function.run is not None
        last = function.parameters[-1]
        arguments = []
        for at, argument in enumerate(tree.arguments):
            parameter = function.parameters[at] if at < len(function.parameters) else last
            arguments.append(self._argument(function, parameter, argument))
        return Code(self._writer.call(function.run, *arguments), function.result)

    @staticmethod
    def _check_count(tree: Call, function: Function) -> None:
        given, wanted = len(tree.arguments), len(function.parameters)
        if given < wanted or (given > wanted and not function.repeats):
            raise _wrong(
                f"{function.name} takes {wanted} arguments, not {given}: {function}.", tree.span
            )

    def _argument(self, function: Function, parameter: Parameter, tree: Tree) -> ast.expr:
        code = self.write(tree)
        kind = code.kind
        item = kind.of.sort if kind.of is not None else "any"
        fits = kind.sort in parameter.sorts and (not parameter.of or item in (parameter.of, "any"))
        if kind.sort != "any" and not fits:
            raise _wrong(f"{function.name} takes {parameter}, not {kind}.", tree.span)
        if isinstance(tree, Literal) and isinstance(tree.value, str) and parameter.literal:
            _check_literal(parameter.literal, tree.value, tree.span)
        if not kind.optional and parameter.of in (None, item):
            return code.node
        name, about = ast.Constant(function.name), self._writer.constant(parameter)
        return self._placed(
            Code(self._writer.call(checked, code.node, name, about), kind), tree
        ).node

    def _has(self, tree: Call) -> Code:
        if not isinstance(tree.arguments[0], Select | Index | Name):
            raise _wrong("has looks at a field: has(order.custom.note).", tree.span)
        looked = self.peek(tree.arguments[0])
        return Code(self._writer.call(reading.is_given, looked.node), BOOLEAN)

    def _default(self, tree: Call) -> Code:
        field, otherwise = self.peek(tree.arguments[0]), self.write(tree.arguments[1])
        kind = joined(present(field.kind), otherwise.kind)
        if kind is None:
            raise _wrong(
                f"default gives {present(field.kind)} or {otherwise.kind}.",
                tree.span,
                "Make both of one type.",
            )
        variable = self._writer.variable("d")
        kept = ast.NamedExpr(ast.Name(variable, ast.Store()), field.node)
        test = self._writer.call(reading.is_given, kept)
        return Code(ast.IfExp(test, load(variable), otherwise.node), kind)

    def peek(self, tree: Tree) -> Code:
        """Like `write`, but a field that is not there, or has nothing to stand in, is null."""
        match tree:
            case Name():
                bound = self._bound(tree)
                node = (
                    load(bound.variable)
                    if bound.variable
                    else _get(load("context"), ast.Constant(tree.name))
                )
                code = Code(node, optional(bound.kind))
            case Select():
                of = self.peek(tree.of)
                key = ast.Constant(tree.field)
                node = self._writer.call(reading.peek, of.node, key)
                code = Code(node, optional(self._field_kind(of.kind, tree)))
            case Index():
                of, at = self.peek(tree.of), self.write(tree.at)
                node = self._writer.call(reading.peek_item, of.node, at.node)
                code = Code(node, optional(self._item_kind(of.kind, at.kind, tree)))
            case _:
                return self.write(tree)
        return self._placed(code, tree)


def _are_plain(left: ValueType, right: ValueType) -> bool:
    return not (left.optional or right.optional) and {left.sort, right.sort} <= _PLAIN


def _compare(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [_COMPARISONS[operator]()], [right])


def _not(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _get(of: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(of, "get", ast.Load()), list(arguments), [])


def _check_option(kind: ValueType, tree: Tree) -> None:
    """A text that can never be equal is a slip of the pen."""
    if kind.options and isinstance(tree, Literal) and isinstance(tree.value, str):
        if tree.value not in kind.options:
            raise _unknown("value", tree.value, kind.options, tree.span)


def _check_literal(check: Callable[[str], object], text: str, span: Span) -> None:
    try:
        check(text)
    except (Rejected, Misconfigured) as error:
        raise ExpressionError(
            error.message, span, reason=error.reason, next_step=error.next_step
        ) from error


def _wrong(message: str, span: Span, next_step: str = "") -> ExpressionError:
    return ExpressionError(message, span, reason="bad_expression", next_step=next_step)


def _unknown(what: str, name: str, known: object, span: Span) -> ExpressionError:
    error = unknown(what, name, list(known), None)  # type: ignore[call-overload]  # mappings, tuples
    return ExpressionError(error.message, span, reason=error.reason, next_step=error.next_step)


def _clash(tree: Binary, left: ValueType, right: ValueType) -> ExpressionError:
    return _wrong(
        f"{tree.operator} does not take {replace(left, optional=False)} and {present(right)}.",
        tree.span,
        arithmetic.why_not(tree.operator, left.sort, right.sort),
    )
