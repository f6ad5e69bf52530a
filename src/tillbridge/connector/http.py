"""One pooled HTTP client for a connection, behind one seam.

aiohttp stands behind it (docs/decisions). What callers get: the guard is asked at the last moment
before bytes leave, every break knows whether bytes had left, nothing is sent twice, secrets
are never in a message, and answers over `ANSWER_MAX_BYTES` are refused.
"""

import asyncio
import contextvars
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from tillbridge.canonical.errors import Misconfigured, Place, TillbridgeError, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.breaks import BreakPoint, classify, error_for
from tillbridge.connector.correlation import current
from tillbridge.connector.permits import Permits, Unlimited

CONNECT_TIMEOUT_S = 3.0
KEEP_ALIVE_S = 4.0
"""Shorter than the keep-alive of common servers (5 s and more), so that a POST seldom meets a
connection that the other side is just closing."""
ANSWER_MAX_BYTES = 64 * 1024 * 1024
WAIT_MAX_S = 86_400.0
"""Nobody waits for longer than a day because of a header."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def wait_s(self) -> float | None:
        """Seconds asked for by Retry-After, as a number or as a date by the server's own clock.

        At most `WAIT_MAX_S`: whoever asks for more is looked at again before. None where it says
        nothing that can be read.
        """
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdigit():
            return min(float(value), WAIT_MAX_S)
        until_s = _seconds_of(value)
        if until_s is None:
            return None
        now_s = self.date_s()
        left_s = until_s - (time.time() if now_s is None else now_s)
        return min(max(left_s, 0.0), WAIT_MAX_S)

    def date_s(self) -> float | None:
        """The server's own clock from the Date header, seconds since the epoch; None when it says
        none that can be read."""
        return _seconds_of(self.headers.get("date", ""))


@dataclass(frozen=True, slots=True)
class Stream:
    """An HTTP answer whose body is still on its way; header names are lower case.

    Attributes:
        chunks: the body, piece by piece, as fast as it is taken; raises Transient when it breaks
            off. It can be gone through once, while the stream is open.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class _Departure:
    """Whether one call's bytes have left, and what may still stop them."""

    __slots__ = ("guard", "left")

    def __init__(self, guard: Callable[[], None]) -> None:
        self.guard = guard
        self.left = False


_DEPARTURE: contextvars.ContextVar[_Departure] = contextvars.ContextVar("departure")


