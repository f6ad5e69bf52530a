"""Rules that turn one currency into another, into Python."""

import ast
from collections.abc import Mapping
from typing import Final, TypeAlias

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.documents import Field
from tillbridge.mapping.exchange import Exchanger, live_rates
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.mapping import ConvertRule, Exchange, RateRule
from tillbridge.mapping.program import Spot
from tillbridge.mapping.rate_table import RateTable
from tillbridge.mapping.table import day_of_event
from tillbridge.mapping.text import unknown
from tillbridge.mapping.tree import Literal
from tillbridge.mapping.value_rules import ValueRuleWriter, check_fit, check_sort, wrong
from tillbridge.mapping.value_type import DECIMAL, MONEY, UNIT_AMOUNT, optional
from tillbridge.mapping.writer import Bound, Code, Writer, given, load

RateTables: TypeAlias = Mapping[str, RateTable | None]
"""The rates that rules can name: those of a file, or None for those of a connection."""

NO_RATES: Final[RateTables] = {}


class ExchangeRuleWriter:
    """Writes what fills one field by an exchange rate. Raises Misconfigured for a wrong rule."""

    def __init__(self, writer: Writer, values: ValueRuleWriter, rates: RateTables) -> None:
        self.live: set[str] = set()
        self._writer = writer
        self._values = values
        self._rates = rates

    def fill(
        self,
        out: str,
        field: Field,
        rule: ConvertRule | RateRule,
        scope: Mapping[str, Bound],
        path: str,
    ) -> list[ast.stmt]:
        """The statements that fill the field of the dict in `out`."""
        code = self._convert(field, rule, scope, path)
        return self._values.stored(out, field, rule, code, scope, path=path)

    def _convert(
        self,
        field: Field,
        rule: ConvertRule | RateRule,
        scope: Mapping[str, Bound],
        path: str,
    ) -> Code:
        peek = rule.default is not None
        start = self._values.expression(rule.start, scope, path, peek=peek)
        _check_start(rule, start)
        exchange = rule.exchange
        kind = DECIMAL if isinstance(rule, RateRule) else UNIT_AMOUNT
        if isinstance(rule, ConvertRule) and exchange.terms.digits is None:
            kind = MONEY
        check_fit(field, kind, rule.start)
        kept = self._writer.variable("v")
        amount = ast.NamedExpr(ast.Name(kept, ast.Store()), start.node) if peek else start.node
        exchanger = self._writer.call(
            Exchanger,
            self._writer.note_taker(Spot(rule.place, path)),
            self._table(exchange),
            self._writer.constant(exchange.terms),
        )
        method = "rate" if isinstance(rule, RateRule) else "convert"
        node: ast.expr = ast.Call(
            ast.Attribute(exchanger, method, ast.Load()),
            [
                load(kept) if peek else amount,
                self._currency(exchange.to, scope, path),
                self._day(exchange, scope, path),
            ],
            [],
        )
        if not peek:
            return Code(node, kind)
        otherwise = self._values.default(field, rule.default, scope, path)
        either = optional(kind) if otherwise.kind.optional else kind
        return Code(ast.IfExp(given(amount), node, otherwise.node), either)

    def _table(self, exchange: Exchange) -> ast.expr:
        name = exchange.terms.rates
        if name not in self._rates:
            raise unknown("table of rates", name, self._rates, exchange.rates_place)
        table = self._rates[name]
        if table is not None:
            return self._writer.constant(table)
        self.live.add(name)
        return self._writer.call(live_rates, load("context"), ast.Constant(name))

    def _currency(self, to: Parsed, scope: Mapping[str, Bound], path: str) -> ast.expr:
        if isinstance(to.tree, Literal) and to.tree.value not in EXPONENTS:
            raise unknown("currency", str(to.tree.value), EXPONENTS, to.written.place)
        code = self._values.expression(to, scope, path)
        check_sort(code.kind, "text", to, "The currency")
        return code.node

    def _day(self, exchange: Exchange, scope: Mapping[str, Bound], path: str) -> ast.expr:
        if exchange.on is None:
            return self._writer.call(day_of_event, load(scope["event"].variable))
        day = self._values.expression(exchange.on, scope, path)
        check_sort(day.kind, "date", exchange.on, "The day of a rate")
        return day.node


def _check_start(rule: ConvertRule | RateRule, code: Code) -> None:
    if isinstance(rule, RateRule):
        check_sort(code.kind, "text", rule.start, "The currency")
    elif code.kind.sort not in ("money", "unit_amount", "any", "null"):
        raise _no_amount(rule, code)


def _no_amount(rule: ConvertRule, code: Code) -> Misconfigured:
    return wrong(
        rule.start.written.place,
        f"convert: takes an amount, not {code.kind}.",
        "Say its currency: money(..., order.currency).",
    )
