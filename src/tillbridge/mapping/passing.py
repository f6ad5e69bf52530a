"""Custom fields handed on: chosen by a pattern of their names, and renamed by another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping.fit import from_text
from tillbridge.mapping.glob import Glob
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_type import sort_of


@dataclass(frozen=True, slots=True)
class Passing:
    """What is handed on to a group of custom fields.

    Attributes:
        names: which fields; a pattern with one star.
        to: their new names; what the star stands for is kept.
    """

    field: Field
    names: Glob
    to: Glob | None

    def hand_on(self, given: Any) -> dict[str, Value]:
        """The fields of the pattern under their new names, each as the target wants it.

        An empty text is left out where the target's column is none. Raises Rejected for a column
        that the target does not have, or a text that does not fit it.
        """
        if not isinstance(given, Mapping):
            found = "nothing (null)" if given is None else sort_of(given)
            raise Rejected(f"pass: takes texts by name, not {found}.", reason="bad_type")
        handed: dict[str, Value] = {}
        for name, text in given.items():
            if self.names.matches(name):
                column = self._column(self._renamed(name))
                if text or column.type == "text":
                    handed[column.name] = from_text(column, text)
        return handed

    def _renamed(self, name: str) -> str:
        if self.to is None:
            return name
        return self.names.behind(name).join(self.to.parts)

    def _column(self, name: str) -> Field:
        if not self.field.of:
            return Field(name, "text", length_max=self.field.length_max)
        column = next((each for each in self.field.of if each.name == name), None)
        if column is None:
            known = [each.name for each in self.field.of]
            error = unknown("column", name, known, None)
            raise Rejected(error.message, reason=error.reason, next_step=error.next_step)
        return column
