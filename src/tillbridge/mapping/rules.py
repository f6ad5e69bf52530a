"""Rules into Python: one function fills the whole document.

Every rule is checked against both ends on the way; all that is wrong is collected.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping.compile import write_condition
from tillbridge.mapping.exchange_rules import ExchangeRuleWriter, RateTables
from tillbridge.mapping.fit import empty
from tillbridge.mapping.list_rules import ListRuleWriter
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import (
    ConvertRule,
    EachRule,
    GroupRule,
    PartsRule,
    PassRule,
    PickRule,
    RateRule,
    RollUpRule,
    Rule,
    Rules,
)
from tillbridge.mapping.passing import Passing
from tillbridge.mapping.pick_rules import PickRuleWriter
from tillbridge.mapping.program import Spot
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_rules import ValueRuleWriter, assign, check_sort, put, wrong
from tillbridge.mapping.writer import Bound, Writer, load

PROBLEMS_MAX: Final = 50
"""So many mistakes are told at once; looking for what was meant takes time for each."""


class RuleWriter:
    """Writes the body that fills a document; `problems` has everything that is wrong."""

    def __init__(self, writer: Writer, lookups: Mapping[str, Lookup], rates: RateTables) -> None:
        self.problems: list[Misconfigured] = []
        self._writer = writer
        self._values = ValueRuleWriter(writer, lookups)
        self._exchanges = ExchangeRuleWriter(writer, self._values, rates)
        self._lists = ListRuleWriter(writer, self._values, self.fill)
        self._picks = PickRuleWriter(writer, self._values, self.fill)

    @property
    def live(self) -> frozenset[str]:
        """The connections whose rates the rules use, of those that were written so far."""
        return frozenset(self._exchanges.live)

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
            if len(self.problems) >= PROBLEMS_MAX:
                break
            field = known.get(name) or (Field(name, "text") if any_name else None)
            if field is None:
                self.problems.append(unknown("field", name, known, rule.place))
                continue
            try:
                _check_there(field, rule)
                body += self._rule(out, field, rule, scope, _join(path, name))
            except Misconfigured as error:
                self.problems.append(error)
        for field in fields:
            if field.required and field.name not in rules and field.gone_on is None:
                self.problems.append(_missing(field, place))
        return out, body

    def _rule(
        self, out: str, field: Field, rule: Rule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        match rule:
            case EachRule() | RollUpRule() | PartsRule():
                body = self._list(out, field, rule, scope, path)
            case ConvertRule() | RateRule():
                body = self._exchanges.fill(out, field, rule, scope, path)
            case PickRule():
                body = self._picks.fill(out, field, rule, scope, path)
            case PassRule():
                body = self._pass(out, field, rule, scope, path)
            case GroupRule():
                body = self._group(out, field, rule, scope, path)
            case _:
                body = self._values.fill(out, field, rule, scope, path)
        spot = Spot(rule.place, path)
        body += self._writer.kept(out, field.name, spot)
        for statement in body:
            self._writer.place(statement, spot)
        return body

    def _list(
        self,
        out: str,
        field: Field,
        given: EachRule | RollUpRule | PartsRule,
        scope: Mapping[str, Bound],
        path: str,
    ) -> list[ast.stmt]:
        match given:
            case PartsRule():
                rule = given
            case _:
                rule = PartsRule((replace(given, when=None),), given.place)
        held, body = self._lists.list_of_parts(field, rule, scope, path)
        fit = self._writer.constant(filled if field.required else _as_it_is)
        about = self._writer.constant(field)
        body.append(put(out, field.name, ast.Call(fit, [load(held), about], [])))
        return self._conditional(field, given, scope, path, body)

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

    def _pass(
        self, out: str, field: Field, rule: PassRule, scope: Mapping[str, Bound], path: str
    ) -> list[ast.stmt]:
        if not field.custom:
            raise wrong(
                rule.place,
                f"{field.name} takes {field.type}; pass: hands on to a group of custom fields.",
                "",
            )
        start = self._values.expression(rule.start, scope, path)
        check_sort(start.kind, "dictionary", rule.start, "What is passed")
        handed = self._writer.constant(Passing(field, rule.names, rule.to).hand_on)
        group, body = self.fill(
            rule.fields, field.of, scope, rule.place, path=path, any_name=not field.of
        )
        both = ast.Dict([None, None], [ast.Call(handed, [start.node], []), load(group)])
        body.append(put(out, field.name, both))
        return self._conditional(field, rule, scope, path, body)

    def _conditional(
        self,
        field: Field,
        rule: EachRule | RollUpRule | PartsRule | PassRule | GroupRule,
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


def filled(items: list[Value], field: Field) -> list[Value]:
    """A required list. Raises Rejected when it has no item."""
    if not items:
        raise empty(field)
    return items


def _as_it_is(items: list[Value], _: Field) -> list[Value]:
    return items


def _check_there(field: Field, rule: Rule) -> None:
    """Raises Misconfigured for a column that the other system does not have any more."""
    if field.gone_on is not None:
        raise wrong(
            rule.place,
            f"The column {field.name} was there on {field.gone_on}, and is gone now.",
            "Remove the rule, or add the column there again and run tillbridge schemas pull.",
        )


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
