"""Rules that fill a list, into Python: a group for each item, or for each key that items have."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connector.documents import Field
from tillbridge.mapping.amount_functions import weight_of
from tillbridge.mapping.compile import write_condition
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.mapping import (
    EachRule,
    GroupRule,
    PartsRule,
    RollUpRule,
    Rules,
    Share,
    reads_always,
)
from tillbridge.mapping.program import Spot
from tillbridge.mapping.roll_up import key_part, shares_of
from tillbridge.mapping.value_rules import ValueRuleWriter, assign, check_sort, wrong
from tillbridge.mapping.value_type import (
    ANY,
    INTEGER,
    MONEY,
    SCALARS,
    ValueType,
    list_of,
    sort_of,
)
from tillbridge.mapping.writer import Bound, Code, Writer, load

GROUP = "group"
"""The name under which the fields of a roll-up read its key and its items."""

_RENAME = "Use another name."
_WEIGHTS = frozenset({"integer", "decimal", "money", "unit_amount", "any"})


class FillGroup(Protocol):
    """Fills one group of the list: the variable that holds it, and the statements."""

    def __call__(
        self,
        rules: Rules,
        fields: Sequence[Field],
        scope: Mapping[str, Bound],
        place: Place,
        *,
        path: str,
    ) -> tuple[str, list[ast.stmt]]: ...


class ListRuleWriter:
    """Writes what fills one list. Everything raises Misconfigured for a rule that is wrong."""

    def __init__(self, writer: Writer, values: ValueRuleWriter, fill: FillGroup) -> None:
        self._writer = writer
        self._values = values
        self._fill = fill

    def list_of_parts(
        self, field: Field, rule: PartsRule, scope: Mapping[str, Bound], path: str
    ) -> tuple[str, list[ast.stmt]]:
        """The variable that holds the list, and the statements that make it."""
        if field.type != "list":
            raise wrong(rule.place, f"{field.name} takes {field.type}, not a list.", "")
        held = self._writer.variable("l")
        body: list[ast.stmt] = [assign(held, ast.List([], ast.Load()))]
        for part in rule.parts:
            made = self._part(field, part, scope, path, held)
            if part.when is not None:
                when = part.when
                test = write_condition(self._writer, when.tree, when.written, scope, path)
                made = [ast.If(test, made, [])]
            for statement in made:
                self._writer.place(statement, Spot(part.place, path))
            body += made
        return held, body

    def _part(
        self,
        field: Field,
        part: EachRule | RollUpRule | GroupRule,
        scope: Mapping[str, Bound],
        path: str,
        held: str,
    ) -> list[ast.stmt]:
        match part:
            case EachRule():
                return self.each(field, part, scope, path, held)
            case RollUpRule():
                return self.roll_up(field, part, scope, path, held)
            case GroupRule():
                index = self._writer.variable("i")
                numbered = assign(index, self._writer.call(len, load(held)))
                inside = f"{path}[{{{index}}}]"
                group, body = self._fill(part.fields, field.of, scope, part.place, path=inside)
                return [numbered, *body, ast.Expr(_call(load(held), "append", load(group)))]

    def each(
        self, field: Field, rule: EachRule, scope: Mapping[str, Bound], path: str, held: str
    ) -> list[ast.stmt]:
        """The statements that add to the list in `held`."""
        walk = self._walk(field, rule, rule.each, scope, path)
        if not rule.shares:
            body = self._group(field, rule, walk.inner, walk.path, held)
            walk.weigh(self._writer)
            return [walk.loop(self._where(rule, walk, body))]
        shared, parts = self._shares(rule, walk, scope, path)
        inner = {**walk.inner, **{name: Bound(MONEY, part) for name, (_, part) in parts.items()}}
        body = self._group(field, rule, inner, walk.path, held)
        walk.weigh(self._writer)
        lists = [load(walk.kept), *(load(shares) for shares, _ in parts.values())]
        names = [walk.numbered, *(_store(part) for _, part in parts.values())]
        zipped = ast.Call(self._writer.constant(zip), lists, [])
        target = ast.Tuple(names, ast.Store())
        return [*shared, ast.For(target, zipped, body, [])]

    def roll_up(
        self, field: Field, rule: RollUpRule, scope: Mapping[str, Bound], path: str, held: str
    ) -> list[ast.stmt]:
        """The statements that add to the list in `held`."""
        if GROUP in scope:
            raise wrong(
                rule.place,
                f"{GROUP} already names something here, and names a roll-up's own key and items.",
                "Group by several keys at once, by: { a: ..., b: ... }, or rename the step.",
            )
        walk = self._walk(field, rule, rule.items, scope, path)
        key, key_kind, shown = self._key(rule, walk.inner, path)
        value, value_kind = self._computed(rule, walk)
        names = {part: self._writer.variable("g") for part in ("items", "values")}
        group, keyed = self._writer.variable("r"), self._writer.variable("a")
        gather: list[ast.stmt] = [assign(keyed, key)]
        for part, added in (("items", load(walk.item)), ("values", value)):
            of_key = _call(load(names[part]), "setdefault", load(keyed), ast.List([], ast.Load()))
            gather.append(ast.Expr(_call(of_key, "append", added)))
        number, found = self._writer.variable("i"), self._writer.variable("f")
        items = self._writer.variable("m")
        kinds = {"key": key_kind, "items": list_of(walk.kind), "values": list_of(value_kind)}
        inner = {**scope, GROUP: Bound(ValueType("record", fields=kinds, keyed=True), group)}
        of_group = ast.Subscript(load(names["values"]), load(found), ast.Load())
        read = [shown(load(found)), load(items), of_group]
        bound = assign(group, ast.Dict([ast.Constant(kind) for kind in kinds], read))
        body = self._group(field, rule, inner, f"{path}[{{{number}}}]", held)
        walk.weigh(self._writer)
        pair = ast.Tuple([_store(found), _store(items)], ast.Store())
        target = ast.Tuple([_store(number), pair], ast.Store())
        walked = self._writer.call(enumerate, _call(load(names["items"]), "items"))
        return [
            *(assign(name, ast.Dict([], [])) for name in names.values()),
            walk.loop(self._where(rule, walk, gather)),
            ast.For(target, walked, [bound, *body], []),
        ]

    def _computed(self, rule: RollUpRule, walk: "_Walk") -> tuple[ast.expr, ValueType]:
        """What is computed of an item, and its type."""
        codes = {
            name: self._values.expression(value, walk.inner, walk.path)
            for name, value in rule.values.items()
        }
        kinds = {name: code.kind for name, code in codes.items()}
        names: list[ast.expr | None] = [ast.Constant(name) for name in codes]
        value = ast.Dict(names, [code.node for code in codes.values()])
        return value, ValueType("record", fields=kinds, keyed=True)

    def _walk(
        self,
        field: Field,
        rule: EachRule | RollUpRule,
        items: Parsed,
        scope: Mapping[str, Bound],
        path: str,
    ) -> "_Walk":
        if field.type != "list":
            raise wrong(rule.place, f"{field.name} takes {field.type}, not a list.", "")
        if rule.variable in scope:
            raise wrong(rule.place, f"{rule.variable} already names something here.", _RENAME)
        code = self._values.expression(items, scope, path)
        check_sort(code.kind, "list", items, "each:" if isinstance(rule, EachRule) else "group:")
        parts = ast.Constant(1)
        listing = self._writer.work("walked", self._writer.call(listed, code.node), parts)
        index, item = self._writer.variable("i"), self._writer.variable("n")
        kind = code.kind.of or ANY
        inner = {**scope, rule.variable: Bound(kind, item)}
        walked = self._writer.call(enumerate, listing)
        kept = self._writer.variable("q")
        inside = f"{path}[{{{index}}}]"
        before = len(self._writer.spots)
        return _Walk(index, item, kind, kept, inner, inside, walked, parts, before)

    def _group(
        self,
        field: Field,
        rule: EachRule | RollUpRule,
        scope: Mapping[str, Bound],
        path: str,
        held: str,
    ) -> list[ast.stmt]:
        """One group filled, and added to the list."""
        if rule.number in scope:
            raise wrong(rule.place, f"{rule.number} already names something here.", _RENAME)
        before: list[ast.stmt] = []
        if rule.number:
            number = self._writer.variable("p")
            scope = {**scope, rule.number: Bound(INTEGER, number)}
            length = self._writer.call(len, load(held))
            before = [assign(number, ast.BinOp(length, ast.Add(), ast.Constant(1)))]
        group, body = self._fill(rule.fields, field.of, scope, rule.place, path=path)
        return [*before, *body, ast.Expr(_call(load(held), "append", load(group)))]

    def _where(
        self, rule: EachRule | RollUpRule, walk: "_Walk", body: list[ast.stmt]
    ) -> list[ast.stmt]:
        if rule.where is None:
            return body
        where = rule.where
        test = write_condition(self._writer, where.tree, where.written, walk.inner, walk.path)
        return [ast.If(test, body, [])]

    def _key(
        self, rule: RollUpRule, scope: Mapping[str, Bound], path: str
    ) -> tuple[ast.expr, ValueType, "_Shown"]:
        """The key of an item, its type, and the key of a group as it is read."""
        codes = {name: self._key_part(by, scope, path) for name, by in rule.by.items()}
        if "" in codes:
            return codes[""].node, codes[""].kind, lambda key: key
        names = self._writer.constant(tuple(codes))
        kinds = {name: code.kind for name, code in codes.items()}
        key = ast.Tuple([code.node for code in codes.values()], ast.Load())

        def shown(found: ast.expr) -> ast.expr:
            return self._writer.call(dict, self._writer.call(zip, names, found))

        return key, ValueType("record", fields=kinds, keyed=True), shown

    def _key_part(self, by: Parsed, scope: Mapping[str, Bound], path: str) -> Code:
        code = self._values.expression(by, scope, path)
        kind = code.kind
        if kind.sort not in SCALARS and kind.sort != "any":
            raise wrong(
                by.written.place,
                f"Nothing is grouped by {kind}.",
                "Group by a text, a number, a date: line.product, or line.tax.currency.",
            )
        if kind.sort != "any" and not kind.optional:
            return code
        return Code(self._writer.call(key_part, code.node), replace(kind, optional=False))

    def _shares(
        self, rule: EachRule, walk: "_Walk", scope: Mapping[str, Bound], path: str
    ) -> tuple[list[ast.stmt], dict[str, tuple[str, str]]]:
        """What splits amounts over the items: by name, the list of parts and the item's part."""
        keep = ast.Tuple([load(walk.index), load(walk.item)], ast.Load())
        collect: list[ast.stmt] = [ast.Expr(_call(load(walk.kept), "append", keep))]
        before: list[ast.stmt] = [assign(walk.kept, ast.List([], ast.Load()))]
        after: list[ast.stmt] = []
        parts: dict[str, tuple[str, str]] = {}
        for name, share in rule.shares.items():
            _check_share(name, share, rule, walk.inner)
            weights, shares = self._writer.variable("w"), self._writer.variable("h")
            before.append(assign(weights, ast.List([], ast.Load())))
            weight = self._weight(share, walk.inner, walk.path)
            collect.append(ast.Expr(_call(load(weights), "append", weight)))
            amount = self._values.expression(share.amount, scope, path)
            check_sort(amount.kind, "money", share.amount, "What is split")
            remainder = ast.Constant(share.remainder)
            split = self._writer.call(shares_of, amount.node, load(weights), remainder)
            after.append(assign(shares, split))
            parts[name] = (shares, self._writer.variable("s"))
        return [*before, walk.loop(self._where(rule, walk, collect)), *after], parts

    def _weight(self, share: Share, scope: Mapping[str, Bound], path: str) -> ast.expr:
        code = self._values.expression(share.weight, scope, path)
        if code.kind.sort not in _WEIGHTS:
            raise wrong(
                share.weight.written.place,
                f"A weight is a number or an amount, not {code.kind}.",
                "Weigh by line.amount or line.quantity; equal shares have the weight 1 each.",
            )
        return self._writer.call(weight_of, code.node)


