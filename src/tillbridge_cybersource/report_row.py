"""One row of a report, whatever its format: its values by our words for the columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money

ROW_MAX_CHARACTERS: Final = 1_000_000
_DAYS: Final = ("%m/%d/%Y", "%m/%d/%y", "%Y%m%d")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """Attributes:
    file, line: where it stands.
    values: by our words (`report_columns`); one with several services has them with commas.
    other: what we have no word for, by the report's own names.
    """

    file: str
    line: int
    values: Mapping[str, str]
    other: Mapping[str, str] = field(default_factory=dict)

    def text(self, word: str) -> str:
        """A value; "" where the row has none."""
        return self.values.get(word, "").strip()

    def required(self, word: str) -> str:
        """A value that must be there. Raises Rejected with file, line and column."""
        if word not in self.values:
            raise self.wrong(word, "the report has no such column", "Subscribe to it with it.")
        if not (found := self.text(word)):
            raise self.wrong(word, "it is empty")
        return found

    def money(self, amount: str = "amount", currency: str = "currency") -> Money:
        """An amount as it is stated, with its sign. Raises Rejected."""
        stated, code = self.required(amount), self.required(currency).upper()
        try:
            return Money.of(stated.removeprefix("+"), code)
        except Rejected as error:
            raise self.wrong(amount, error.message.rstrip(".")) from error

    def day(self, word: str) -> date | None:
        """A day, or the day of an instant as it is written; None where there is none."""
        stated = self.text(word)
        if not stated:
            return None
        try:
            return datetime.fromisoformat(stated).date()
        except ValueError:
            pass
        for form in _DAYS:
            try:
                return datetime.strptime(stated, form).date()
            except ValueError:
                continue
        raise self.wrong(word, f"{stated!r} is no day")

    def instant(self, word: str) -> datetime | None:
        """An instant in UTC; None where there is none, or only a day."""
        stated = self.text(word)
        if len(stated) <= len("2003-05-01"):
            return None
        try:
            found = datetime.fromisoformat(stated)
        except ValueError:
            raise self.wrong(word, f"{stated!r} is no instant") from None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

    def list(self, word: str) -> tuple[str, ...]:
        """The parts of a cell with several services."""
        return tuple(part.strip() for part in self.text(word).split(",") if part.strip())

    def wrong(self, word: str, message: str, next_step: str = "") -> Rejected:
        """The error for this row, with file, line and column."""
        return Rejected(
            f"{word.replace('_', ' ')}: {message}.",
            reason="bad_report",
            place=Place(self.file, self.line, word),
            next_step=next_step or "Look the row up in the report.",
        )
