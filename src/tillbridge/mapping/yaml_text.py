"""Values written as YAML that the strict reader reads back as the same texts.

A value is a text, a list of values, or values by key. Where a text can be written in several ways
they are offered in turn, and who asked takes the first that means the same where it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tillbridge.mapping.outline import LINE_BREAK

YamlValue: TypeAlias = "str | Sequence[YamlValue] | Mapping[str, YamlValue]"

WIDTH: Final = 100
"""Collections of texts that fit into a line of so many characters are written in one."""
INDENT: Final = "  "

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_PRINTABLE = re.compile(
    "[\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
"""YAML 1.1, 5.1 (c-printable), less the byte order mark."""
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=\S))[^\n]*")
_NEVER_PLAIN = re.compile(r": |:$| #|\t|\s$|[\x85\u2028\u2029]|^(?:---|\.\.\.)")


def scalar_texts(text: str, style: str, *, flow: bool) -> Iterator[str]:
    """Ways to write a text on one line, the given style ("", "'" or '"') first."""
    one_line = _PRINTABLE.fullmatch(text) and not LINE_BREAK.search(text)
    if style == "'" and one_line:
        yield _single(text)
    if style == "" and one_line and _is_plain(text, flow=flow):
        yield text
    yield _double(text)


def member_lines(key: str | None, value: YamlValue, room: int) -> list[str]:
    """A member of entries (or, without a key, of a list) as lines of a block.

    The first line begins with the key or the dash; `room` is how wide a line may be.
    """
    lead = "-" if key is None else f"{_key(key)}:"
    if isinstance(value, str) or not value or _fits(value, room - len(lead) - 1):
        return [f"{lead} {flow_text(value, flow=False)}"]
    inner = block_lines(value, room - len(INDENT))
    if key is None:
        return [f"- {inner[0]}", *(INDENT + line for line in inner[1:])]
    return [lead, *(INDENT + line for line in inner)]


def block_lines(value: YamlValue, room: int) -> list[str]:
    """A collection that is not empty as lines of a block."""
    if isinstance(value, Mapping):
        return [line for key, each in value.items() for line in member_lines(key, each, room)]
    return [line for each in value for line in member_lines(None, each, room)]


def flow_text(value: YamlValue, *, flow: bool = True) -> str:
    """A value on one line; `flow` says that it stands in brackets."""
    if isinstance(value, str):
        return next(scalar_texts(value, "", flow=flow))
    if isinstance(value, Mapping):
        inside = ", ".join(entry_text(key, each) for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return f"[{', '.join(flow_text(each) for each in value)}]"


def entry_text(key: str, value: YamlValue) -> str:
    """A key and its value in braces."""
    return f"{_key(key)}: {flow_text(value)}"


def key_texts(key: str, style: str) -> Iterator[str]:
    """Ways to write a key, the given style first."""
    if style == "'":
        yield _single(key)
    elif style == "" and _key(key) == key:
        yield key
    yield _double(key)


def _fits(value: YamlValue, room: int) -> bool:
    """Texts only, and short: a rule such as { from: ..., when: ... }."""
    inside = value.values() if isinstance(value, Mapping) else value
    return all(isinstance(each, str) for each in inside) and len(flow_text(value)) <= room


def _key(key: str) -> str:
    return key if key != "<<" and _is_plain(key, flow=True) else _double(key)


def _is_plain(text: str, *, flow: bool) -> bool:
    if not _PLAIN.fullmatch(text) or _NEVER_PLAIN.search(text):
        return False
    return not flow or not re.search(r"[,\[\]{}]|:(?!\S)|\?", text)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _PRINTABLE.fullmatch(character) and not LINE_BREAK.fullmatch(character):
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
