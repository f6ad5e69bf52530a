"""One posted JSON object, read field by field; every error names the field."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount, exact

TEXT_LENGTH_MAX = 4000
NUMBER_DIGITS_MAX = 40


class Posted:
    """A JSON object at a path of the posted document."""

    def __init__(self, values: dict[str, Any], path: str) -> None:
        self._values = values
        self._path = path

    @classmethod
    def document(cls, body: bytes) -> "Posted":
        """The whole body. Raises Rejected unless it is a JSON object."""
        try:
            value = read_json(body)
        except RecursionError:
            raise Rejected("The JSON is nested too deeply.", reason="bad_json") from None
        if not isinstance(value, dict):
            raise _wrong("the document", "It must be a JSON object.", "bad_shape")
        return cls(value, "")

    def at(self, name: str) -> str:
        """The full path of a field, for messages."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def wrong(self, name: str, message: str, reason: str = "bad_value") -> Rejected:
        """The error that says what is wrong with a field."""
        return _wrong(self.at(name), message, reason)

    def group(self, name: str, *, required: bool = True) -> "Posted":
        """An object; an empty one when it is not given and not required."""
        value = self._take(name, required=required)
        if value is None:
            return Posted({}, self.at(name))
        if not isinstance(value, dict):
            raise self.wrong(name, "It must be an object.", "bad_shape")
        return Posted(value, self.at(name))

    def groups(self, name: str) -> Iterator["Posted"]:
        """A list of objects; none when it is not given."""
        value = self._take(name, required=False)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, "It must be a list.", "bad_shape")
        for at, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.wrong(f"{name}[{at}]", "It must be an object.", "bad_shape")
            yield Posted(item, f"{self.at(name)}[{at}]")

    def text(self, name: str, *, required: bool = False, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Text; a whole number is taken as text, because shops send ids either way."""
        value = self._take(name, required=required)
        if value is None:
            return ""
        text = self._as_text(name, value, length_max)
        if required and not text.strip():
            raise self.wrong(name, "It must not be empty.", "missing")
        return text

    def texts(self, name: str) -> dict[str, str]:
        """An object of texts under names the shop chooses; numbers and booleans become text."""
        values = self.group(name, required=False)
        return {
            key: values._as_text(key, _spelled(value))
            for key, value in values._values.items()
            if value is not None
        }

    def list_of_texts(self, name: str) -> Iterator[str]:
        """A list of texts; none when it is not given."""
        value = self._take(name, required=False)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, "It must be a list.", "bad_shape")
        for at, item in enumerate(value):
            yield self._as_text(f"{name}[{at}]", item)

    def whole(self, name: str, default: int) -> int:
        value = self._take(name, required=False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, f"{value!r} is not a whole number.")
        return value

    def truth(self, name: str) -> bool:
        value = self._take(name, required=True)
        if not isinstance(value, bool):
            raise self.wrong(name, "It must be true or false.")
        return value

    def number(self, name: str) -> Decimal:
        """An exact number from text or a JSON number."""
        value = self._take(name, required=True)
        with self._placed(name):
            return self._exact(name, value)

    def money(self, name: str, currency: str, *, required: bool = False) -> Money:
        """Money of the document's currency; zero when it is not given and not required."""
        value = self._take(name, required=required)
        if value is None:
            return Money.zero(currency)
        with self._placed(name):
            return Money.of(self._exact(name, value), currency)

    def unit_amount(self, name: str, currency: str) -> UnitAmount:
        value = self._take(name, required=True)
        with self._placed(name):
            return UnitAmount.of(self._exact(name, value), currency)

    def instant(self, name: str) -> datetime:
        """An instant in RFC 3339 with its offset, as UTC."""
        text = self.text(name, required=True)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(name, f"{text!r} is not an RFC 3339 instant.", "bad_time") from None
        if moment.tzinfo is None:
            raise self.wrong(name, f"{text!r} has no offset; write a Z for UTC.", "bad_time")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.wrong(name, f"{text!r} is out of reach.", "bad_time") from None

    def _take(self, name: str, *, required: bool) -> Any:
        value = self._values.get(name)
        if value is None and required:
            raise self.wrong(name, "It is missing.", "missing")
        return value

    def _as_text(self, name: str, value: object, length_max: int = TEXT_LENGTH_MAX) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise self.wrong(name, "It must be text.", "bad_shape")
        text = str(value)
        if len(text) > length_max:
            raise self.wrong(name, f"It has over {length_max} characters.", "too_long")
        if "\x00" in text:
            raise self.wrong(name, "It contains the character NUL.", "bad_text")
        return text

    def _exact(self, name: str, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.wrong(name, "It must be a number, as text or as a JSON number.")
        number = exact(value)
        if not number.is_finite() or _digits(number) > NUMBER_DIGITS_MAX:
            raise self.wrong(name, f"It has over {NUMBER_DIGITS_MAX} digits.", "bad_amount")
        return number

    @contextmanager
    def _placed(self, name: str) -> Iterator[None]:
        try:
            yield
        except Rejected as error:
            if error.place is not None:
                raise
            raise Rejected(
                error.message,
                reason=error.reason,
                place=Place(field=self.at(name)),
                next_step=error.next_step,
            ) from error


def _digits(number: Decimal) -> int:
    """How many digits it takes to write the number out."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "checked to be finite before"
    return max(len(digits) + max(exponent, 0), -exponent)


def _spelled(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) and abs(value.adjusted()) < 100 else value


def _wrong(path: str, message: str, reason: str) -> Rejected:
    return Rejected(
        message,
        reason=reason,
        place=Place(field=path),
        next_step="Correct it in the shop and send it again.",
    )
