"""The values of a document, read by their type: what a connector makes its own request from.

A mapped document was checked against its shape before; one that came another way is refused here,
before anything is sent. Every reader raises Rejected, "missing_field" or "bad_field", with the
field as its place. `place` is how a person finds the field where its bare name does not say it:
"lines[0].price".

    number = values.required_text(fields, "ordernumber")
    total = values.required_money(fields, "total")
    tax = values.money(fields, "tax", total.currency)
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields, Value


def text(fields: Fields, name: str) -> str:
    """Text; "" when it is not given."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _misfit(name, value, "text")
    return value


def required_text(fields: Fields, name: str) -> str:
    """Text that must be given, as it is written; spaces alone do not count."""
    value = text(fields, name)
    if not value.strip():
        raise missing(name)
    return value


def money(fields: Fields, name: str, currency: str) -> Money:
    """Money of the document's currency; zero when it is not given.

    Raises:
        Rejected: also "currencies_differ".
    """
    value = fields.get(name)
    if value is None:
        return Money.zero(currency)
    if not isinstance(value, Money):
        raise _misfit(name, value, "money")
    _check_currency(name, value, currency)
    return value


def required_money(fields: Fields, name: str) -> Money:
    """Money that must be given, of any currency: a total, whose currency is the document's."""
    value = _required(fields, name, name)
    if not isinstance(value, Money):
        raise _misfit(name, value, "money")
    return value


def money_above_zero(fields: Fields, name: str) -> Money:
    """An amount to hold, take or release: it must be given, of any currency, and above zero."""
    value = _required(fields, name, name)
    if not isinstance(value, Money) or value.amount <= 0:
        raise _misfit(name, value, "money above zero")
    return value


def price(fields: Fields, name: str, currency: str, *, place: str = "") -> UnitAmount:
    """A price per unit that must be given, in the document's currency; money is one too.

    Raises:
        Rejected: also "currencies_differ".
    """
    place = place or name
    value = _required(fields, name, place)
    if not isinstance(value, UnitAmount | Money):
        raise _misfit(place, value, "a price per unit")
    _check_currency(place, value, currency)
    return UnitAmount(value.amount, value.currency)


def decimal(
    fields: Fields, name: str, default: Decimal | None = None, *, place: str = ""
) -> Decimal:
    """An exact number; when it is not given `default`, and without one it must be given."""
    value = fields.get(name)
    if value is None:
        value = default
    if value is None:
        raise missing(place or name)
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise _misfit(place or name, value, "a number")
    return Decimal(value)


def integer(fields: Fields, name: str, default: int) -> int:
    """A whole number; `default` when it is not given."""
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _misfit(name, value, "a whole number")
    return value


def flag(fields: Fields, name: str, *, default: bool = False) -> bool:
    """True or false; `default` when it is not given."""
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _misfit(name, value, "true or false")
    return value


def day(fields: Fields, name: str) -> date | None:
    """A date; None when it is not given. An instant is none: which day it is depends on where."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _misfit(name, value, "a date")
    return value


def instant(fields: Fields, name: str) -> datetime | None:
    """An instant with its zone; None when it is not given."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _misfit(name, value, "an instant with its zone")
    return value


def group(fields: Fields, name: str) -> Fields:
    """A group; empty when it is not given."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _misfit(name, value, "a group")
    return value


def groups(fields: Fields, name: str) -> Sequence[Fields]:
    """A list of groups; empty when it is not given."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise _misfit(name, value, "a list of groups")
    for at, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise _misfit(f"{name}[{at}]", item, "a group")
    return value


def missing(place: str) -> Rejected:
    """The error for a field that must be given and is not."""
    return Rejected(
        f"{place} is not given.",
        reason="missing_field",
        place=Place(field=place),
        next_step="Fill it in the mapping.",
    )


def _required(fields: Fields, name: str, place: str) -> Value:
    value = fields.get(name)
    if value is None:
        raise missing(place)
    return value


def _check_currency(place: str, value: Money | UnitAmount, currency: str) -> None:
    if value.currency != currency:
        raise Rejected(
            f"{place} is {value}, but the document is in {currency}.",
            reason="currencies_differ",
            place=Place(field=place),
            next_step="Map every amount from the same order.",
        )


def _misfit(place: str, value: object, wanted: str) -> Rejected:
    return Rejected(
        f"{place} is {_shown(value)}; it takes {wanted}.",
        reason="bad_field",
        place=Place(field=place),
        next_step="Correct the mapping.",
    )


def _shown(value: object) -> str:
    """Single values as they are; a whole group may hold what a message must not."""
    if isinstance(value, Money | UnitAmount | date | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return "a group"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)
