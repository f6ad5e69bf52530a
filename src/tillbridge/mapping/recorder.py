"""What a mapping saw on its way: every part of every expression, each lookup row, each field.

A program that is compiled with a recorder computes what it always computes, by the same code, and
tells it here. So what is explained can be nothing but what happened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.mapping.lookup import Row
from tillbridge.mapping.program import Spot
from tillbridge.mapping.table import Table, found_in, sought_in

SEEN_MAX: Final = 200_000
"""Parts that one explanation may have."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One part of an expression and what it gave, for one field."""

    field: str
    spot: Spot
    value: object

    @property
    def text(self) -> str:
        """As it is written."""
        assert self.spot.written is not None and self.spot.tree is not None, "it is a part"
        span = self.spot.tree.span
        return self.spot.written.text[span.start : span.end].strip()

    @property
    def whole(self) -> bool:
        """Whether it is the whole expression."""
        assert self.spot.written is not None, "it is a part"
        return self.text == self.spot.written.text.strip()

    @property
    def place(self) -> Place:
        assert self.spot.written is not None and self.spot.tree is not None, "it is a part"
        return self.spot.written.place_at(self.spot.tree.span)


@dataclass(frozen=True, slots=True)
class Looked:
    """One look into a table: the key, the day, and the row that was found."""

    field: str
    lookup: str
    key: object
    day: date | None
    row: Row | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One field, what it was filled with, and what was seen and looked up for it.

    Attributes:
        there: False when it was left out.
    """

    field: str
    place: Place
    value: object
    there: bool
    seen: tuple[Seen, ...]
    looked: tuple[Looked, ...]


class Recorder:
    """Takes what one run of a program tells."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self._seen: dict[str, list[Seen]] = {}
        self._looked: dict[str, list[Looked]] = {}
        self._count = 0
        self._field = ""

    def see(self, spot: Spot, items: Mapping[str, object], value: Any) -> Any:
        """The value of a part of an expression, as it is. Raises Rejected when there are too
        many."""
        self._count += 1
        if self._count > SEEN_MAX:
            raise Rejected(
                f"The document has more than {SEEN_MAX:,} parts to explain.",
                reason="too_large",
                next_step="Explain a smaller order.",
            )
        self._field = spot.path.format_map(items)
        self._seen.setdefault(self._field, []).append(Seen(self._field, spot, value))
        return value

    def keep(
        self, spot: Spot, items: Mapping[str, object], filled: Mapping[str, Any], name: str
    ) -> None:
        """What a field was filled with. Two parts of a list may number their items alike: what was
        seen since belongs to this one."""
        field = spot.path.format_map(items)
        self._keep(field, spot.place, filled.get(name), there=name in filled)

    def refuse(self, place: Place) -> None:
        """The field that was refused, with what was seen for it."""
        self._keep(place.field or "", place, None, there=False)

    def _keep(self, field: str, place: Place, value: object, *, there: bool) -> None:
        seen, looked = self._seen.pop(field, []), self._looked.pop(field, [])
        self.kept.append(Kept(field, place, value, there, tuple(seen), tuple(looked)))

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function; one that looks into a table tells which row it found."""
        if function not in (found_in, sought_in):
            return function

        def looking(table: Table, key: Any, day: date | None = None) -> Any:
            row = table.lookup.row(key, day) if isinstance(key, str | tuple) else None
            looked = Looked(self._field, table.lookup.name, key, day, row)
            self._looked.setdefault(self._field, []).append(looked)
            return function(table, key, day)

        return looking
