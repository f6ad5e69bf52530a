"""Rules into Python: one function fills the whole document.

Every rule is checked against both ends on the way; all that is wrong is collected.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping import reading
from tillbridge.mapping.compile import write_condition, write_expression
from tillbridge.mapping.cut import truncated
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.fit import empty, fitter, from_text, why_unfit
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import (
    ConstantRule,
    EachRule,
    GroupRule,
    LookupRule,
    Rule,
    Rules,
    ValueRule,
)
from tillbridge.mapping.program import Spot
from tillbridge.mapping.table import NO_ROW, day_of_event, found_in, sought_in, table_of
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_type import ANY, Sort, ValueType, sort_of
from tillbridge.mapping.writer import Bound, Code, Writer, load

_ABSENT = Code(ast.Constant(None), ValueType("null", optional=True))


class RuleWriter:
    """Writes the body that fills a document; `problems` has everything that is wrong."""

    def __init__(self, writer: Writer, lookups: Mapping[str, Lookup]) -> None:
        self.problems: list[Misconfigured] = []
        self._writer = writer
        self._lookups = lookups

    def fill(
        self,
        rules: Rules,
        fields: Sequence[Field],
        scope: Mapping[str, Bound],
        place: Place,
        *,
        path: str = "",
        any_name: bool = False,
    ) -> tuple[str, list[ast.stmt]]:
        """The variable that holds the filled group, and the statements that fill it."""
        out = self._writer.variable("o")
        known = {field.name: field for field in fields}
        body = [_assign(out, ast.Dict([], []))]
        for name, rule in rules.items():
            field = known.get(name) or (Field(name, "text") if any_name else None)
            if field is None:
                self.problems.append(unknown("field", name, known, rule.place))
                continue
            try:
                body += self._rule(out, field, rule, scope, _join(path, name))
            except Misconfigured as error:
                self.problems.append(error)
        for field in fields:
            if field.required and field.name not in rules:
                self.problems.append(_missing(field, place))
        return out, body

    def _rule(
        self, out: str, field: Field, rule: Rule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        match rule:
            case EachRule():
                body = self._each(out, field, rule, scope, path)
            case GroupRule():
                body = self._group(out, field, rule, scope, path)
            case _:
                body = self._value(out, field, rule, scope, path)
        for statement in body:
            self._writer.place(statement, Spot(rule.place, path))
        return body

    def _value(
        self,
        out: str,
        field: Field,
        rule: ValueRule | ConstantRule | LookupRule,
        scope: Mapping[str, Bound],
        path: str,
    ) -> list[ast.stmt]:
        match rule:
            case ValueRule():
                code = self._expression(field, rule, scope, path)
            case ConstantRule():
                code = Code(self._writer.constant(_constant(field, rule)), ANY)
            case LookupRule():
                code = self._lookup(field, rule, scope, path)
        sure = not code.kind.optional
        if rule.when is not None:
            default = None if isinstance(rule, ConstantRule) else rule.default
            if field.required and default is None:
                raise _wrong(
                    rule.place,
                    f"{field.name} is required, but has no value when its condition is false.",
                    "Add default:, or remove when:.",
                )
            condition = write_condition(
                self._writer, rule.when.tree, rule.when.written, scope, path
            )
            otherwise = self._default(field, default, scope, path)
            sure = sure and default is not None and not otherwise.kind.optional
            code = Code(ast.IfExp(condition, code.node, otherwise.node), ANY)
        node = code.node
        if isinstance(rule, ValueRule) and rule.truncate:
            node = self._truncated(field, rule, node, path)
        return self._store(out, field, node, sure=sure)

    def _truncated(self, field: Field, rule: ValueRule, node: ast.expr, path: str) -> ast.expr:
        if field.type != "text" or field.length_max is None:
            raise _wrong(
                rule.place,
                f"{field.name} has no greatest length, so there is nothing to truncate to.",
                "Remove truncate:.",
            )
        taker = self._writer.note_taker(Spot(rule.place, path))
        return self._writer.call(truncated, taker, node, ast.Constant(field.length_max))

    def _store(self, out: str, field: Field, node: ast.expr, *, sure: bool) -> list[ast.stmt]:
        fit = self._writer.constant(fitter(field))
        if field.required or (sure and field.type != "choice"):
            return [_put(out, field.name, ast.Call(fit, [node], []))]
        kept = self._writer.variable("v")
        body: list[ast.stmt] = [_assign(kept, node)]
        put: list[ast.stmt] = [_put(out, field.name, load(kept))]
        if field.type == "choice":
            fitted = _assign(kept, ast.Call(fit, [load(kept)], []))
            put = [fitted, ast.If(_is_there(load(kept)), put, [])]
        else:
            put = [_put(out, field.name, ast.Call(fit, [load(kept)], []))]
        return [*body, ast.If(_is_there(load(kept)), put, [])]

    def _expression(
        self, field: Field, rule: ValueRule, scope: Mapping[str, Bound], path: str
    ) -> Code:
        peek = rule.default is not None
        code = self._written(rule.value, scope, path, peek=peek)
        _check_fit(field, code.kind, rule.value)
        if not peek:
            return code
        otherwise = self._default(field, rule.default, scope, path)
        kept = self._writer.variable("v")
        given = self._writer.call(
            reading.is_given, ast.NamedExpr(ast.Name(kept, ast.Store()), code.node)
        )
        return Code(ast.IfExp(given, load(kept), otherwise.node), otherwise.kind)

    def _lookup(
        self, field: Field, rule: LookupRule, scope: Mapping[str, Bound], path: str
    ) -> Code:
        lookup = self._lookups.get(rule.lookup)
        if lookup is None:
            raise unknown("lookup", rule.lookup, self._lookups, rule.place)
        table = table_of(lookup, lookup.column(rule.column, rule.place), field)
        key = self._written(rule.key, scope, path, peek=rule.default is not None)
        _check_sort(key.kind, "text", rule.key, "The key of a lookup")
        arguments = [self._writer.constant(table), key.node]
        if lookup.dated:
            arguments.append(self._day(rule, scope, path))
        elif rule.on is not None:
            raise _wrong(rule.on.written.place, f"The lookup {lookup.name} has no dates.", "")
        if rule.default is None:
            return Code(self._writer.call(found_in, *arguments), ValueType("any"))
        otherwise = self._default(field, rule.default, scope, path)
        kept = self._writer.variable("v")
        looked = ast.NamedExpr(
            ast.Name(kept, ast.Store()), self._writer.call(sought_in, *arguments)
        )
        has_row = ast.Compare(looked, [ast.IsNot()], [self._writer.constant(NO_ROW)])
        return Code(ast.IfExp(has_row, load(kept), otherwise.node), otherwise.kind)

    def _day(self, rule: LookupRule, scope: Mapping[str, Bound], path: str) -> ast.expr:
        if rule.on is not None:
            day = self._written(rule.on, scope, path)
            _check_sort(day.kind, "date", rule.on, "The day of a lookup")
            return day.node
        return self._writer.call(day_of_event, load(scope["event"].variable))

    def _default(
        self, field: Field, default: Parsed | None, scope: Mapping[str, Bound], path: str
    ) -> Code:
        if default is None:
            return _ABSENT._replace(node=ast.Constant(None))
        code = self._written(default, scope, path)
        _check_fit(field, code.kind, default)
        return code

    def _written(
        self, parsed: Parsed, scope: Mapping[str, Bound], path: str, *, peek: bool = False
    ) -> Code:
        return write_expression(self._writer, parsed.tree, parsed.written, scope, path, peek=peek)

    def _each(
        self, out: str, field: Field, rule: EachRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        if field.type != "list":
            raise _wrong(rule.place, f"{field.name} takes {field.type}, not a list.", "")
        if rule.variable in scope:
            raise _wrong(
                rule.place, f"{rule.variable} already names something here.", "Use another name."
            )
        items = self._written(rule.each, scope, path)
        _check_sort(items.kind, "list", rule.each, "each:")
        index, item = self._writer.variable("i"), self._writer.variable("n")
        kind = items.kind.of or ANY
        inner = {**scope, rule.variable: Bound(kind, item)}
        place = f"{path}[{{{index}}}]"
        group, body = self.fill(rule.fields, field.of, inner, rule.place, path=place)
        held = self._writer.variable("l")
        body.append(ast.Expr(_method(load(held), "append", load(group))))
        if rule.where is not None:
            where = rule.where
            test = write_condition(self._writer, where.tree, where.written, inner, place)
            body = [ast.If(test, body, [])]
        numbered = ast.Tuple(
            [ast.Name(index, ast.Store()), ast.Name(item, ast.Store())], ast.Store()
        )
        walked = self._writer.call(enumerate, self._writer.call(listed, items.node))
        loop = ast.For(numbered, walked, body, [])
        fit = self._writer.constant(filled if field.required else _as_it_is)
        about = self._writer.constant(field)
        put = _put(out, field.name, ast.Call(fit, [load(held), about], []))
        return self._conditional(
            field, rule, scope, path, [_assign(held, ast.List([], ast.Load())), loop, put]
        )

    def _group(
        self, out: str, field: Field, rule: GroupRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        if field.type != "group":
            raise _wrong(rule.place, f"{field.name} takes {field.type}, not a group.", "")
        group, body = self.fill(
            rule.fields,
            field.of,
            scope,
            rule.place,
            path=path,
            any_name=field.custom and not field.of,
        )
        body.append(_put(out, field.name, load(group)))
        return self._conditional(field, rule, scope, path, body)

    def _conditional(
        self,
        field: Field,
        rule: EachRule | GroupRule,
        scope: Mapping[str, Bound],
        path: str,
        body: list[ast.stmt],
    ) -> list[ast.stmt]:
        if rule.when is None:
            return body
        if field.required:
            raise _wrong(
                rule.place,
                f"{field.name} is required, but has no value when its condition is false.",
                "Remove when:.",
            )
        test = write_condition(self._writer, rule.when.tree, rule.when.written, scope, path)
        return [ast.If(test, body, [])]


def listed(value: Any) -> Sequence[Any]:
    """A list as it is. Raises Rejected for anything else."""
    if not isinstance(value, list | tuple):
        found = sort_of(value)
        raise Rejected(
            f"each: takes a list, not {'nothing (null)' if found == 'null' else found}.",
            reason="bad_type",
        )
    return value


def filled(items: list[Value], field: Field) -> list[Value]:
    """A required list. Raises Rejected when it has no item."""
    if not items:
        raise empty(field)
    return items


def _as_it_is(items: list[Value], _: Field) -> list[Value]:
    return items


def _constant(field: Field, rule: ConstantRule) -> Value:
    try:
        return from_text(field, rule.text)
    except Rejected as error:
        raise _wrong(rule.place, error.message, error.next_step) from error


def _check_fit(field: Field, kind: ValueType, parsed: Parsed) -> None:
    if field.required and kind.sort == "null":
        raise _wrong(parsed.written.place, f"{field.name} is required; null is no value.", "")
    wrong = why_unfit(field, kind)
    if wrong is not None:
        raise _wrong(parsed.written.place, *wrong)


def _check_sort(kind: ValueType, wanted: Sort, parsed: Parsed, what: str) -> None:
    if kind.sort not in (wanted, "any"):
        raise _wrong(parsed.written.place, f"{what} has to be {wanted}, not {kind}.", "")


def _missing(field: Field, place: Place) -> Misconfigured:
    titled = f" ({field.title})" if field.title else ""
    return Misconfigured(
        f"The required field {field.name!r}{titled} has no rule.",
        reason="missing_field",
        place=place,
        next_step=f"Add {field.name}: to the fields.",
    )


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_rule", place=place, next_step=next_step)


def _join(path: str, name: str) -> str:
    """A path whose {name} parts are variables; braces in a field's name are doubled."""
    escaped = name.replace("{", "{{").replace("}", "}}")
    return f"{path}.{escaped}" if path else escaped


def _assign(variable: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def _put(out: str, name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Subscript(load(out), ast.Constant(name), ast.Store())], value)


def _method(of: ast.expr, name: str, argument: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(of, name, ast.Load()), [argument], [])


def _is_there(node: ast.expr) -> ast.expr:
    return ast.Compare(node, [ast.IsNot()], [ast.Constant(None)])
