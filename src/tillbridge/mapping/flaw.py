"""A flaw: something in a mapping or a flow that is found before it runs.

An error keeps a flow from being published. A warning is told and does not: it is right for some
values and wrong for others, and a person has to say which was meant.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw: where it stands, what is wrong, and what to do about it.

    Attributes:
        reason: a short machine word, such as "unknown_field"; the same flaw has the same word.
    """

    severity: Severity
    reason: str
    message: str
    place: Place
    next_step: str = ""

    def __str__(self) -> str:
        then = f" {self.next_step}" if self.next_step else ""
        return f"{self.severity}: {self.place}: {self.message}{then}"


def flaw_of(error: Misconfigured) -> Flaw:
    """What a reader refused, as a flaw."""
    place = error.place or Place()
    return Flaw("error", error.reason, error.message, place, error.next_step)


def error_of(flaw: Flaw) -> Misconfigured:
    """A flaw as the error that keeps a flow from being published."""
    return Misconfigured(
        flaw.message, reason=flaw.reason, place=flaw.place, next_step=flaw.next_step
    )
