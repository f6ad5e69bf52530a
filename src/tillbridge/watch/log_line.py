"""A log entry as one line, of text or of JSON, with what it is about and nothing secret.

{"at": "2026-03-02T10:15:00.123456+00:00", "level": "warning", "process": "worker 4711",
 "logger": "tillbridge.watch.abilities", "message": "send sales_order at dynamics: unknown ...",
 "order": "1042", "run": 17, "connection": "dynamics", ...}
"""

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.codec import encode
from tillbridge.connector.correlation import current

SECRET_LENGTH_MIN = 6
"""A shorter value would cover half of every line; nobody who has such a secret has one."""
PART_LENGTH_MIN = 16
"""A secret may be a list of several (`id:key, id:key`); parts so long are covered each."""
COVERED = "[secret]"
_SEPARATORS = re.compile(r"[\s,;:]+")
_TOKENS = re.compile(
    r"(?i:\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"
    r"|\btillbridge_[\w-]{8,}"
    r"|\beyJ[\w-]{6,}\.[\w-]+\.?[\w-]*",
    re.ASCII,
)
"""What goes by the name of a token: HTTP credentials, operators' tokens, JSON web tokens."""
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Secrecy:
    """What may be in no line: the secrets of this process, tokens, card numbers."""

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def hide(self, secrets: Iterable[str]) -> None:
        """From now on these values are covered as well."""
        for value in secrets:
            parts = [part for part in _SEPARATORS.split(value) if len(part) >= PART_LENGTH_MIN]
            self._secrets |= {one for one in (value, *parts) if len(one) >= SECRET_LENGTH_MIN}
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )

    def cover(self, text: str) -> str:
        """The text without what may not be in it."""
        if self._pattern is not None:
            text = self._pattern.sub(COVERED, text)
        return mask(_TOKENS.sub(COVERED, text))


def hide(secrets: Iterable[str]) -> None:
    """From now on these values are covered in all lines of this process."""
    known = tuple(secrets)
    for stream in logging.getLogger().handlers:
        if isinstance(stream.formatter, Line):
            stream.formatter.secrecy.hide(known)


class Line(logging.Formatter):
    """An entry as one line."""

    def __init__(self, role: str, *, json: bool, secrecy: Secrecy) -> None:
        super().__init__()
        self._role = role
        self._json = json
        self.secrecy = secrecy

    def format(self, record: logging.LogRecord) -> str:
        correlation = current()
        about: dict[str, Any] = {}
        if correlation.subject:
            about["order"] = correlation.subject
        if correlation.run:
            about["run"] = correlation.run
        extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        about |= {name: value for name, value in extra.items() if value not in ("", None)}
        message = record.getMessage()
        trouble = self.formatException(record.exc_info) if record.exc_info else ""
        if self._json:
            return self._as_json(record, message, trouble, about)
        return self._as_text(record, message, trouble, about)

    def _as_json(
        self, record: logging.LogRecord, message: str, trouble: str, about: dict[str, Any]
    ) -> str:
        content: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "process": f"{self._role} {record.process}",
            "logger": record.name,
            "message": self.secrecy.cover(message),
        }
        for name, value in about.items():
            content[name] = (
                value if isinstance(value, int | float) else self.secrecy.cover(str(value))
            )
        if trouble:
            content["exception"] = self.secrecy.cover(trouble)
        return encode(content).decode()

    def _as_text(
        self, record: logging.LogRecord, message: str, trouble: str, about: dict[str, Any]
    ) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(" ", "milliseconds")
        known = {name: about[name] for name in ("order", "run") if name in about}
        told = "".join(f" {name}={value}" for name, value in known.items())
        head = f"{at} {self._role} {record.process} {record.levelname} {record.name}{told}"
        return self.secrecy.cover(f"{head}: {message}" + (f"\n{trouble}" if trouble else ""))
