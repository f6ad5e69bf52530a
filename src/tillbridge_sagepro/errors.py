"""What SQL Server's errors mean here: one table.

Source: Microsoft, "Database engine events and errors" (learn.microsoft.com), by error number.
"""

import socket
from enum import StrEnum

import pytds  # type: ignore[import-untyped] # python-tds ships no types

from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    Sent,
    TillbridgeError,
    Transient,
)


class Meaning(StrEnum):
    """The classes an error number falls into."""

    BUSY = "busy"  # nothing was done; wait and try again
    OUTAGE = "outage"  # the server cannot work at all for a while
    CREDENTIALS = "credentials"
    SETUP = "setup"  # structure or rights
    NO = "no"  # the value does not fit


_MEANINGS = {
    1205: Meaning.BUSY,  # deadlock victim
    1222: Meaning.BUSY,  # lock time-out
    2601: Meaning.BUSY,  # unique index: somebody took the number meanwhile
    2627: Meaning.BUSY,  # primary key: the same
    3902: Meaning.BUSY,  # COMMIT of a transaction that is gone
    701: Meaning.OUTAGE,  # out of memory
    1105: Meaning.OUTAGE,  # file group full
    6005: Meaning.OUTAGE,  # shutdown in progress
    9001: Meaning.OUTAGE,  # log not available
    9002: Meaning.OUTAGE,  # log full
    17142: Meaning.OUTAGE,  # server paused
    4060: Meaning.CREDENTIALS,  # cannot open database
    18452: Meaning.CREDENTIALS,
    18456: Meaning.CREDENTIALS,  # login failed
    18486: Meaning.CREDENTIALS,  # locked out
    18487: Meaning.CREDENTIALS,  # password expired
    18488: Meaning.CREDENTIALS,
    102: Meaning.SETUP,  # syntax
    207: Meaning.SETUP,  # no such column
    208: Meaning.SETUP,  # no such table
    229: Meaning.SETUP,  # no permission on object
    262: Meaning.SETUP,  # no permission to create
    297: Meaning.SETUP,
    515: Meaning.SETUP,  # a column we do not know does not take NULL
    544: Meaning.SETUP,  # identity
    916: Meaning.SETUP,  # no access to the other database
    2812: Meaning.SETUP,
    4104: Meaning.SETUP,
    220: Meaning.NO,  # overflow
    241: Meaning.NO,  # not a date
    242: Meaning.NO,
    547: Meaning.NO,  # constraint
    2628: Meaning.NO,  # would be truncated
    8114: Meaning.NO,  # not convertible
    8115: Meaning.NO,  # overflow
    8152: Meaning.NO,  # would be truncated
}
_CERTAIN_AT_COMMIT = {1205, 1222, 3902}
DUPLICATE = {2601, 2627}
ALREADY_EXISTS = 2714
_DEADLY_SEVERITY = 20
_NEXT_STEPS = {
    Meaning.CREDENTIALS: "Correct the connection's host, database, user or password.",
    Meaning.SETUP: "Run `tillbridge check`; compare the tables and the login's rights.",
    Meaning.NO: "Correct the value, or shorten it in the mapping.",
}


def number_of(error: BaseException) -> int:
    """The server's error number; 0 when the server did not answer with one."""
    number = getattr(error, "msg_no", 0)
    return number if isinstance(number, int) else 0


def translated(error: Exception, connection: str, *, committing: bool) -> TillbridgeError:
    """The error for the engine.

    Before COMMIT has been sent nothing can have been kept: the server rolls the transaction back
    with the connection. After it, a missing answer proves nothing.
    """
    if isinstance(error, TillbridgeError):
        return error
    number = number_of(error)
    if not number:
        return _broken(error, connection, committing=committing)
    sent: Sent = "perhaps" if committing and number not in _CERTAIN_AT_COMMIT else "no"
    message = f"{connection}: SQL Server says {number}: {_text(error)}"
    if getattr(error, "severity", 0) >= _DEADLY_SEVERITY or sent == "perhaps":
        return Transient(message, sent=sent, gate=True, reason=f"sql_{number}")
    meaning = _MEANINGS.get(number)
    if meaning is Meaning.BUSY:
        return Transient(message, reason=f"sql_{number}")
    if meaning is Meaning.OUTAGE:
        return Transient(message, gate=True, reason=f"sql_{number}")
    if meaning in (Meaning.CREDENTIALS, Meaning.SETUP):
        reason = "credentials" if meaning is Meaning.CREDENTIALS else f"sql_{number}"
        return Misconfigured(message, reason=reason, next_step=_NEXT_STEPS[meaning])
    if meaning is Meaning.NO:
        return Rejected(message, reason=f"sql_{number}", next_step=_NEXT_STEPS[meaning])
    return Misconfigured(
        f"{message} (an error this connector has no rule for)",
        reason=f"sql_{number}",
        next_step="Report this number; nothing was written.",
    )


def unreachable(error: Exception, connection: str) -> TillbridgeError:
    """The error for a connection that could not be opened."""
    if number_of(error):
        return translated(error, connection, committing=False)
    if isinstance(error, socket.gaierror):
        return Transient(f"{connection}: the host's name is not known.", gate=True, reason="dns")
    return Transient(
        f"{connection}: no connection to the SQL Server ({type(error).__name__}).",
        gate=True,
        reason="refused" if isinstance(error, ConnectionRefusedError) else "connect",
    )


def _broken(error: Exception, connection: str, *, committing: bool) -> TillbridgeError:
    if not committing and not isinstance(error, OSError | pytds.Error):
        raise error  # a bug; the connection is closed, so nothing was kept
    what = "gave no answer in time" if isinstance(error, TimeoutError) else "cut the connection"
    when = "COMMIT was sent" if committing else "anything was committed"
    order = "after" if committing else "before"
    return Transient(
        f"{connection}: the SQL Server {what} {order} {when}.",
        sent="perhaps" if committing else "no",
        gate=True,
        reason="timeout" if isinstance(error, TimeoutError) else "broken",
    )


def _text(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return str(said or getattr(error, "text", "")).strip()
