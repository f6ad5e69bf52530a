"""Errors, named by what has to be done about them.

    TillbridgeError
    |-- Transient      wait and try again; nobody has to act
    |-- Rejected       the other side, or a rule of ours, said no: a person mends the data
    |-- Misconfigured  a person mends a connection, a flow or a mapping
    `-- Unreconciled   two books disagree: a person decides

A decline by a card issuer is an answer, not an error. A bug is none of these: it is an
AssertionError and stops the run. Every message names the thing, shows the value (never a
secret) and says the next step. No error carries card data: what others say about our data is
masked as the error is made.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.card_text import mask

Sent: TypeAlias = Literal["no", "perhaps"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where bad input stands: a file and line, or a field of a document ("order.lines[2].tax")."""

    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        spot = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return " ".join(part for part in (spot, self.field) if part)


class TillbridgeError(Exception):
    """The family's root; raise one of its four children.

    Attributes:
        reason: a short machine word, such as "unknown_currency".
        place: where it is wrong, when that is known.
        next_step: one sentence for the person who has to act; may be empty.
        step, connection: where in a run it came up, filled in by whoever took the step; may be
            empty.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        place: Place | None = None,
        next_step: str = "",
    ) -> None:
        self.message = mask(message)
        super().__init__(self.message)
        self.reason = reason
        self.place = place
        self.next_step = mask(next_step)
        self.step = ""
        self.connection = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        then = f" {self.next_step}" if self.next_step else ""
        return f"{where}{self.message}{then}"


class Transient(TillbridgeError):
    """Wait, then try again.

    Attributes:
        wait_s: seconds the other side asked us to wait (Retry-After); None when it did not say.
        sent: "no" when it is certain that nothing left this machine or that the other side did
            not act; "perhaps" when the request may have taken effect: for a write the outcome
            is then *unknown*, never "failed".
        gate: True when the whole connection is affected (outage, rate limit, refused connection):
            the work waits at the connection's gate and uses no attempt.
    """

    def __init__(
        self,
        message: str,
        *,
        wait_s: float | None = None,
        sent: Sent = "no",
        gate: bool = False,
        reason: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(message, reason=reason, next_step=next_step)
        self.wait_s = wait_s
        self.sent: Sent = sent
        self.gate = gate


class Rejected(TillbridgeError):
    """The other side or a rule of ours said no; a person mends the data."""


class Misconfigured(TillbridgeError):
    """A person mends a connection, a flow or a mapping."""


class Unreconciled(TillbridgeError):
    """Two books disagree about the same fact; a person decides."""
