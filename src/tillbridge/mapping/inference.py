"""What an expression gives, as far as it is known, and what in it cannot be meant.

One walk over the tree, from the leaves up. A node it has no rule for gives `Known()`: unknown is
always safe, a new function only stays unjudged until it has its line here.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.call_results import CALLS, joined_texts
from tillbridge.mapping.formats import why_bad_format
from tillbridge.mapping.functions import FUNCTIONS
from tillbridge.mapping.guards import guards_of
from tillbridge.mapping.known import (
    ORDERS_CURRENCY,
    Guards,
    Knowledge,
    Known,
    Suspicion,
    Unit,
    either,
    item_of,
    part_of,
    path_of,
)
from tillbridge.mapping.tree import (
    Binary,
    Call,
    Conditional,
    Index,
    ListLiteral,
    Literal,
    Name,
    Select,
    Tree,
    Unary,
)
from tillbridge.mapping.value_type import (
    ANY,
    NULL,
    TEXT,
    ValueType,
    joined,
    present,
    sort_of,
)

_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ISO_DAY: Final = "%Y-%m-%d"


class Inference:
    """Looks at expressions over one set of names; collects what it suspects."""

    def __init__(self, names: Knowledge, guards: Guards) -> None:
        self.suspicions: list[Suspicion] = []
        self.remainders: set[str] = set()
        """The paths of amounts whose remainder after a share has a home: total - share."""
        self._names = names
        self._guards = guards

    def known(self, tree: Tree) -> Known:
        """What is known of the expression's value."""
        match tree:
            case Literal():
                return _literal(tree)
            case ListLiteral():
                return self._list(tree)
            case Name():
                return self._guarded(self._names.get(tree.name, Known()), tree)
            case Select():
                return self._guarded(part_of(self.known(tree.of), tree.field), tree)
            case Index():
                self.known(tree.at)
                return item_of(self.known(tree.of))
            case Call():
                return self._call(tree)
            case Unary():
                of = self.known(tree.of)
                return of if tree.operator == "-" else Known()
            case Binary():
                return self._binary(tree)
            case Conditional():
                return self._conditional(tree)

    def _list(self, tree: ListLiteral) -> Known:
        """A list that is written out. Amounts of two currencies are never gathered."""
        items = [self.known(item) for item in tree.items]
        currencies = {currency for item in items if (currency := self._currency(item))}
        texts = any(item.kind.sort == "text" for item in items)
        if len(currencies) > 1 and not texts:
            self._differ(tree, "The list holds", sorted(currencies))
        alike = len(currencies) == 1 and all(self._currency(item) for item in items)
        return Known(currency=currencies.pop() if alike else "")

    def _guarded(self, known: Known, tree: Tree) -> Known:
        """The same, with what conditions have made sure of."""
        longest = self._guards.longest.get(path_of(tree))
        if longest is not None:
            known = replace(known, longest=longest, typed=False)
        if path_of(tree) in self._guards.given:
            known = replace(known, kind=present(known.kind))
        return known

    def _conditional(self, tree: Conditional) -> Known:
        self.known(tree.condition)
        then = self._under(guards_of(tree.condition), tree.then)
        otherwise = self._under(guards_of(tree.condition, holds=False), tree.otherwise)
        return either(then, otherwise)

    def _under(self, guards: Guards, tree: Tree) -> Known:
        before = self._guards
        self._guards = before.also(guards)
        try:
            return self.known(tree)
        finally:
            self._guards = before

    def _binary(self, tree: Binary) -> Known:
        left = self.known(tree.left)
        if tree.operator in ("&&", "||"):
            self._under(guards_of(tree.left, holds=tree.operator == "&&"), tree.right)
            return Known()
        right = self.known(tree.right)
        if tree.operator == "in":
            return Known()
        if tree.operator in ("+", "-") or tree.operator in _COMPARISONS:
            self._check_alike(tree, left, right)
        if tree.operator in _COMPARISONS:
            return Known()
        if tree.operator == "*":
            return _product(left, right)
        if tree.operator == "-" and left.path and left.path == right.share:
            self.remainders.add(left.path)
        if "text" in (left.kind.sort, right.kind.sort):
            return joined_texts(left, right)
        return Known(
            joined(present(left.kind), present(right.kind)) or ANY,
            unit=left.unit or right.unit,
            currency=left.currency or right.currency,
        )

    def _check_alike(self, tree: Binary, left: Known, right: Known) -> None:
        if left.unit and right.unit and left.unit != right.unit:
            self._suspect(
                tree,
                "units_differ",
                f"{_named(tree.left, left.unit)} and {_named(tree.right, right.unit)} meet at"
                f" {tree.operator}.",
                "Only values of one unit are added or compared: read another field.",
            )
        sides = self._currency(left), self._currency(right)
        if all(sides) and sides[0] != sides[1] and left.kind.sort != "text":
            self._differ(tree, f"{tree.operator} meets", sides)

    def _differ(self, tree: Tree, what: str, currencies: Sequence[str]) -> None:
        self._suspect(
            tree,
            "currencies_differ",
            f"{what} {' and '.join(currencies)}.",
            "Use the order's own currency, order.currency, or convert one side by a dated"
            " rate first.",
        )

    def _currency(self, known: Known) -> str:
        if self._guards.currency and known.currency == self._guards.currency:
            return ORDERS_CURRENCY
        return known.currency

    def _call(self, tree: Call) -> Known:
        arguments = [self.known(argument) for argument in tree.arguments]
        self._check_call(tree, arguments)
        self._check_literals(tree)
        rule = CALLS.get(tree.function)
        try:
            return rule(tree, arguments) if rule is not None else Known()
        except IndexError:  # too few arguments: the compiler has said so
            return Known()

    def _check_call(self, tree: Call, arguments: list[Known]) -> None:
        match tree.function:
            case "money" | "unit_amount" if arguments:
                self._check_amount(tree, arguments[0])
            case "money_from_minor" if arguments and arguments[0].unit == "amount":
                self._suspect(
                    tree,
                    "wrong_unit",
                    f"money_from_minor takes cents; {_named(tree.arguments[0], 'amount')}.",
                    "Take the money itself, or money(..., order.currency).",
                )
            case "date_from" if arguments:
                self._check_day(tree, arguments[0].format)
                self._check_format(tree)
            case "date_format" | "instant_format" | "instant":
                self._check_format(tree)
            case "sum" | "min" | "max" if len(arguments) > 1:
                sides = self._currency(arguments[0]), self._currency(arguments[1])
                if all(sides) and sides[0] != sides[1]:
                    self._differ(tree, f"{tree.function} meets", sides)
            case _:
                pass

    def _check_literals(self, tree: Call) -> None:
        """A call of what is written out, and which that can never answer."""
        function = FUNCTIONS.get(tree.function)
        if function is None or function.run is None or function.notes or function.works:
            return
        values = [each.value for each in tree.arguments if isinstance(each, Literal)]
        if not values or len(values) < len(tree.arguments) or None in values:
            return
        try:
            function.run(*values)
        except Rejected as error:
            self._suspect(tree, error.reason, error.message, error.next_step)

    def _check_day(self, tree: Call, written: str) -> None:
        wanted = tree.arguments[1] if len(tree.arguments) > 1 else Literal(_ISO_DAY, tree.span)
        if not written or not isinstance(wanted, Literal) or wanted.value in ("", written):
            return
        self._suspect(
            tree,
            "bad_format",
            f"date_from reads {wanted.value}; this text is written as {written}.",
            f"Write it as '{wanted.value}', or leave both out: it was a date before.",
        )

    def _check_amount(self, tree: Call, amount: Known) -> None:
        if amount.unit in ("", "amount"):
            return
        then = {
            "minor units": "Take the money itself, without minor_units: cents are a hundred times"
            " as much.",
            "quantity": "Multiply it with a price per unit.",
        }
        self._suspect(
            tree,
            "wrong_unit",
            f"{tree.function} takes an amount; {_named(tree.arguments[0], amount.unit)}.",
            then.get(amount.unit, "Multiply an amount with it."),
        )

    def _check_format(self, tree: Call) -> None:
        wanted = tree.arguments[1] if len(tree.arguments) > 1 else None
        if not isinstance(wanted, Literal) or not isinstance(wanted.value, str):
            return
        wrong = why_bad_format(wanted.value)
        if wrong is not None:
            self._suspect(wanted, "bad_format", *wrong)

    def _suspect(
        self, tree: Tree, reason: str, message: str, next_step: str, *, certain: bool = True
    ) -> None:
        self.suspicions.append(Suspicion(certain, reason, message, next_step, tree.span))


def _literal(tree: Literal) -> Known:
    value = tree.value
    if isinstance(value, str):
        return Known(TEXT, "", len(value), len(value), options=(value,), written=(value,))
    digits = None if value is None else max(0, -int(Decimal(value).as_tuple().exponent))
    return Known(NULL if value is None else ValueType(sort_of(value)), digits=digits)


def _product(left: Known, right: Known) -> Known:
    unit: Unit = ""
    if "amount" in (left.unit, right.unit):
        unit = "amount"
    elif (left.unit, right.unit) in (("quantity", ""), ("", "quantity")):
        unit = "quantity"
    return Known(unit=unit, currency=left.currency or right.currency, share=_fraction(left, right))


def _fraction(left: Known, right: Known) -> str:
    """The path of the money that is multiplied with a fraction; "" for any other product."""
    for money, other in ((left, right), (right, left)):
        if money.kind.sort == "money" and other.kind.sort not in ("integer", "any"):
            return money.path
    return ""


def _named(tree: Tree, unit: Unit) -> str:
    path = path_of(tree)
    what = {"amount": "an amount", "minor units": "minor units (cents)"}.get(unit, f"a {unit}")
    return f"{path} is {what}" if path else f"this is {what}"
