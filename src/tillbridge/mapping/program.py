"""A compiled function that knows which piece of text every one of its instructions came from.

The generated code carries, as line numbers, the numbers of spots; so finding where an error
happened costs nothing until one happens.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.tree import Name, Select, Span, Tree

FILE_NAME = "<tillbridge mapping>"


@dataclass(frozen=True, slots=True)
class Written:
    """An expression's text and where it stands.

    Attributes:
        block: True when it stands in a YAML block, whose text starts on the line below `place`.
    """

    text: str
    place: Place
    block: bool = False

    def place_at(self, span: Span) -> Place:
        """The file's line and field of a span of the text."""
        if self.place.line is None:
            return self.place
        below = self.text.count("\n", 0, span.start) + (1 if self.block else 0)
        return Place(self.place.file, self.place.line + below, self.place.field)

    def slice(self, span: Span) -> str:
        return _cut(self.text[span.start : span.end])

    def wrong(self, error: ExpressionError) -> Misconfigured:
        """An error in the text, with its file, line, character and the text itself."""
        where = f"character {error.span.start + 1} of: {self._around(error.span)}"
        then = f"{error.next_step} " if error.next_step else ""
        return Misconfigured(
            error.message,
            reason=error.reason,
            place=self.place_at(error.span),
            next_step=f"{then}({where})",
        )

    def _around(self, span: Span) -> str:
        start = max(0, span.start - 40)
        shown = self.text[start : start + 80].replace("\n", " ")
        return f"{'...' if start else ''}{shown}{'...' if start + 80 < len(self.text) else ''}"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an instruction came from.

    Attributes:
        path: the document field it fills, with {name} where a list's index is the variable.
        tree: the node of the expression; None for what a rule does besides.
    """

    place: Place
    path: str = ""
    written: Written | None = None
    tree: Tree | None = None

    def placed(self, variables: Mapping[str, object]) -> Place:
        """File, line and document field, with the values of the path's variables."""
        at = self.place
        if self.written is not None and self.tree is not None:
            at = self.written.place_at(self.tree.span)
        if not self.path:
            return at
        return Place(at.file, at.line, self.path.format_map(variables))


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled function over a context of names, and a list for its notes (or None)."""

    function: Callable[..., Any]
    spots: Sequence[Spot]

    def run(self, context: Mapping[str, object], notes: list[Any] | None = None) -> Any:
        """What the function answers. Raises Rejected with the place it came from."""
        try:
            return self.function(context, notes)
        except (Rejected, AttributeError, LookupError, TypeError, ArithmeticError) as error:
            raise self._located(error) from error

    def _located(self, error: Exception) -> Exception:
        frames = list(traceback.walk_tb(error.__traceback__))
        ours = [at for at in frames if at[0].f_code.co_filename == FILE_NAME]
        if not isinstance(error, Rejected) and ours[-1] != frames[-1]:
            return error
        frame, number = ours[-1]
        spot = self.spots[number - 1]
        place = spot.placed(frame.f_locals)
        if isinstance(error, Rejected):
            return Rejected(
                error.message, reason=error.reason, place=place, next_step=error.next_step
            )
        message = _missing(error, spot)
        if message is None:
            return error
        return Rejected(
            message,
            reason="no_value",
            place=place,
            next_step="Give a value for that case: default(..., ...), or test it with has(...).",
        )


def _missing(error: Exception, spot: Spot) -> str | None:
    """What to say when something read is not there; None when the error is a defect of ours."""
    tree, written = spot.tree, spot.written
    if tree is None or written is None:
        return None
    if isinstance(tree, Name) and isinstance(error, KeyError):
        return f"There is no {tree.name} here: the step of that name did not run."
    if isinstance(error, InvalidOperation):
        return f"{written.slice(tree.span)} meets something that is not a number."
    if not isinstance(tree, Select):
        return None
    of = written.slice(tree.of.span)
    if isinstance(error, KeyError):
        return f"{of} has no {_cut(tree.field)}."
    empty = isinstance(error, TypeError) or (
        isinstance(error, AttributeError) and error.obj is None
    )
    return f"{of} is empty (null), so it has no {_cut(tree.field)}." if empty else None


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
