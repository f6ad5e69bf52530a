"""Order numbers: a counter in the system database, mirrored in the company's, wrapped and skipped.

A number is text, right-justified in ten characters. The counter's row is locked until the
transaction ends, so a rollback gives the number back and there are no gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge_sagepro.database import Row, Transaction
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement

NUMBER_WIDTH = 10
NUMBER_MAX = 9_999_999_999
_LOOK_AHEAD = 50


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """The number allocated: `count` goes back into the counter, `sono` onto the order."""

    count: int

    @property
    def sono(self) -> str:
        return padded(str(self.count))


def padded(number: str) -> str:
    """A document number as Sage Pro keeps it."""
    return number.strip().rjust(NUMBER_WIDTH)


def stored_number(number: str) -> str:
    """The same from a document, checked."""
    if not 0 < len(number.strip()) <= NUMBER_WIDTH:
        raise Rejected(
            f"sono is {number!r}; an order number has 1 to {NUMBER_WIDTH} characters.",
            reason="bad_number",
            place=Place(field="sono"),
        )
    return padded(number)


def counter_id(module: str, settings: SageProSettings) -> str:
    """The key of a module's row in sysdata: SO05."""
    return f"{module}{settings.company_id}"


def next_number(
    transaction: Transaction, rows: Sequence[Row], settings: SageProSettings
) -> OrderNumber:
    """The next free number, from the rows of the statement "order_counter"."""
    if not rows:
        raise Misconfigured(
            f"The counter {counter_id('SO', settings)} is not in"
            f" {settings.system_database}..sysdata, or the company is deleted.",
            reason="no_counter",
            next_step="Correct company_id or system_database.",
        )
    last, taken_open, taken_closed = rows[0]
    following = int(last) + 1
    if following <= NUMBER_MAX and not taken_open and not taken_closed:
        return OrderNumber(following)
    return _search(transaction, following)


def _search(transaction: Transaction, start: int) -> OrderNumber:
    """Skips what is taken, in blocks; after the last number comes 1."""
    candidate = start
    for _ in range(1 + NUMBER_MAX // _LOOK_AHEAD):
        block = [_wrapped(candidate + step) for step in range(_LOOK_AHEAD)]
        names = {f"n{at}": padded(str(number)) for at, number in enumerate(block)}
        marks = ", ".join(f"CAST(%({name})s AS char(10))" for name in names)
        (rows,) = transaction.read(statement("taken_numbers", numbers=marks), names)
        taken = {int(row[0]) for row in rows}
        for number in block:
            if number not in taken:
                return OrderNumber(number)
        candidate = _wrapped(block[-1] + 1)
    raise Rejected("Every order number is taken.", reason="no_number")


def _wrapped(number: int) -> int:
    return number if number <= NUMBER_MAX else number - NUMBER_MAX
