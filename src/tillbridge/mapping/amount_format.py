"""How an amount is written: a format is the amount 1234.56 (or 1234567.89) in that notation.

    1,234.56    1.234,56    1 234,56    1'234.56    12,34,567.89    1234.56    123456
    -1,234.56   1,234.56-   (1,234.56)  the place of the minus; it stands in front when not shown

How many decimals there are is never the format's to say: it is the currency's (ISO 4217). Without
a decimal sign the digits are minor units.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal, TypeAlias

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.mapping.arithmetic import DIGITS_MAX

Sign: TypeAlias = Literal["before", "after", "brackets"]

_SEPARATORS = ".,'\u2019 \u00a0\u202f"
_SAMPLE = re.compile(
    rf"(?:1(?P<thousands>[{_SEPARATORS}])234(?P=thousands)567"
    rf"|12(?P<lakhs>[{_SEPARATORS}])34(?P=lakhs)567"
    rf"|1(?P<group>[{_SEPARATORS}]?)234)(?P<rest>.*)"
)
_EXAMPLES = "1,234.56, 1.234,56, 12,34,567.89, 1234.56-, (1,234.56) or 123456"
_WRITTEN_MAX = 2 * DIGITS_MAX
"""Characters of a written amount that are read."""


@dataclass(frozen=True, slots=True)
class AmountFormat:
    """A notation.

    Attributes:
        group: what stands between groups of digits; "" for nothing.
        lakhs: the last three digits are a group, and before them every two.
        point: the decimal sign; "" when the digits are minor units.
    """

    text: str
    group: str
    lakhs: bool
    point: str
    sign: Sign

    def written(self, amount: Decimal, digits: int) -> str:
        """An amount that has no more than so many digits after its point."""
        whole, _, decimals = f"{abs(amount):.{digits}f}".partition(".")
        if not self.point:
            return self._signed((whole + decimals).lstrip("0") or "0", amount)
        after = f"{self.point}{decimals}" if decimals else ""
        return self._signed(self._grouped(whole) + after, amount)

    def read(self, text: str, digits: int) -> Decimal:
        """The amount a text writes; `digits` are the minor units' where there is no point.

        Raises:
            Rejected: the text is not written in this notation: a group that is too short, a
                separator that is another's, letters, spaces around it.
        """
        negative, body = self._unsigned(text)
        whole, point, decimals = body.partition(self.point) if self.point else (body, "", "")
        plain = whole.replace(self.group, "") if self.group else whole
        fits = (
            plain.isascii()
            and plain.isdigit()
            and whole in (plain, self._grouped(plain))
            and (not point or (decimals.isascii() and decimals.isdigit()))
        )
        if not fits or len(text) > _WRITTEN_MAX:
            raise Rejected(
                f"{text[:60]!r} is not written like {self.text}.",
                reason="bad_amount",
                next_step="Give the format in which the amounts are written.",
            )
        amount = Decimal(f"{plain}.{decimals}") if self.point else Decimal(plain).scaleb(-digits)
        return amount.copy_negate() if negative else amount

    def _grouped(self, whole: str) -> str:
        if not self.group or len(whole) <= 3:
            return whole
        size = 2 if self.lakhs else 3
        head, tail = whole[:-3], whole[-3:]
        first = len(head) % size
        parts = [head[:first]] if first else []
        parts += [head[at : at + size] for at in range(first, len(head), size)]
        return self.group.join([*parts, tail])

    def _signed(self, body: str, amount: Decimal) -> str:
        if not amount < 0:
            return body
        return {"before": f"-{body}", "after": f"{body}-", "brackets": f"({body})"}[self.sign]

    def _unsigned(self, text: str) -> tuple[bool, str]:
        match self.sign:
            case "before":
                return text.startswith("-"), text.removeprefix("-")
            case "after":
                return text.endswith("-"), text.removesuffix("-")
            case "brackets":
                closed = text.startswith("(") and text.endswith(")")
                return closed, text[1:-1] if closed else text


@cache
def amount_format(text: str) -> AmountFormat:
    """A notation from its sample. Raises Rejected for anything but such a sample."""
    sign: Sign = "before"
    body = text.removeprefix("-")
    if body == text and text.endswith("-"):
        sign, body = "after", text[:-1]
    elif text.startswith("(") and text.endswith(")"):
        sign, body = "brackets", text[1:-1]
    sample = _SAMPLE.fullmatch(body)
    if sample is not None:
        group = sample["group"] or sample["thousands"] or sample["lakhs"] or ""
        decimals = "56" if sample["group"] is not None else "89"
        rest = sample["rest"]
        if rest == decimals and not group:
            return AmountFormat(text, "", False, "", sign)
        if rest[:1] in (".", ",") and rest[1:] == decimals and rest[0] != group:
            return AmountFormat(text, group, sample["lakhs"] is not None, rest[0], sign)
    raise Rejected(
        f"{text[:60]!r} is not a format of amounts.",
        reason="bad_format",
        next_step=f"Write the amount 1234.56 as you want it: {_EXAMPLES}.",
    )


def check_amount_format(text: str) -> None:
    """Raises Rejected unless it is a format."""
    amount_format(text)


def money_from(text: str, currency: str, written: str) -> Money:
    """Money from text in a notation. Raises Rejected."""
    digits = exponent_of(currency)
    return Money(amount_format(written).read(text, digits), currency)


def unit_amount_from(text: str, currency: str, written: str) -> UnitAmount:
    """A price per unit from text in a notation with a decimal sign. Raises Rejected."""
    notation = _pointed(written)
    return UnitAmount(notation.read(text, exponent_of(currency)), currency)


def amount_written(value: Money | UnitAmount, written: str) -> str:
    """An amount in a notation; money with its currency's decimals, a price with its own."""
    if isinstance(value, Money):
        return amount_format(written).written(value.amount, exponent_of(value.currency))
    exponent = value.amount.as_tuple().exponent
    assert isinstance(exponent, int), "an amount is finite"
    return _pointed(written).written(value.amount, max(-exponent, 0))


def _pointed(written: str) -> AmountFormat:
    notation = amount_format(written)
    if not notation.point:
        raise Rejected(
            "A price per unit has free digits, so it has no minor units.",
            reason="bad_format",
            next_step="Use a format with a decimal sign, or round it first: round_money(...).",
        )
    return notation
