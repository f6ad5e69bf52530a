"""Totals: what an aggregate takes of a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money
from tillbridge.mapping.expression import Expression
from tillbridge.mapping.value_type import INTEGER, ValueType, optional

TotalSort: TypeAlias = Literal["count", "sum", "smallest", "largest", "first", "last"]


@dataclass(frozen=True, slots=True)
class Total:
    """One value of a group.

    Attributes:
        of: over the item; None for a count.
    """

    sort: TotalSort
    of: Expression | None
    place: Place

    @property
    def kind(self) -> ValueType:
        """The type of its value; all but counts and sums of numbers may be null."""
        if self.of is None:
            return INTEGER
        return self.of.kind if self.sort == "sum" else optional(self.of.kind)

    def over(self, members: Sequence[Mapping[str, object]]) -> object:
        """Its value over the contexts of a group's items; items without a value are left out.

        Raises:
            Rejected: the sum of money in two currencies, or of no money at all.
        """
        if self.of is None:
            return len(members)
        values = [value for each in members if (value := self.of.evaluate(each)) is not None]
        match self.sort:
            case "sum":
                return self._sum(values)
            case "smallest":
                return min(values, default=None)  # type: ignore[type-var]  # the reader takes only sorts that compare
            case "largest":
                return max(values, default=None)  # type: ignore[type-var]  # the same
            case "first":
                return values[0] if values else None
            case _:
                return values[-1] if values else None

    def _sum(self, values: Sequence[object]) -> object:
        if values and all(isinstance(value, Money) for value in values):
            return self._money([value for value in values if isinstance(value, Money)])
        numbers = [value for value in values if isinstance(value, int | Decimal)]
        if self.of is not None and self.of.kind.sort == "money":
            raise Rejected(
                "There is no money to add up: a sum of nothing has no currency.",
                reason="no_value",
                place=self.place,
                next_step="Stop the flow before, when the list is empty.",
            )
        return sum(numbers, 0)

    def _money(self, values: Sequence[Money]) -> Money:
        total = Money.zero(values[0].currency)
        for value in values:
            if value.currency != total.currency:
                raise Rejected(
                    f"{value} cannot be added to {total}: the currencies differ.",
                    reason="currency_mismatch",
                    place=self.place,
                    next_step="Group by the currency as well.",
                )
            total += value
        return total
