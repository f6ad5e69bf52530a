"""Bodies that are files: multipart/form-data, read strictly.

Source: RFC 7578 and RFC 2046, section 5.1; the official clients' MultipartHelpers, which name a
part by its file and give it no content type. The digest of such a request is of the whole body.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tillbridge_simulators.cybersource.answers import Refusal

_KIND = "multipart/form-data"
_BOUNDARY = re.compile(r'(?i)\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))')
_FILE_NAME = re.compile(r'(?i)\bfilename="([^"]*)"')
_DISPOSITION = "content-disposition"


@dataclass(frozen=True, slots=True)
class SentFile:
    """One part that has a file's name."""

    name: str
    content: bytes


def files_of(body: bytes, content_type: str) -> list[SentFile]:
    """The files of a body, in their order. Raises Refusal for what is no such body."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith(_KIND) or found is None:
        raise Refusal("INVALID_DATA", ["Content-Type"])
    boundary = b"--" + (found[1] or found[2]).encode()
    return [
        SentFile(named[1], content)
        for head, content in _parts(body, boundary)
        if (named := _FILE_NAME.search(head.get(_DISPOSITION, "")))
    ]


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[Mapping[str, str], bytes]]:
    """Head and content of each part, between the first boundary and the last."""
    opening, *parts = (b"\r\n" + body).split(b"\r\n" + boundary)
    if opening or not parts or not parts.pop().startswith(b"--"):
        raise Refusal("INVALID_DATA", ["file"])
    for part in parts:
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank or not head.startswith(b"\r\n"):
            raise Refusal("INVALID_DATA", ["file"])
        yield _head(head), content


def _head(head: bytes) -> Mapping[str, str]:
    lines = head.decode("utf-8", "replace").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
