"""The survey of a filler: what in its rules is wrong, or may be, that types do not show.

    length      a text that is longer than the column, or that people type at any length
    unit        an amount in a quantity, cents in an amount, an amount in a column of floats
    currency    a document whose money is in two currencies
    options     a text that the column does not take
    remainder   an amount that is divided with nobody to take what is left over

What is wrong for every value is an error. What is wrong for some is a warning, and is silenced by
saying what is meant: `truncate: true` cuts, `truncate: false` has it refused, `size(...) <= 60`
leaves it out. Runs are never surveyed: what was published goes on as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tillbridge.canonical.errors import Place
from tillbridge.connector.documents import Field
from tillbridge.mapping.apply import Origin
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.fitness import (
    Misfit,
    why_choice_unfit,
    why_number_unfit,
    why_text_unfit,
)
from tillbridge.mapping.flaw import Flaw, Severity
from tillbridge.mapping.guards import guards_of
from tillbridge.mapping.inference import Inference
from tillbridge.mapping.known import (
    ORDERS_CURRENCY,
    Guards,
    Knowledge,
    Known,
    item_of,
    knowledge_of,
    path_of,
)
from tillbridge.mapping.mapping import (
    ConstantRule,
    ConvertRule,
    EachRule,
    GroupRule,
    LookupRule,
    PartsRule,
    PassRule,
    PickRule,
    RateRule,
    RollUpRule,
    Rule,
    Rules,
    Share,
    ValueRule,
)
from tillbridge.mapping.program import Written
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.tree import Span, Tree
from tillbridge.mapping.value_type import INTEGER, MONEY

_MONEY: Final = ("money", "unit_amount")


def survey(origin: Origin) -> tuple[Flaw, ...]:
    """The flaws of rules that compile, in the order the rules are written."""
    surveyor = _Surveyor()
    surveyor.rules(origin.rules, origin.target.fields, knowledge_of(origin.scope))
    surveyor.check_currencies()
    surveyor.check_remainders()
    flaws = dict.fromkeys(surveyor.flaws)
    return tuple(sorted(flaws, key=lambda flaw: flaw.place.line or 0))


def survey_expression(written: Written, tree: Tree) -> tuple[Flaw, ...]:
    """The flaws of an expression of a flow, over what every event has; of what steps answer it
    says nothing."""
    inference = Inference(knowledge_of(event_scope()), Guards())
    inference.known(tree)
    return tuple(
        Flaw(
            "error" if found.certain else "warning",
            found.reason,
            found.message,
            written.place_at(found.span),
            found.next_step,
        )
        for found in inference.suspicions
    )


@dataclass(frozen=True, slots=True)
class _Filled:
    """A field of money, or one that names a currency, and what is known of its value."""

    field: Field
    known: Known
    place: Place


class _Surveyor:
    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self._money: list[_Filled] = []
        self._remainders: set[str] = set()

    def rules(
        self,
        rules: Rules,
        fields: Sequence[Field],
        names: Knowledge,
        guards: Guards = Guards(),  # noqa: B008  # a frozen value without fields to change
    ) -> None:
        known = {field.name: field for field in fields}
        for name, rule in rules.items():
            field = known.get(name, Field(name, "text"))
            self._rule(field, rule, names, guards)

    def _rule(self, field: Field, rule: Rule, names: Knowledge, guards: Guards) -> None:
        before = guards
        if rule.when is not None:
            self._known(rule.when, names, guards)
            guards = guards.also(guards_of(rule.when.tree))
        match rule:
            case ValueRule():
                said = rule.truncate is not None
                may_be_empty = rule.default is None
                self._value(field, rule.value, names, guards, said=said, alone=may_be_empty)
                if rule.default is not None:
                    self._value(field, rule.default, names, before, said=said)
            case ConstantRule():
                self._keep_money(field, _constant(field, rule), rule.place, guards)
            case LookupRule():
                for key in rule.keys.values():
                    self._known(key, names, guards)
                if rule.default is not None:
                    self._value(field, rule.default, names, before, said=False)
            case ConvertRule() | RateRule():
                self._exchanged(field, rule, names, guards)
                if rule.default is not None:
                    self._value(field, rule.default, names, before, said=False)
            case _:
                self._grouped(field, rule, names, guards)

    def _grouped(
        self,
        field: Field,
        rule: EachRule | RollUpRule | PartsRule | PickRule | PassRule | GroupRule,
        names: Knowledge,
        guards: Guards,
    ) -> None:
        match rule:
            case EachRule():
                items = self._known(rule.each, names, guards)
                inner = {**names, rule.variable: item_of(items), rule.number: Known(INTEGER)}
                shares = {name: self._share(each, inner) for name, each in rule.shares.items()}
                guards = self._where(rule.where, inner, guards)
                self.rules(rule.fields, field.of, {**inner, **shares}, guards)
            case RollUpRule():
                inner = {**names, rule.variable: item_of(self._known(rule.items, names, guards))}
                self._where(rule.where, inner, guards)
                for computed in (*rule.by.values(), *rule.values.values()):
                    self._known(computed, inner, guards)
                inner = {**names, "group": Known(), rule.number: Known(INTEGER)}
                self.rules(rule.fields, field.of, inner, guards)
            case PartsRule():
                for part in rule.parts:
                    self._rule(field, part, names, guards)
            case PickRule():
                self._picked(field, rule, names, guards)
            case PassRule():
                self._known(rule.start, names, guards)
                self.rules(rule.fields, field.of, names, guards)
            case GroupRule():
                self.rules(rule.fields, field.of, names, guards)

    def _picked(self, field: Field, rule: PickRule, names: Knowledge, guards: Guards) -> None:
        inner = {**names, rule.variable: item_of(self._known(rule.items, names, guards))}
        within = self._where(rule.where, inner, guards)
        if rule.value is not None:
            self._value(field, rule.value, inner, within, said=False)
        if rule.default is not None:
            self._value(field, rule.default, names, guards, said=False)
        self.rules(rule.fields or {}, field.of, inner, within)

    def _where(self, where: Parsed | None, names: Knowledge, guards: Guards) -> Guards:
        if where is None:
            return guards
        self._known(where, names, guards)
        return guards.also(guards_of(where.tree))

    def _share(self, share: Share, names: Knowledge) -> Known:
        """A part of an amount whose remainder has a home."""
        amount = self._known(share.amount, names, Guards())
        self._known(share.weight, names, Guards())
        return Known(MONEY, currency=amount.currency)

    def _exchanged(
        self, field: Field, rule: ConvertRule | RateRule, names: Knowledge, guards: Guards
    ) -> None:
        self._known(rule.start, names, guards)
        to = self._known(rule.exchange.to, names, guards)
        currency = to.written[0] if len(to.written) == 1 else to.currency
        self._keep_money(field, Known(currency=currency), rule.place, guards)

    def _known(self, parsed: Parsed, names: Knowledge, guards: Guards) -> Known:
        """What is known of an expression; its own suspicions are flaws."""
        inference = Inference(names, guards)
        known = inference.known(parsed.tree)
        self._remainders |= inference.remainders
        for found in inference.suspicions:
            misfit = Misfit(found.certain, found.reason, found.message, found.next_step)
            self._flaw(misfit, parsed.written.place_at(found.span))
        return known

    def _value(
        self,
        field: Field,
        parsed: Parsed,
        names: Knowledge,
        guards: Guards,
        *,
        said: bool,
        alone: bool = False,
    ) -> None:
        """A value for a field. `said`: the rule says what happens to a text that is too long;
        `alone`: nothing stands in where it is empty."""
        known = replace(self._known(parsed, names, guards), path=path_of(parsed.tree))
        place = parsed.written.place_at(Span(0, 0))
        self._keep_money(field, known, place, guards)
        misfits = [why_choice_unfit(field, known), why_number_unfit(field, known)]
        if not said:
            misfits.append(why_text_unfit(field, known))
        if alone and field.required and known.kind.optional and known.kind.sort != "any":
            misfits.append(_may_be_missing(field, known))
        for misfit in misfits:
            if misfit is not None:
                self._flaw(misfit, place)

    def _keep_money(self, field: Field, known: Known, place: Place, guards: Guards) -> None:
        names_one = field.unit == "currency"
        if names_one and len(known.written) == 1:
            known = replace(known, currency=known.written[0])
        if guards.currency and known.currency == guards.currency:
            known = replace(known, currency=ORDERS_CURRENCY)
        if names_one or field.type in _MONEY:
            self._money.append(_Filled(field, known, place))

    def check_currencies(self) -> None:
        """A document is in one currency: that of most of its fields."""
        told = [each for each in self._money if each.known.currency]
        counts: dict[str, int] = {}
        for each in told:
            counts[each.known.currency] = counts.get(each.known.currency, 0) + 1
        if len(counts) < 2:
            return
        most = max(counts, key=lambda currency: (counts[currency], currency == ORDERS_CURRENCY))
        for each in told:
            if each.known.currency != most:
                self._flaw(_mixed(each, most), each.place)

    def check_remainders(self) -> None:
        """A rounded share of an amount leaves a remainder, which has to go somewhere."""
        for each in self._money:
            share = each.known.share
            if share and each.field.type == "money" and share not in self._remainders:
                self._flaw(_lost(each.field, share), each.place)

    def _flaw(self, misfit: Misfit, place: Place) -> None:
        severity: Severity = "error" if misfit.certain else "warning"
        self.flaws.append(Flaw(severity, misfit.reason, misfit.message, place, misfit.next_step))


def _constant(field: Field, rule: ConstantRule) -> Known:
    """The currency that a constant names; `12.50 USD` names one, and so does `USD` as a text."""
    currency = rule.text.rpartition(" ")[2] if field.type in _MONEY else rule.text
    return Known(currency=currency)


def _may_be_missing(field: Field, known: Known) -> Misfit:
    return Misfit(
        certain=False,
        reason="may_be_missing",
        message=f"{field.name} is required, and {known.path} may be empty (null).",
        next_step="Give it a default: { from: ..., default: ... }.",
    )


def _mixed(filled: _Filled, most: str) -> Misfit:
    own = filled.known.currency
    return Misfit(
        certain=True,
        reason="currencies_differ",
        message=f"{filled.field.name} is in {own}; the document's other money is in {most}.",
        next_step="Map every amount from the same order, or convert each of them by a dated rate.",
    )


def _lost(field: Field, share: str) -> Misfit:
    return Misfit(
        certain=False,
        reason="lost_remainder",
        message=f"{field.name} is a rounded share of {share}; what is left over goes nowhere.",
        next_step=f"Take the parts of allocate({share}, [1, 1], 'last'), which sum to it, or map"
        f" the rest: {share} - ....",
    )
