"""Why a value does not fit its field, from what is known of it before it runs."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from tillbridge.connector.documents import Field
from tillbridge.mapping.known import Known
from tillbridge.mapping.text import shown

_NUMBERS: Final = ("integer", "decimal")
_SUITS: Final = {"quantity": ("", "quantity"), "percentage": ("", "percentage")}
"""The units that a field takes, by the field's own."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit.

    Attributes:
        certain: no value fits; else some do not.
    """

    certain: bool
    reason: str
    message: str
    next_step: str


def why_text_unfit(field: Field, known: Known) -> Misfit | None:
    """A text that is always, or may be, longer than its column."""
    width = field.length_max
    if field.type != "text" or width is None:
        return None
    if known.shortest > width:
        what = f" {shown(known.written[0])}" if len(known.written) == 1 else ""
        return Misfit(
            certain=True,
            reason="too_long",
            message=f"{field.name} takes {width} characters; the text{what} has at least"
            f" {known.shortest}.",
            next_step=f"Write at most {width} characters.",
        )
    source = known.path or "the text"
    if known.longest is not None and known.longest > width:
        told = f"{field.name} takes {width} characters; {source} may have {known.longest}."
    elif known.longest is None and known.typed:
        told = f"{field.name} takes {width} characters; {source} may have any number."
    else:
        return None
    return Misfit(
        certain=False,
        reason="may_be_too_long",
        message=told,
        next_step="Say what is meant: truncate: true cuts it and notes the cut, truncate: false"
        f" has it refused, when: size(...) <= {width} leaves it out.",
    )


def why_choice_unfit(field: Field, known: Known) -> Misfit | None:
    """A text that is not among the options, written out or counted."""
    if field.type != "choice":
        return None
    wrong = [text for text in known.written if text and text not in field.options]
    if wrong:
        near = get_close_matches(wrong[0][:100], field.options, n=1)
        options = f"Options: {', '.join(field.options[:20])}."
        return Misfit(
            certain=True,
            reason="not_an_option",
            message=f"{field.name} does not take {shown(wrong[0])}.",
            next_step=f"Did you mean {near[0]!r}?" if near else options,
        )
    missing = [text for text in known.options if text not in field.options]
    if not missing or len(missing) == len(known.options):
        return None
    return Misfit(
        certain=False,
        reason="not_an_option",
        message=f"{field.name} does not take {', '.join(missing)}, which"
        f" {known.path or 'this'} may be.",
        next_step="Translate it by a lookup, or map it on a condition.",
    )


def why_number_unfit(field: Field, known: Known) -> Misfit | None:
    """A number of another unit than the field's, or with more digits than it keeps."""
    if field.type not in _NUMBERS:
        return None
    if known.unit == "amount" and field.inexact:
        return Misfit(
            certain=True,
            reason="float",
            message=f"{field.name} is a column of binary floating point: an amount in it would"
            " not be exact.",
            next_step="Use a column of an exact type (money, numeric), or write it as text.",
        )
    if field.unit and known.unit not in _SUITS.get(field.unit, ("",)):
        return _wrong_unit(field, known)
    if known.unit in ("amount", "minor units"):
        return Misfit(
            certain=False,
            reason="amount_without_currency",
            message=f"{field.name} is a plain number: the amount in it has no currency.",
            next_step="Use a field of money, or map the currency beside it and say so in the"
            " column's name.",
        )
    if field.digits_max is not None and known.digits is not None:
        return _digits(field, known.digits, field.digits_max)
    return None


def _wrong_unit(field: Field, known: Known) -> Misfit:
    article = "an" if known.unit == "amount" else "a"
    what = "cents (minor units)" if known.unit == "minor units" else f"{article} {known.unit}"
    of = f"{known.path} is {what}" if known.path else f"this is {what}"
    return Misfit(
        certain=True,
        reason="wrong_unit",
        message=f"{field.name} takes a {field.unit}; {of}.",
        next_step=f"Read a field that holds a {field.unit}.",
    )


def _digits(field: Field, digits: int, digits_max: int) -> Misfit | None:
    if digits <= digits_max:
        return None
    return Misfit(
        certain=False,
        reason="too_many_decimals",
        message=f"{field.name} takes {digits_max} digits after the point; this may have {digits}.",
        next_step=f"Round it by a named rule: round(..., {digits_max}, 'half_up').",
    )
