"""Values as YAML that our reader reads back as the same texts."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Value]"

LINE_WIDTH = 96
_PLAIN = re.compile(r"[A-Za-z0-9<][A-Za-z0-9 _./<>@+()&;'’é-]*", re.ASCII)
_WORDS = ("null", "~", "")


def yaml_of(value: Any, indent: int = 0) -> str:
    """The lines of a value; entries and lists that fit a line stand in one."""
    return "\n".join(_lines(value, indent)) + "\n"


def scalar(text: str) -> str:
    """A text as it stands in YAML: plain where that is safe."""
    safe = _PLAIN.fullmatch(text) and not text.endswith(" ") and text.lower() not in _WORDS
    return text if safe else json.dumps(text, ensure_ascii=False)


def _lines(value: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named(f"{pad}{scalar(str(name))}:", inner, indent)
    else:
        for item in value:
            flat = _flat(item)
            if isinstance(item, Mapping) and len(item) == 1:
                flat = ""
            if isinstance(item, str) or (flat and len(pad) + len(flat) + 2 <= LINE_WIDTH):
                yield f"{pad}- {flat}"
                continue
            block = list(_lines(item, indent + 2))
            yield f"{pad}- {block[0][indent + 2 :]}"
            yield from block[1:]


def _named(name: str, value: Any, indent: int) -> Iterator[str]:
    flat = _flat(value)
    if isinstance(value, str) or (flat and len(name) + len(flat) + 1 <= LINE_WIDTH):
        yield f"{name} {flat}"
        return
    yield name
    yield from _lines(value, indent + 2)


def _flat(value: Any) -> str:
    """The value on one line; "" when it has more than one level."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        if any(not isinstance(inner, str) for inner in value.values()):
            return ""
        inside = (f"{_key(str(name))}: {_in_flow(inner)}" for name, inner in value.items())
        return "{ " + ", ".join(inside) + " }"
    return "[]" if not value else ""


def _key(name: str) -> str:
    return scalar(name)


def _in_flow(text: str) -> str:
    """Within braces a comma or a bracket would end the text."""
    return scalar(text)
