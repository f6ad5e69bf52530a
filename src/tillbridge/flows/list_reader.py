"""Steps over lists, from text: filter, aggregate, and the list of an each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from tillbridge.canonical.errors import Misconfigured
from tillbridge.flows.step_forms import TOTAL
from tillbridge.flows.steps import AggregateStep, FilterStep
from tillbridge.flows.totals import Total, TotalSort
from tillbridge.mapping.expression import Expression, compile_expression, parse_expression
from tillbridge.mapping.form import Filled, fill
from tillbridge.mapping.read import read_variable
from tillbridge.mapping.text import Node, Scalar, any_entries, word_of
from tillbridge.mapping.value_type import ANY, Scope, Sort, ValueType, list_of

_ADDED: Final[tuple[Sort, ...]] = ("integer", "decimal", "money")
_ORDERED: Final[tuple[Sort, ...]] = ("integer", "decimal", "money", "text", "date", "instant")
_KEPT: Final[tuple[Sort, ...]] = (*_ORDERED, "unit_amount", "boolean")


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of a step.

    Attributes:
        inner: what can be read of an item and around it.
    """

    items: Expression
    variable: str
    where: Expression | None
    inner: Scope


def read_list(form: Filled, scope: Scope, names: Iterable[str]) -> Listed:
    """The list a step takes. Raises Misconfigured."""
    items = _expression(form.node("in"), scope, "list")
    variable = read_variable(form.node("as"))
    if variable in scope or variable in set(names):
        raise Misconfigured(
            f"{variable!r} names something else already.",
            reason="bad_name",
            place=form.node("as").place,
            next_step="Give the item another name.",
        )
    inner = {**scope, variable: items.kind.of or ANY}
    where = form.maybe("where")
    return Listed(
        items, variable, None if where is None else _expression(where, inner, "boolean"), inner
    )


def read_filter(name: str, form: Filled, scope: Scope, names: Iterable[str]) -> FilterStep:
    """A filter step. Raises Misconfigured."""
    listed = read_list(form, scope, names)
    assert listed.where is not None, "the form requires it"
    return FilterStep(name, listed.items, listed.variable, listed.where, form.place)


def read_aggregate(
    name: str, form: Filled, scope: Scope, names: Iterable[str]
) -> tuple[AggregateStep, ValueType]:
    """An aggregate step, and the type of its groups. Raises Misconfigured."""
    listed = read_list(form, scope, names)
    by = {
        _named(key, each): _expression(each, listed.inner, *_KEPT)
        for key, each in _entries(form.maybe("by"))
    }
    totals = {
        _named(key, each): _total(fill(each, TOTAL), listed.inner)
        for key, each in _entries(form.node("totals"))
    }
    if not totals:
        raise Misconfigured(
            "Nothing is taken of the groups.",
            reason="bad_flow",
            place=form.node("totals").place,
            next_step="Name a total, such as count: { count: true }.",
        )
    for key, total in totals.items():
        if key in by:
            raise Misconfigured(
                f"{key!r} stands in by: and in totals:.",
                reason="bad_name",
                place=total.place,
                next_step="Give one of them another name.",
            )
        _check_currency(total, by.values())
    kinds = {key: each.kind for key, each in by.items()}
    kinds |= {key: each.kind for key, each in totals.items()}
    step = AggregateStep(name, listed.items, listed.variable, listed.where, by, totals, form.place)
    return step, list_of(ValueType("record", fields=kinds, keyed=True))


def _check_currency(total: Total, by: Iterable[Expression]) -> None:
    """Money is added up by currency, and that is seen before it runs."""
    if total.sort != "sum" or total.of is None or total.of.kind.sort != "money":
        return
    if any(each.text.endswith(".currency") for each in by):
        return
    raise Misconfigured(
        f"{total.of.text} is money; money of two currencies cannot be added up.",
        reason="currency_mismatch",
        place=total.place,
        next_step=f"Add currency: {total.of.text}.currency to by:.",
    )


def _total(form: Filled, scope: Scope) -> Total:
    [sort] = form.entries.nodes
    node = form.node(sort)
    if sort == "count":
        word_of(node, ("true",), "value of count")
        return Total("count", None, form.place)
    wanted = {"sum": _ADDED, "smallest": _ORDERED, "largest": _ORDERED}.get(sort, _KEPT)
    return Total(cast(TotalSort, sort), _expression(node, scope, *wanted), form.place)


def _entries(node: Node | None) -> Iterable[tuple[str, Node]]:
    return () if node is None else any_entries(node).nodes.items()


def _named(key: str, node: Node) -> str:
    return read_variable(Scalar(key, node.place))


def _expression(node: Node, scope: Scope, *wanted: Sort) -> Expression:
    return compile_expression(parse_expression(node), scope, wanted=wanted)
