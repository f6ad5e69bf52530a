"""Rules into Python: one function fills the whole document.

Every rule is checked against both ends on the way; all that is wrong is collected.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping.compile import write_condition
from tillbridge.mapping.fit import empty
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import EachRule, GroupRule, Rule, Rules
from tillbridge.mapping.program import Spot
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_rules import ValueRuleWriter, assign, check_sort, put, wrong
from tillbridge.mapping.value_type import ANY, sort_of
from tillbridge.mapping.writer import Bound, Writer, load


class RuleWriter:
    """Writes the body that fills a document; `problems` has everything that is wrong."""

    def __init__(self, writer: Writer, lookups: Mapping[str, Lookup]) -> None:
        self.problems: list[Misconfigured] = []
        self._writer = writer
        self._values = ValueRuleWriter(writer, lookups)

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
        body = [assign(out, ast.Dict([], []))]
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
                body = self._values.fill(out, field, rule, scope, path)
        for statement in body:
            self._writer.place(statement, Spot(rule.place, path))
        return body

    def _each(
        self, out: str, field: Field, rule: EachRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        if field.type != "list":
            raise wrong(rule.place, f"{field.name} takes {field.type}, not a list.", "")
        if rule.variable in scope:
            raise wrong(
                rule.place, f"{rule.variable} already names something here.", "Use another name."
            )
        items = self._values.expression(rule.each, scope, path)
        check_sort(items.kind, "list", rule.each, "each:")
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
        stored = put(out, field.name, ast.Call(fit, [load(held), about], []))
        return self._conditional(
            field, rule, scope, path, [assign(held, ast.List([], ast.Load())), loop, stored]
        )

    def _group(
        self, out: str, field: Field, rule: GroupRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        if field.type != "group":
            raise wrong(rule.place, f"{field.name} takes {field.type}, not a group.", "")
        group, body = self.fill(
            rule.fields,
            field.of,
            scope,
            rule.place,
            path=path,
            any_name=field.custom and not field.of,
        )
        body.append(put(out, field.name, load(group)))
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
            raise wrong(
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


def _missing(field: Field, place: Place) -> Misconfigured:
    titled = f" ({field.title})" if field.title else ""
    return Misconfigured(
        f"The required field {field.name!r}{titled} has no rule.",
        reason="missing_field",
        place=place,
        next_step=f"Add {field.name}: to the fields.",
    )


def _join(path: str, name: str) -> str:
    """A path whose {name} parts are variables; braces in a field's name are doubled."""
    escaped = name.replace("{", "{{").replace("}", "}}")
    return f"{path}.{escaped}" if path else escaped


def _method(of: ast.expr, name: str, argument: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(of, name, ast.Load()), [argument], [])