class _Shown(Protocol):
    def __call__(self, found: ast.expr, /) -> ast.expr: ...


@dataclass(frozen=True, slots=True)
class _Walk:
    """One pass over a list: its variables, and what can be read of an item."""

    index: str
    item: str
    kind: ValueType
    kept: str
    inner: Mapping[str, Bound]
    path: str
    walked: ast.expr
    parts: ast.Constant
    before: int

    def weigh(self, writer: Writer) -> None:
        """Now that all is written: an item costs what is written for it since the pass began."""
        self.parts.value = max(1, len(writer.spots) - self.before)

    @property
    def numbered(self) -> ast.expr:
        """What an item and its number are stored in."""
        return ast.Tuple([_store(self.index), _store(self.item)], ast.Store())

    def loop(self, body: list[ast.stmt]) -> ast.stmt:
        """The pass itself."""
        return ast.For(self.numbered, self.walked, body, [])


def listed(value: Any) -> Sequence[Any]:
    """A list as it is. Raises Rejected for anything else."""
    if not isinstance(value, list | tuple):
        found = sort_of(value)
        raise Rejected(
            f"each: takes a list, not {'nothing (null)' if found == 'null' else found}.",
            reason="bad_type",
        )
    return value


def _check_share(name: str, share: Share, rule: EachRule, scope: Mapping[str, Bound]) -> None:
    if name in scope:
        raise wrong(share.place, f"{name} already names something here.", _RENAME)
    if not reads_always(rule.fields, name):
        raise wrong(
            share.place,
            f"A part of {name} is lost: no field reads it for every item.",
            f"Write {name} into a field without when:, or do not split it.",
        )


def _call(of: ast.expr, method: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(of, method, ast.Load()), list(arguments), [])


def _store(name: str) -> ast.expr:
    return ast.Name(name, ast.Store())
