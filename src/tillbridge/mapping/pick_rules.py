"""Rules that pick one item of a list, into Python: the first or last that is such."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tillbridge.canonical.errors import Place
from tillbridge.connector.documents import Field
from tillbridge.mapping.compile import write_condition
from tillbridge.mapping.fit import empty
from tillbridge.mapping.list_rules import FillGroup, listed
from tillbridge.mapping.mapping import PickRule, Rules
from tillbridge.mapping.value_rules import (
    ValueRuleWriter,
    assign,
    check_fit,
    check_sort,
    put,
    wrong,
)
from tillbridge.mapping.value_type import ANY
from tillbridge.mapping.writer import Bound, Writer, load


class PickRuleWriter:
    """Writes what fills a field from one item. Everything raises Misconfigured."""

    def __init__(self, writer: Writer, values: ValueRuleWriter, fill: FillGroup) -> None:
        self._writer = writer
        self._values = values
        self._fill = fill

    def fill(
        self, out: str, field: Field, rule: PickRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        """The statements that fill the field of the dict in `out`."""
        if rule.variable in scope:
            raise wrong(
                rule.place, f"{rule.variable} already names something here.", "Use another name."
            )
        items = self._values.expression(rule.items, scope, path)
        word = "last:" if rule.last else "first:"
        check_sort(items.kind, "list", rule.items, word)
        item = self._writer.variable("n")
        inner = {**scope, rule.variable: Bound(items.kind.of or ANY, item)}
        before = len(self._writer.spots)
        if rule.fields is not None:
            taken, otherwise = self._group(out, field, rule.fields, rule.place, inner, path)
            stored: list[ast.stmt] = []
        else:
            kept = self._writer.variable("v")
            taken = self._value(kept, field, rule, inner, path)
            default = self._values.default(field, rule.default, scope, path)
            otherwise = [assign(kept, default.node)]
            stored = self._values.store(out, field, load(kept), sure=False)
        if rule.where is not None:
            where = rule.where
            test = write_condition(self._writer, where.tree, where.written, inner, path)
            taken = [ast.If(test, taken, [])]
        parts = ast.Constant(max(1, len(self._writer.spots) - before))
        walked = self._writer.work("walked", self._writer.call(listed, items.node), parts)
        if rule.last:
            walked = self._writer.call(reversed, walked)
        return [ast.For(ast.Name(item, ast.Store()), walked, taken, otherwise), *stored]

    def _value(
        self, kept: str, field: Field, rule: PickRule, inner: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        assert rule.value is not None, "the reader asks for from: or fields:"
        code = self._values.expression(rule.value, inner, path)
        check_fit(field, code.kind, rule.value)
        return [assign(kept, code.node), ast.Break()]

    def _group(  # noqa: PLR0917  # what _fill takes, and where it goes
        self,
        out: str,
        field: Field,
        rules: Rules,
        place: Place,
        inner: Mapping[str, Bound],
        path: str,
    ) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """What is done with the item, and what is done where there is none."""
        if field.type != "group":
            raise wrong(place, f"{field.name} takes {field.type}, not a group.", "")
        group, body = self._fill(rules, field.of, inner, place, path=path)
        refuse = self._writer.constant(_Refusal(field).refuse)
        refused: list[ast.stmt] = [ast.Expr(ast.Call(refuse, [], []))]
        put_there = [put(out, field.name, load(group)), ast.Break()]
        return [*body, *put_there], refused if field.required else []


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A required group that no item fills."""

    field: Field

    def refuse(self) -> Any:
        """Raises Rejected."""
        raise empty(self.field)
