"""How much one document may cost: what a mapping makes is counted, and it is stopped in time.

Every expression ends, but a few lines can still ask for gigabytes: texts padded and joined, lists
split out of texts, each of them walked inside another. One unit of work is about a quarter of a
microsecond or a few bytes; a sales order of a thousand lines takes some tens of thousands.
"""

from typing import Any, Final

from tillbridge.canonical.errors import Rejected

WORK_MAX: Final = 10_000_000
"""Units one document, or one evaluation of one expression, may take: a few seconds, and well below
100 MB."""
ITEM_WORK: Final = 5
"""Units for each item of a list that is made."""


class Work:
    """What is left for one document."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = WORK_MAX

    def spend(self, units: int) -> None:
        """Takes units. Raises Rejected when there are not so many left."""
        self._left -= units
        if self._left < 0:
            raise Rejected(
                f"This document takes more than {WORK_MAX:,} units of work: too many texts, list"
                " items or patterns.",
                reason="too_much_work",
                next_step="Make less of it here: shorter texts, fewer items (where:), no list"
                " inside a list.",
            )

    def made(self, value: Any) -> Any:
        """A text or list that was made, as it is; a character is a unit. Raises Rejected."""
        if type(value) is str:
            self.spend(len(value))
        elif isinstance(value, list | tuple):
            self.spend(ITEM_WORK * len(value))
        return value

    def walked(self, items: Any, parts: int) -> Any:
        """A list that is about to be walked, as it is; each item takes so many units.

        Raises Rejected.
        """
        self.spend(len(items) * parts)
        return items
