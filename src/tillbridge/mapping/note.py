"""Notes: what a mapping did on the way to its result that the result alone does not show.

A text was cut, an amount was converted at a rate. A function or rule that has something to say
takes a `NoteTaker` as its first argument (`Function.notes`). Nothing is kept, and nothing is paid,
where nobody asks: `Filler.fill` answers the fields, `Filler.fill_noting` the fields and the notes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tillbridge.canonical.errors import Place
from tillbridge.mapping.program import Spot


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was done to one field of the document.

    Attributes:
        kind: "cut", "rate", ...: one word for each thing that can be noted.
        told: the same in words, such as "cut from 40 to 30 characters".
        place: file and line of the rule or expression; its field is the document's field, with
            the number of the item: "lines[2].description".
        values: what a program wants to know of it, as text by name; never a secret.
    """

    kind: str
    told: str
    place: Place
    values: Mapping[str, str]

    @property
    def field(self) -> str:
        """The document's field, such as "lines[2].description"."""
        return self.place.field or ""

    def __str__(self) -> str:
        return f"{self.field}: {self.told}"


class NoteTaker:
    """Takes the notes of one place in a mapping, for one value."""

    __slots__ = ("_items", "_notes", "_spot")

    def __init__(self, notes: list[Note] | None, spot: Spot, items: Mapping[str, object]) -> None:
        """`notes` is where they go, None for nowhere; `items` has the numbers of list items."""
        self._notes = notes
        self._spot = spot
        self._items = items

    def take(self, kind: str, told: str, **values: str) -> None:
        """Notes something, if anybody wants to know."""
        if self._notes is not None:
            self._notes.append(Note(kind, told, self._spot.placed(self._items), values))
