"""Rules that fill one field with one value: expressions, constants and lookups, into Python."""

import ast
from collections.abc import Mapping
from dataclasses import replace

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping import reading
from tillbridge.mapping.compile import write_condition, write_expression
from tillbridge.mapping.cut import is_short, truncate
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.fit import fitter, from_text, why_unfit
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import ConstantRule, ConvertRule, LookupRule, RateRule, ValueRule
from tillbridge.mapping.program import Spot
from tillbridge.mapping.table import NO_ROW, Table, day_of_event, found_in, sought_in, table_of
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_type import ANY, Sort, ValueType
from tillbridge.mapping.writer import Bound, Code, Writer, load

_ABSENT = Code(ast.Constant(None), ValueType("null", optional=True))


class ValueRuleWriter:
    """Writes what fills one field. Everything raises Misconfigured for a rule that is wrong."""

    def __init__(self, writer: Writer, lookups: Mapping[str, Lookup]) -> None:
        self._writer = writer
        self._lookups = lookups
        self._tables: dict[tuple[str, str, Field], Table] = {}

    def fill(
        self,
        out: str,
        field: Field,
        rule: ValueRule | ConstantRule | LookupRule,
        scope: Mapping[str, Bound],
        path: str,
    ) -> list[ast.stmt]:
        """The statements that fill the field of the dict in `out`."""
        match rule:
            case ValueRule():
                code = self._expression(field, rule, scope, path)
            case ConstantRule():
                code = Code(self._writer.constant(_constant(field, rule)), ANY)
            case LookupRule():
                code = self._lookup(field, rule, scope, path)
        return self.stored(out, field, rule, code, scope, path=path)

    def stored(
        self,
        out: str,
        field: Field,
        rule: ValueRule | ConstantRule | LookupRule | ConvertRule | RateRule,
        code: Code,
        scope: Mapping[str, Bound],
        *,
        path: str,
    ) -> list[ast.stmt]:
        """The statements that put a rule's value, or what stands in for it, into its field."""
        sure = not code.kind.optional
        if rule.when is not None:
            default = None if isinstance(rule, ConstantRule) else rule.default
            if field.required and default is None:
                raise wrong(
                    rule.place,
                    f"{field.name} is required, but has no value when its condition is false.",
                    "Add default:, or remove when:.",
                )
            condition = write_condition(
                self._writer, rule.when.tree, rule.when.written, scope, path
            )
            otherwise = self.default(field, default, scope, path)
            sure = sure and default is not None and not otherwise.kind.optional
            code = Code(ast.IfExp(condition, code.node, otherwise.node), ANY)
        node = code.node
        if isinstance(rule, ValueRule) and rule.truncate:
            node = self._truncated(field, rule, node, path)
        return self.store(out, field, node, sure=sure)

    def _truncated(self, field: Field, rule: ValueRule, node: ast.expr, path: str) -> ast.expr:
        if field.type != "text" or field.length_max is None:
            raise wrong(
                rule.place,
                f"{field.name} has no greatest length, so there is nothing to truncate to.",
                "Remove truncate:.",
            )
        width = ast.Constant(field.length_max)
        kept = self._writer.variable("v")
        fits = self._writer.call(is_short, ast.NamedExpr(ast.Name(kept, ast.Store()), node), width)
        taker = self._writer.note_taker(Spot(rule.place, path))
        return ast.IfExp(fits, load(kept), self._writer.call(truncate, taker, load(kept), width))

    def store(self, out: str, field: Field, node: ast.expr, *, sure: bool) -> list[ast.stmt]:
        """Puts a value into its field when there is one; `sure` says that there always is."""
        fit = self._writer.constant(fitter(field))
        if field.required or (sure and field.type != "choice"):
            return [put(out, field.name, ast.Call(fit, [node], []))]
        kept = self._writer.variable("v")
        fitted = ast.Call(fit, [load(kept)], [])
        stored: list[ast.stmt] = [put(out, field.name, fitted)]
        if field.type == "choice":
            stored = [
                assign(kept, fitted),
                ast.If(_is_there(load(kept)), [put(out, field.name, load(kept))], []),
            ]
        return [assign(kept, node), ast.If(_is_there(load(kept)), stored, [])]

    def _expression(
        self, field: Field, rule: ValueRule, scope: Mapping[str, Bound], path: str
    ) -> Code:
        peek = rule.default is not None
        code = self.expression(rule.value, scope, path, peek=peek)
        check_fit(field, code.kind, rule.value)
        if not peek:
            return code
        otherwise = self.default(field, rule.default, scope, path)
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
        table = self._table(lookup, lookup.column(rule.column, rule.place), field)
        key = self._key(lookup, rule, scope, path)
        arguments = [self._writer.constant(table), key]
        if lookup.dated:
            arguments.append(self._day(rule, scope, path))
        elif rule.on is not None:
            raise wrong(rule.on.written.place, f"The lookup {lookup.name} has no dates.", "")
        if rule.default is None:
            return Code(self._writer.call(found_in, *arguments), ValueType("any"))
        otherwise = self.default(field, rule.default, scope, path)
        kept = self._writer.variable("v")
        looked = ast.NamedExpr(
            ast.Name(kept, ast.Store()), self._writer.call(sought_in, *arguments)
        )
        has_row = ast.Compare(looked, [ast.IsNot()], [self._writer.constant(NO_ROW)])
        return Code(ast.IfExp(has_row, load(kept), otherwise.node), otherwise.kind)

    def _table(self, lookup: Lookup, column: str, field: Field) -> Table:
        """A column made ready for fields of one kind: once, however many rules read it."""
        kind = (lookup.name, column, replace(field, name="", title=""))
        if kind not in self._tables:
            self._tables[kind] = table_of(lookup, column, field)
        return self._tables[kind]

    def _key(
        self, lookup: Lookup, rule: LookupRule, scope: Mapping[str, Bound], path: str
    ) -> ast.expr:
        for name in rule.keys:
            if name not in lookup.keys:
                raise _not_its_key(lookup, name, rule)
        parts = []
        for name in lookup.keys:
            if name not in rule.keys:
                raise wrong(
                    rule.place,
                    f"The lookup {lookup.name} has the key column {name!r}, and the rule has not.",
                    f"Add it: key: {{ {name}: ... }}.",
                )
            code = self.expression(rule.keys[name], scope, path, peek=rule.default is not None)
            check_sort(code.kind, "text", rule.keys[name], "The key of a lookup")
            parts.append(code)
        if len(parts) > 1:
            return ast.Tuple([code.node for code in parts], ast.Load())
        _check_complete(lookup, rule, parts[0].kind)
        return parts[0].node

    def _day(self, rule: LookupRule, scope: Mapping[str, Bound], path: str) -> ast.expr:
        if rule.on is not None:
            day = self.expression(rule.on, scope, path)
            check_sort(day.kind, "date", rule.on, "The day of a lookup")
            return day.node
        return self._writer.call(day_of_event, load(scope["event"].variable))

    def default(
        self, field: Field, default: Parsed | None, scope: Mapping[str, Bound], path: str
    ) -> Code:
        """What stands in; null where no default is written."""
        if default is None:
            return _ABSENT._replace(node=ast.Constant(None))
        code = self.expression(default, scope, path)
        check_fit(field, code.kind, default)
        return code

    def expression(
        self, parsed: Parsed, scope: Mapping[str, Bound], path: str, *, peek: bool = False
    ) -> Code:
        """An expression as code; with `peek` what is not there is null."""
        return write_expression(self._writer, parsed.tree, parsed.written, scope, path, peek=peek)


