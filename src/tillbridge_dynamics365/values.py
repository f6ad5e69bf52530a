"""Reading a document's values; every refusal names the field."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields, Value


def text_of(fields: Fields, name: str, *, required: bool = False) -> str:
    """Text; "" when it is absent."""
    value = fields.get(name)
    if value is None or value == "":
        if required:
            raise _misses(name)
        return ""
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    return value


def money_of(fields: Fields, name: str, currency: str) -> Money:
    """Money of the currency; zero when it is absent."""
    value = fields.get(name)
    if value is None:
        return Money.zero(currency)
    if not isinstance(value, Money):
        raise _wrong(name, value, "money")
    if value.currency != currency:
        raise Rejected(
            f"{value} is not in the document's currency {currency}.",
            reason="currencies_differ",
            place=Place(field=name),
        )
    return value


def price_of(fields: Fields, name: str, currency: str) -> Decimal:
    """A price for one piece in the currency."""
    value = fields.get(name)
    if not isinstance(value, UnitAmount | Money):
        raise _wrong(name, value, "a price")
    if value.currency != currency:
        raise Rejected(
            f"{value} is not in the document's currency {currency}.",
            reason="currencies_differ",
            place=Place(field=name),
        )
    return value.amount


def decimal_of(fields: Fields, name: str) -> Decimal:
    """An exact number."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, Decimal):
        raise _wrong(name, value, "a number")
    return value


def flag_of(fields: Fields, name: str) -> bool:
    """True or false; false when it is absent."""
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


def group_of(fields: Fields, name: str) -> Fields:
    """A group; empty when it is absent."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(name, value, "a group")
    return value


def list_of(fields: Fields, name: str) -> Sequence[Fields]:
    """A list of groups; empty when it is absent."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, "a list")
    return value


def _misses(name: str) -> Rejected:
    return Rejected(
        f"The document has no {name!r}.",
        reason="missing_field",
        place=Place(field=name),
        next_step="Map it.",
    )


def _wrong(name: str, value: Value, wanted: str) -> Rejected:
    return Rejected(
        f"{value!r} is not {wanted}.",
        reason="bad_field",
        place=Place(field=name),
        next_step="Correct the mapping.",
    )
