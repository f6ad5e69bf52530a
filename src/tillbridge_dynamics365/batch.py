"""$batch: one POST with a change set that is all or nothing, and reads after it.

Source: learn.microsoft.com, "Execute batch operations using the Web API". JSON has no raw line
breaks, so a boundary line cannot occur inside a part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tillbridge.canonical.codec import encode_numbers, read_json
from tillbridge.canonical.errors import Transient
from tillbridge_dynamics365.errors import read_refusal

BATCH_TYPE = "multipart/mixed; boundary=batch_tillbridge"

_BATCH = b"--batch_tillbridge"
_CHANGES = b"--changes_tillbridge"
_CHANGES_HEAD = b"\r\nContent-Type: multipart/mixed; boundary=changes_tillbridge\r\n\r\n"
_PART_HEAD = b"\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch; `path` is relative to the API's root."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Writes that happen all or not at all."""

    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The answer to one part; a change set has one: the first refusal, or 204."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The refusal's code, "" when there is none."""
        return "" if self.done else read_refusal(self.body)[0]

    @property
    def wait_s(self) -> float | None:
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdigit() else None

    def row(self) -> dict[str, Any]:
        """The body as JSON: a row, or an answer with rows in `value`."""
        row = read_json(self.body)
        assert isinstance(row, dict), "an answer of the Web API is an object"
        return row


def write_batch(root: str, parts: Sequence[Part | ChangeSet]) -> bytes:
    """The body of a batch; `root` is the path of the API ("/api/data/v9.2/")."""
    out: list[bytes] = []
    for part in parts:
        out.append(_BATCH)
        if isinstance(part, Part):
            _write_part(out, root, part, 0)
            continue
        out.append(_CHANGES_HEAD)
        for number, change in enumerate(part.parts, 1):
            out.append(_CHANGES)
            _write_part(out, root, change, number)
        out.append(_CHANGES + b"--\r\n")
    out.append(_BATCH + b"--\r\n")
    return b"".join(out)


def read_batch(content_type: str, body: bytes, asked: int) -> list[PartAnswer]:
    """The answers in order.

    Raises:
        Transient: it is not a batch's answer, or some answers are missing: the writes in it may
            have happened.
    """
    answers = [_read_part(content) for content in _split(content_type, body)]
    if len(answers) != asked:
        raise Transient(
            f"The batch of {asked} parts was answered with {len(answers)}.",
            sent="perhaps",
            reason="bad_batch",
        )
    return answers


def _write_part(out: list[bytes], root: str, part: Part, number: int) -> None:
    out.append(_PART_HEAD)
    if number:
        out.append(b"Content-ID: %d\r\n" % number)
    lines = [f"\r\n{part.method} {root}{part.path} HTTP/1.1\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in part.headers.items()]
    if part.body is None:
        out.append(("".join(lines) + "Accept: application/json\r\n\r\n\r\n").encode())
        return
    lines.append("Content-Type: application/json; type=entry\r\n\r\n")
    out.append("".join(lines).encode())
    out.append(encode_numbers(part.body))
    out.append(b"\r\n")


def _split(content_type: str, body: bytes) -> list[bytes]:
    _, found, boundary = content_type.partition("boundary=")
    if not found:
        return []
    line = b"--" + boundary.partition(";")[0].strip().strip('"').encode()
    chunks = body.split(line)[1:]
    return [chunk for chunk in chunks if not chunk.startswith(b"--")]


def _read_part(content: bytes) -> PartAnswer:
    head, _, rest = content.lstrip(b"\r\n").partition(b"\r\n\r\n")
    headers = _read_headers(head)
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/mixed"):
        inner = [_read_part(part) for part in _split(kind, rest)]
        return next((answer for answer in inner if not answer.done), PartAnswer(204))
    head, _, text = rest.partition(b"\r\n\r\n")
    status_line, _, lines = head.partition(b"\r\n")
    words = status_line.split()
    if len(words) < 2 or not words[1].isdigit():
        raise Transient(
            "A part of the batch's answer has no status.", sent="perhaps", reason="bad_batch"
        )
    return PartAnswer(int(words[1]), _read_headers(lines), text.strip())


def _read_headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
