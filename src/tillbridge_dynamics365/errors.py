"""Refusals of the Web API and of its sign-in, as what has to be done about them.

Codes: learn.microsoft.com, "Web service error codes", "Service protection API limits" and
"Compose HTTP requests and handle errors" (2026).
"""

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    Sent,
    TillbridgeError,
    Transient,
)
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for

ROW_MISSING = "0x80040217"
DUPLICATE_KEY = "0x80040237"
VERSION_MISMATCH = "0x80060882"
KEY_NOT_ACTIVE = "0x80060891"

_LIMITS = {"0x80072321", "0x80072322", "0x80072326"}
_ROLLED_BACK = {"0x80044150", "0x80044151", "0x80040216"}
"""SQL deadlock, SQL time-out and the "unexpected error" of fresh metadata: worth a repeat."""
_PRIVILEGES = {"0x80040220", "0x80048306", "0x80048405"}
_NAMES = {"0x80060888", "0x80048d19", "0x8004431a"}
"""An address, a property or a prefix that the organization does not know."""

KEY_WAIT_S = 10.0


def read_refusal(body: bytes) -> tuple[str, str]:
    """Code and message of an error body; both empty when it is not one (gateways send HTML)."""
    try:
        answer = read_json(body)
    except Rejected:
        return "", ""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return "", ""
    message = str(error.get("message", ""))
    inner = error.get("innererror")
    if isinstance(inner, dict) and inner.get("message") not in (None, "", message):
        message = f"{message} {inner['message']}"
    return str(error.get("code", "")).lower(), message.strip()


def refusal(
    what: str, status: int, body: bytes, *, wait_s: float | None, write: bool
) -> TillbridgeError:
    """The error for an answer that is not 2xx. `what` names the connection and the call."""
    code, message = read_refusal(body)
    said = f"{what} was refused with {status} {code}: {message or 'no explanation'}".rstrip(".")
    known = _by_code(code, status, f"{said}.", wait_s, write=write)
    if known is not None:
        return known
    if status in (401, 403):
        return Misconfigured(
            f"{said}.",
            reason="credentials",
            next_step="Correct the connection's credentials and the application user's role.",
        )
    if status == 429:
        # A 429 is given before anything is executed ("Service protection API limits").
        return Transient(f"{said}.", wait_s=wait_s, sent="no", gate=True, reason="rate_limited")
    outcome = classify(BreakPoint.ANSWERED, status, write=write)
    if outcome in (Outcome.BUSY, Outcome.UNKNOWN):
        return error_for(outcome, f"{said}.", wait_s)
    return Rejected(
        f"{said}.",
        reason=code or "refused",
        next_step="Correct the document, or the rule in Dynamics that refuses it.",
    )


def sign_in_refusal(connection: str, status: int, body: bytes) -> TillbridgeError:
    """The error for a token that was not given. Nothing of the request is repeated in it."""
    if status == 429 or status >= 500:
        return Transient(
            f"{connection}: the sign-in answered {status}.",
            sent="no",
            gate=True,
            reason="rate_limited" if status == 429 else "busy",
        )
    try:
        answer = read_json(body)
    except Rejected:
        answer = {}
    said = str(answer.get("error_description", "")) if isinstance(answer, dict) else ""
    first_line = said.splitlines()[0] if said else "no explanation"
    return Misconfigured(
        f"{connection}: the sign-in was refused with {status}: {first_line}",
        reason="credentials",
        next_step="Correct the tenant, the client id or the client secret.",
    )


def _by_code(
    code: str, status: int, said: str, wait_s: float | None, *, write: bool
) -> TillbridgeError | None:
    if code in _LIMITS:
        return Transient(said, wait_s=wait_s, sent="no", gate=True, reason="rate_limited")
    if code in _ROLLED_BACK:
        sent: Sent = "perhaps" if write and status >= 500 else "no"
        return Transient(said, wait_s=wait_s, sent=sent, reason="busy")
    if code == KEY_NOT_ACTIVE:
        return Transient(
            said,
            wait_s=KEY_WAIT_S,
            sent="no",
            gate=True,
            reason="key_not_active",
            next_step="Run `tillbridge check`: an alternate key is missing or still being built.",
        )
    if code in _PRIVILEGES:
        return Misconfigured(
            said,
            reason="privilege",
            next_step="Give the application user's security role that privilege.",
        )
    if code in _NAMES:
        return Misconfigured(
            said,
            reason="unknown_name",
            next_step="Run `tillbridge provision`, or correct the name in the mapping.",
        )
    if code == DUPLICATE_KEY:
        return Rejected(
            said,
            reason="duplicate",
            next_step="Look for the row with that key in Dynamics: keep one of the two.",
        )
    if code == ROW_MISSING:
        return Rejected(
            said, reason="not_found", next_step="Look for the row in Dynamics; was it deleted?"
        )
    return None
