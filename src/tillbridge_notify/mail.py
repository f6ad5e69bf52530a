"""The mail server: SMTP, in a thread beside the event loop (RFC 5321).

Until the server has been given the whole message nothing is sent; from then on until its answer it
may be. Sending it again under the same Message-ID is harmless.
"""

import smtplib
import ssl
from email.message import EmailMessage

from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.connector.abilities import Call
from tillbridge_notify.message import recipients
from tillbridge_notify.settings import NotifySettings


def send(settings: NotifySettings, name: str, call: Call, message: EmailMessage) -> None:
    """Hands a message over. Blocks; raises as a write does."""
    left = False
    try:
        with _connected(settings, call.timeout_s) as server:
            call.guard()
            left = True
            server.send_message(message, settings.sender, recipients(settings))
    except (smtplib.SMTPException, OSError) as error:
        raise translated(name, error, left=left) from error


def greet(settings: NotifySettings, name: str, timeout_s: float) -> None:
    """Connects and signs in, and sends nothing."""
    try:
        with _connected(settings, timeout_s) as server:
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        raise translated(name, error, left=False) from error


def _connected(settings: NotifySettings, timeout_s: float) -> smtplib.SMTP:
    if settings.security == "tls":
        tls = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=timeout_s, context=tls
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=timeout_s)
    try:
        if settings.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.user:
            server.login(settings.user, settings.password.value)
    except BaseException:
        server.close()
        raise
    return server


def translated(name: str, error: Exception, *, left: bool) -> TillbridgeError:
    """The error a broken conversation stands for. Answers of 4xx ask to try again, of 5xx say no
    (RFC 5321, 4.2.1); no answer's text is repeated, because it may hold addresses."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Misconfigured(
            f"{name}: the mail server refused the user or the password ({error.smtp_code}).",
            reason="credentials",
            next_step="Correct user and password of the connection.",
        )
    code = _code(error)
    if code is not None and 500 <= code < 600:
        return Rejected(
            f"{name}: the mail server refused the message ({code}).",
            reason="refused",
            next_step="Check sender and recipients of the connection.",
        )
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return Misconfigured(
            f"{name}: the mail server cannot be talked to as security says.",
            reason="bad_setting",
            next_step="Correct security, host or port of the connection.",
        )
    if code is not None:
        return Transient(f"{name}: the mail server is busy ({code}).", gate=True, reason="busy")
    return Transient(
        f"{name}: the mail server does not answer.",
        sent="perhaps" if left else "no",
        gate=True,
        reason="unknown" if left else "not_sent",
    )


def _code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=None)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return None
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
