"""How a file of flows or mappings is laid out: what `tillbridge format` puts right.

Lines end with a line feed, the last one too, and without blanks; one empty line at most stands
between others, and none at the ends; what is nested stands two columns further right, a list below
its key as well. Everything else is its writer's: order, comments, quotes, braces, long lines.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.outline import Member, Outline, Part
from tillbridge.mapping.text import Entries, Items, Node, Scalar, read_text

STEP = 2
"""Columns from a value to what is nested in it."""

_BREAK = re.compile("\r\n?")

_Meaning: TypeAlias = "tuple[str, bool, bool] | list[_Meaning] | list[tuple[str, _Meaning]]"


def laid_out(text: str, file: str) -> str:
    """The text in the one layout; a text laid out so before comes back as it is.

    Raises:
        Misconfigured: it is not read (`text.read_text`), or would mean something else.
    """
    meaning = _meaning(read_text(text, file))
    outline = Outline(_BREAK.sub("\n", text.removeprefix("\ufeff")))
    done = _Layout(outline).text()
    if _meaning(read_text(done, file)) != meaning:
        raise Misconfigured(
            "It cannot be laid out without changing what it means.",
            reason="cannot_format",
            place=Place(file),
            next_step="Leave it as it is, or write its texts of several lines in another way.",
        )
    return done


class _Layout:
    """What becomes of each line of an outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._shifts: dict[int, int] = {}
        """How far a line moves to the right."""
        self._gaps: dict[int, list[tuple[int, int]]] = {}
        """Blanks between a dash and what is nested behind it, by line: their ends in the text."""
        self._inside: set[int] = set()
        """Lines that continue a value."""
        self._kept: set[int] = set()
        """Lines whose last blanks may be part of a text."""
        for part in _parts(outline.root):
            self._note_lines(part)
        if all(self._stands_plainly(part) for part in _parts(outline.root)):
            self._place(outline.root, 0)

    def text(self) -> str:
        """All lines, laid out."""
        done: list[tuple[int, str]] = []
        for number in range(len(self._outline.starts)):
            line = self._line(number)
            if line or number in self._kept or (done and done[-1][1]):
                done.append((number, line))
        while done and not done[-1][1] and done[-1][0] not in self._kept:
            done.pop()
        last = len(self._outline.starts) - 1
        in_block = done[-1][0] == last and last in self._kept
        return "\n".join(line for _, line in done) + ("" if in_block else "\n")

    def _note_lines(self, part: Part) -> None:
        first, last = self._outline.line(part.inner), self._outline.line(part.end)
        if part.kind == "scalar" and part.style in ("|", ">"):
            last = self._last_of_block(last)
            self._kept.update(range(first + 1, last + 1))
        elif part.kind == "scalar":
            self._kept.update(range(first, last))
        if part.style != "block":
            self._inside.update(range(first + 1, last + 1))

    def _last_of_block(self, last: int) -> int:
        """A line of blanks behind a block is its text when it is wide enough to be; it is kept."""
        while last + 1 < len(self._outline.starts):
            line = self._outline.line_text(last + 1)
            if not line or line.strip(" "):
                break
            last += 1
        return last

    def _stands_plainly(self, part: Part) -> bool:
        """No key is written with a question mark: a file with such keys keeps its columns."""
        if part.style != "block" or part.kind != "entries":
            return True
        starts = [each.start for each in part.members if each.sign_end < 0]
        before = [self._before(each) for each in part.members]
        return not starts and not any(text.strip(" -") for text in before)

    def _before(self, member: Member) -> str:
        outline = self._outline
        return outline.text[outline.starts[outline.line(member.start)] : member.start]

    def _place(self, holder: Part, column: int) -> None:
        """Puts the members of a block at a column, and what is nested in them further right."""
        if holder.style != "block":
            return
        for member in holder.members:
            first, last = self._outline.line(member.start), self._outline.line(member.end)
            shift = column - self._outline.column(member.start)
            begins = not self._before(member).strip(" ")
            for line in range(first if begins else first + 1, last + 1):
                self._shifts[line] = shift
            value = member.value
            if value.style == "block" and self._outline.line(value.inner) == first:
                self._gaps.setdefault(first, []).append((member.sign_end, value.inner))
            self._place(value, column + STEP)

    def _line(self, number: int) -> str:
        line = self._outline.line_text(number)
        bare = line.lstrip(" ")
        lead = len(line) - len(bare)
        if number in self._inside:
            moved = " " * max(0, lead + self._shifts.get(number, 0)) + bare
            return moved if number in self._kept else moved.rstrip(" \t")
        if not bare.strip(" \t"):
            return ""
        if bare.startswith("#"):
            return (" " * self._column_of_comment(number, lead) + bare).rstrip(" \t")
        start = self._outline.starts[number]
        for low, high in reversed(self._gaps.get(number, [])):
            line = f"{line[: low - start]} {line[high - start :]}"
        moved = " " * max(0, lead + self._shifts.get(number, 0)) + line[lead:]
        return moved if number in self._kept else moved.rstrip(" \t")

    def _column_of_comment(self, number: int, column: int) -> int:
        """A comment moves with the next line as far right, else with the last one that was."""
        near = (*self._next_line(number), *self._lines_before(number))
        for other, other_column in near:
            if other_column == column:
                return max(0, column + self._shifts.get(other, 0))
        return column

    def _next_line(self, number: int) -> Iterator[tuple[int, int]]:
        for other in range(number + 1, len(self._outline.starts)):
            line = self._outline.line_text(other)
            if line.strip() and not line.lstrip(" ").startswith("#"):
                yield other, len(line) - len(line.lstrip(" "))
                return

    def _lines_before(self, number: int) -> Iterator[tuple[int, int]]:
        for other in range(number - 1, -1, -1):
            line = self._outline.line_text(other)
            if line.strip() and other not in self._inside and not line.lstrip().startswith("#"):
                yield other, len(line) - len(line.lstrip(" "))


def _parts(part: Part) -> Iterator[Part]:
    yield part
    for member in part.members:
        yield from _parts(member.value)


def _meaning(node: Node) -> _Meaning:
    """What was read, how it was written with it, less where it stands."""
    match node:
        case Scalar():
            return (node.text, node.plain, node.block)
        case Items():
            return [_meaning(each) for each in node.nodes]
        case Entries():
            return [(key, _meaning(each)) for key, each in node.nodes.items()]
