"""Patterns of names with `*`, as spreadsheets know them: `visa*`, `*-PROMO`, `*`.

`*` stands for any text, also for none; `\\*` for the star itself. Matching is linear.
"""

import re
from dataclasses import dataclass

_STAR = re.compile(r"(?<!\\)\*")


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern.

    Attributes:
        parts: the plain texts between its stars; one part: no star, an exact text.
    """

    text: str
    parts: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether it has no star."""
        return len(self.parts) == 1

    @property
    def plain(self) -> str:
        """Its text without the stars: all of it when it is exact."""
        return "".join(self.parts)

    def matches(self, text: str) -> bool:
        """Whether the whole text is of the pattern."""
        first, last = self.parts[0], self.parts[-1]
        if self.exact:
            return text == first
        at, end = len(first), len(text) - len(last)
        if end < at or not text.startswith(first) or not text.endswith(last):
            return False
        for part in self.parts[1:-1]:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def behind(self, text: str) -> str:
        """What the star of a pattern with one star stands for in a text that matches."""
        first, last = self.parts
        return text[len(first) : len(text) - len(last)]


def glob(text: str) -> Glob:
    """A pattern from its text."""
    parts = _STAR.split(text)
    return Glob(text, tuple(part.replace("\\*", "*") for part in parts))
