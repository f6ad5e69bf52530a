"""A channel to people: it writes the document `notification`."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, CheckLine, Receipt, Write
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.http import Http
from tillbridge_notify import mail
from tillbridge_notify.message import KIND, SHAPE, email, recipients, webhook_body
from tillbridge_notify.settings import NotifySettings


class NotifySession:
    """One channel. Telling something again under the same key is harmless, and is done."""

    def __init__(self, settings: NotifySettings, opening: Opening) -> None:
        self._settings = settings
        self._name = opening.connection
        self._threads = asyncio.Semaphore(opening.threads_max)
        _expect_complete(settings, opening.connection)
        parts = urlsplit(settings.url.value)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._http = Http(
            f"{parts.scheme}://{parts.netloc}", name=opening.connection, permits=opening.permits
        )

    @property
    def writes(self) -> Mapping[str, Write]:
        tell = self._post if self._settings.channel == "webhook" else self._mail
        return {KIND: Write(SHAPE, "natural_key", tell)}

    async def check(self, call: Call) -> Sequence[CheckLine]:
        """E-mail: connects and signs in. A webhook cannot be tried without telling something."""
        if self._settings.channel == "webhook":
            if not self._settings.url.value:
                missing = self._no_address()
                return [CheckLine(missing.message, passed=False, next_step=missing.next_step)]
            title = f"Webhook address at {urlsplit(self._settings.url.value).hostname}"
            return [CheckLine(title, passed=True, detail="It is an address; nothing was sent.")]
        title = f"Mail server {self._settings.host}:{self._settings.port}"
        try:
            await self.probe(call)
        except TillbridgeError as error:
            step = error.next_step or "Check host, port and security."
            return [CheckLine(title, passed=False, detail=error.message, next_step=step)]
        return [CheckLine(title, passed=True, detail="It lets us in.")]

    async def probe(self, call: Call) -> None:
        """Whether the mail server lets us in; a webhook has nothing to ask."""
        if self._settings.channel == "email":
            async with self._threads:
                await asyncio.to_thread(mail.greet, self._settings, self._name, call.timeout_s)

    async def close(self) -> None:
        await self._http.close()

    async def _post(self, call: Call, fields: Fields) -> Receipt:
        if not self._settings.url.value:
            raise self._no_address()
        headers = {"content-type": "application/json", "idempotency-key": call.key}
        if self._settings.token.value:
            headers["authorization"] = f"Bearer {self._settings.token.value}"
        body = webhook_body(call, fields)
        try:
            reply = await self._http.request(
                call, "POST", self._path, headers=headers, body=body, write=True
            )
        except Transient as error:  # the address is a secret: its path stands in the message
            raise Transient(
                f"{self._name}: the webhook does not answer.",
                wait_s=error.wait_s,
                sent=error.sent,
                gate=error.gate,
                reason=error.reason,
            ) from None
        message = f"{self._name}: the webhook answered {reply.status}."
        if reply.status == 429:
            raise Transient(
                message, wait_s=reply.wait_s, sent="no", gate=True, reason="rate_limited"
            )
        outcome = classify(BreakPoint.ANSWERED, reply.status, write=True)
        if outcome is not Outcome.DONE:
            raise error_for(outcome, message, reply.wait_s)
        return self._told(call)

    async def _mail(self, call: Call, fields: Fields) -> Receipt:
        message = email(self._settings, call, fields)
        async with self._threads:
            await asyncio.to_thread(mail.send, self._settings, self._name, call, message)
        return self._told(call)

    def _no_address(self) -> Misconfigured:
        """The address is a secret, so a folder without its secrets opens; it tells nobody."""
        return _bad(self._name, "there is no webhook address", "url")

    def _told(self, call: Call) -> Receipt:
        return Receipt((ExternalReference(self._name, KIND, call.key),), {"status": "told"})


def _expect_complete(settings: NotifySettings, connection: str) -> None:
    if settings.channel == "webhook":
        parts = urlsplit(settings.url.value)
        if not settings.url.value:
            return
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise _bad(connection, "the webhook address is not an http(s) address", "url")
    elif not settings.host:
        raise _bad(connection, "there is no mail server", "host")
    elif "@" not in settings.sender:
        raise _bad(connection, "there is no sender's address", "sender")
    elif not recipients(settings) or any("@" not in each for each in recipients(settings)):
        raise _bad(connection, "the recipients are not addresses", "recipients")


def _bad(connection: str, message: str, name: str) -> Misconfigured:
    return Misconfigured(
        f"{connection}: {message}.", reason="bad_setting", next_step=f"Set {name}."
    )


def _open(settings: NotifySettings, opening: Opening) -> NotifySession:
    return NotifySession(settings, opening)


CONNECTOR = Connector(name="notify", title="Notifications", settings=NotifySettings, open=_open)