class _GuardedRequest(aiohttp.ClientRequest):
    """Asks the guard after a connection was got and right before bytes are written."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        departure = _DEPARTURE.get()
        departure.guard()
        departure.left = True
        return await super().send(conn)


class Http:
    """Calls to one base address. Open it once a connection; close it at the end."""

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        connections_max: int = 100,
        tls: ssl.SSLContext | None = None,
        permits: Permits | None = None,
    ) -> None:
        """`name` is the connection's name, for messages; `tls` trusts a private authority;
        `permits` are those of the opening: each request takes one."""
        self._base_url = base_url.rstrip("/")
        self._name = name
        self._connections_max = connections_max
        self._tls = tls
        self._permits = permits or Unlimited()
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        write: bool = False,
    ) -> Reply:
        """Any complete answer, whatever its status.

        `path` starts with "/" and is already percent-encoded. `write` says whether repeating the
        call could do harm: it decides how a break is classed.

        Raises:
            Transient: no complete answer; `sent` says whether the other side may have acted.
        """
        await self._permits.take()
        departure = _Departure(call.guard)
        token = _DEPARTURE.set(departure)
        watcher, status, began = current().watcher, 0, time.monotonic()
        try:
            reply = await self._exchange(call, method, path, watcher.headers(headers), body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            point = _break_point(error, departure.left)
            raise self._broke_off(method, path, point, write=write) from error
        else:
            status = reply.status
            return reply
        finally:
            _DEPARTURE.reset(token)
            took_s = time.monotonic() - began
            self._permits.ended(took_s)
            watcher.answered(self._name, method, status, took_s)

    @asynccontextmanager
    async def stream(
        self, call: Call, path: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Stream]:
        """A GET whose answer may be larger than memory: of its body only a piece is here.

        `call.timeout_s` is how long the next piece may take, not the whole.

        Raises:
            Transient: no answer.
        """
        await self._permits.take()
        watcher, status, began = current().watcher, 0, time.monotonic()
        try:
            answer = await self._ask(call, path, watcher.headers(headers))
            status = answer.status
            async with answer:
                found = {name.lower(): value for name, value in answer.headers.items()}
                yield Stream(status, found, self._chunks(path, answer))
        finally:
            took_s = time.monotonic() - began
            self._permits.ended(took_s)
            watcher.answered(self._name, "GET", status, took_s)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self,
        call: Call,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> Reply:
        timeout = aiohttp.ClientTimeout(
            total=call.timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, call.timeout_s)
        )
        async with self._open().request(
            method,
            URL(self._base_url + path, encoded=True),
            headers=headers,
            data=body,
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            content = await answer.content.read(ANSWER_MAX_BYTES + 1)
            while content and not answer.content.at_eof() and len(content) <= ANSWER_MAX_BYTES:
                content += await answer.content.read(ANSWER_MAX_BYTES + 1)
            if len(content) > ANSWER_MAX_BYTES:
                raise Transient(f"{self._name}: the answer is over 64 MiB.", sent="perhaps")
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, found, content)

    async def _ask(
        self, call: Call, path: str, headers: Mapping[str, str] | None
    ) -> aiohttp.ClientResponse:
        connect_s = min(CONNECT_TIMEOUT_S, call.timeout_s)
        timeout = aiohttp.ClientTimeout(sock_connect=connect_s, sock_read=call.timeout_s)
        departure = _Departure(call.guard)
        token = _DEPARTURE.set(departure)
        try:
            return await self._open().get(
                URL(self._base_url + path, encoded=True),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._broke_off("GET", path, _break_point(error, departure.left)) from error
        finally:
            _DEPARTURE.reset(token)

    async def _chunks(self, path: str, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._broke_off("GET", path, _break_point(error, left=True)) from error

    def _broke_off(
        self, method: str, path: str, point: BreakPoint, *, write: bool = False
    ) -> TillbridgeError:
        outcome = classify(point, write=write)
        broke = f"{self._name}: {method} {path.partition('?')[0]} broke: {point.value}."
        return error_for(outcome, broke)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections_max,
                keepalive_timeout=KEEP_ALIVE_S,
                ssl=self._tls if self._tls is not None else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                request_class=_GuardedRequest,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
            )
            # aiohttp sends a PUT or DELETE whose connection broke once more by itself: whether a
            # call is sent again is the engine's to decide. Its own test client does the same.
            self._session._retry_connection = False
        return self._session


def _seconds_of(value: str) -> float | None:
    """An HTTP date as seconds since the epoch; None for what is none."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def trust_in(authority_path: str, setting: str) -> ssl.SSLContext | None:
    """What `Http` takes as `tls`: trust in a private authority; None for "": the public ones.

    Raises:
        Misconfigured: the file that `setting` names cannot be read, or holds no certificate.
    """
    if not authority_path:
        return None
    try:
        return ssl.create_default_context(cafile=authority_path)
    except OSError as error:
        raise Misconfigured(
            f"The certificate authority file {authority_path!r} cannot be read: {error}.",
            reason="bad_setting",
            place=Place(field=setting),
            next_step="Correct the path; the file must hold PEM certificates.",
        ) from error


def _break_point(error: Exception, left: bool) -> BreakPoint:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return BreakPoint.DNS
    if isinstance(error, aiohttp.ClientConnectorSSLError | aiohttp.ClientConnectorCertificateError):
        return BreakPoint.TLS
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return BreakPoint.CONNECT_TIMEOUT
    if isinstance(error, aiohttp.ClientConnectorError):
        return BreakPoint.REFUSED
    if not left:
        return BreakPoint.CONNECT_TIMEOUT
    if isinstance(error, asyncio.TimeoutError):
        return BreakPoint.TIMEOUT
    return BreakPoint.AFTER_BYTES