def _constant(field: Field, rule: ConstantRule) -> Value:
    try:
        return from_text(field, rule.text)
    except Rejected as error:
        raise wrong(rule.place, error.message, error.next_step) from error


def _not_its_key(lookup: Lookup, name: str, rule: LookupRule) -> Misconfigured:
    if not name:
        columns = ", ".join(f"{column}: ..." for column in lookup.keys)
        return wrong(
            rule.place,
            f"The lookup {lookup.name} has several key columns.",
            f"Write key: {{ {columns} }}.",
        )
    return unknown("key column", name, lookup.keys, rule.keys[name].written.place)


def _check_complete(lookup: Lookup, rule: LookupRule, kind: ValueType) -> None:
    """A key of which all texts are known has a row for each, or says what stands in."""
    if rule.default is not None or rule.when is not None:
        return
    lacking = [option for option in kind.options if lookup.row(option) is None]
    if lacking:
        raise wrong(
            rule.place,
            f"The lookup {lookup.name} has no row for {', '.join(lacking)}.",
            f"Add the rows to {lookup.place.file}, a row * for all others, or a default.",
        )


def check_fit(field: Field, kind: ValueType, parsed: Parsed) -> None:
    """Raises Misconfigured when values of the type can never fill the field."""
    if field.required and kind.sort == "null":
        raise wrong(parsed.written.place, f"{field.name} is required; null is no value.", "")
    why = why_unfit(field, kind)
    if why is not None:
        raise wrong(parsed.written.place, *why)


def check_sort(kind: ValueType, wanted: Sort, parsed: Parsed, what: str) -> None:
    """Raises Misconfigured when an expression gives another sort than is wanted."""
    if kind.sort not in (wanted, "any"):
        raise wrong(parsed.written.place, f"{what} has to be {wanted}, not {kind}.", "")


def wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    """The error for a rule that makes no sense."""
    return Misconfigured(message, reason="bad_rule", place=place, next_step=next_step)


def assign(variable: str, value: ast.expr) -> ast.stmt:
    """Sets a Python variable."""
    return ast.Assign([ast.Name(variable, ast.Store())], value)


def put(out: str, name: str, value: ast.expr) -> ast.stmt:
    """Sets a field of the dict in a Python variable."""
    return ast.Assign([ast.Subscript(load(out), ast.Constant(name), ast.Store())], value)


def _is_there(node: ast.expr) -> ast.expr:
    return ast.Compare(node, [ast.IsNot()], [ast.Constant(None)])
