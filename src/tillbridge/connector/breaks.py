"""What follows a break: one table.

break point x HTTP status -> class -> what the engine does. A connector asks `classify` for
everything it has no finer rule for; vendor codes inside a body are the connector's to read first.
"""

from dataclasses import dataclass
from enum import StrEnum

from tillbridge.canonical.errors import Misconfigured, Rejected, Sent, TillbridgeError, Transient


class BreakPoint(StrEnum):
    """Where a call broke."""

    NOT_ALLOWED = "not_allowed"  # our own guard stopped it before the socket
    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    AFTER_BYTES = "after_bytes"  # the connection broke after bytes left
    TIMEOUT = "timeout"  # no answer in time
    ANSWERED = "answered"  # a complete HTTP answer


class Outcome(StrEnum):
    """The classes a break falls into."""

    DONE = "done"
    NOT_SENT = "not_sent"  # wait and send again; the connection's gate counts it
    BUSY = "busy"  # the other side did nothing and asks us to wait
    RATE_LIMITED = "rate_limited"  # the other side did nothing, because we ask too often
    UNKNOWN = "unknown"  # sent, and perhaps done
    NO = "no"  # certainly refused
    CREDENTIALS = "credentials"  # a person mends the connection


@dataclass(frozen=True, slots=True)
class Call:
    """The kind of call that broke: does repeating it do harm?"""

    write: bool


_UNSENT = {
    BreakPoint.NOT_ALLOWED,
    BreakPoint.DNS,
    BreakPoint.REFUSED,
    BreakPoint.TLS,
    BreakPoint.CONNECT_TIMEOUT,
}
_NOT_LET_IN = {401, 403, 407}
_TOO_EARLY = 425  # RFC 8470: it was not willing to act on it yet
_TOO_MANY = 429
_AMBIGUOUS = {408, 429, 500, 502, 503, 504}


def classify(point: BreakPoint, status: int | None = None, *, write: bool) -> Outcome:
    """The class of a break.

    For a write every 408, 429, 500, 502, 503 and 504 is unknown: a gateway in between may answer
    for a system that did act. For a read the same statuses are busy, and 429 is a rate limit. A
    connector whose vendor promises more (a 429 that certainly did nothing) says so itself before
    asking here.
    """
    if point in _UNSENT:
        return Outcome.NOT_SENT
    if point in (BreakPoint.AFTER_BYTES, BreakPoint.TIMEOUT):
        return Outcome.UNKNOWN if write else Outcome.BUSY
    assert status is not None, "an answered call has a status"
    if status in _NOT_LET_IN:
        return Outcome.CREDENTIALS
    if status == _TOO_EARLY:
        return Outcome.BUSY
    if status == _TOO_MANY and not write:
        return Outcome.RATE_LIMITED
    if status in _AMBIGUOUS or status >= 500:
        return Outcome.UNKNOWN if write else Outcome.BUSY
    if 200 <= status < 300:
        return Outcome.DONE
    return Outcome.NO


def error_for(outcome: Outcome, message: str, wait_s: float | None = None) -> TillbridgeError:
    """The error that carries a class that is not DONE to the engine."""
    sent: Sent = "perhaps" if outcome is Outcome.UNKNOWN else "no"
    if outcome in (Outcome.NOT_SENT, Outcome.BUSY, Outcome.RATE_LIMITED, Outcome.UNKNOWN):
        return Transient(message, wait_s=wait_s, sent=sent, gate=True, reason=outcome.value)
    if outcome is Outcome.CREDENTIALS:
        return Misconfigured(
            message, reason="credentials", next_step="Correct the connection's credentials."
        )
    assert outcome is Outcome.NO, "a done call has no error"
    return Rejected(message, reason="refused")
