"""The parts of the reference page that are drawn from the code: functions and names.

`python -m tillbridge.mapping.reference docs/reference/mapping.md` writes them anew.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tillbridge.mapping.form import Form
from tillbridge.mapping.functions import FUNCTIONS
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ValueType, present

_DRAWN: Final = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(page: str) -> str:
    """The page with its drawn parts as the code says now."""
    return redrawn(page, _PARTS)


def redrawn(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """A page with its drawn parts drawn anew, each by the name it has in the page."""
    return _DRAWN.sub(lambda part: part[1] + parts[part[2]]() + part[3], page)


def keys_table(form: Form) -> str:
    """The fields of a form: what may stand there, and what holds when nothing does."""
    rows = [
        f"| `{key.name}` | {key.value} | {key.about} |"
        f" {'required' if key.required else f'`{key.default}`' if key.default else ''} |"
        for key in form.keys
    ]
    return "\n".join(["| field | takes | means | default |", "|---|---|---|---|", *rows, ""])


def functions_table() -> str:
    """Every function, what it gives, and an example that is true."""
    rows = [
        f"| `{function}` | {function.about} | `{function.example.replace('|', chr(92) + '|')}` |"
        for function in FUNCTIONS.values()
    ]
    return "\n".join(["| call | gives | an example that is true |", "|---|---|---|", *rows, ""])


def names_table() -> str:
    """Everything a mapping can read of an event, with its type."""
    rows: list[str] = []
    for name, kind in event_scope().items():
        rows += _rows(name, kind, without=("event.data",))
    return "\n".join(["| name | type |", "|---|---|", *rows, ""])


def _rows(name: str, kind: ValueType, *, without: tuple[str, ...] = ()) -> list[str]:
    if name in without:
        return []
    if kind.sort == "list" and kind.of is not None and kind.of.sort == "record":
        inner = [row for part in kind.of.fields.items() for row in _rows(*_below(name, part))]
        return [f"| `{name}` | list |", *inner]
    if kind.sort != "record":
        return [f"| `{name}` | {_told(kind)} |"]
    rows = [f"| `{name}` | group, or null |"] if kind.optional else []
    for field, below in kind.fields.items():
        rows += _rows(f"{name}.{field}", below, without=without)
    return rows


def _below(name: str, part: tuple[str, ValueType]) -> tuple[str, ValueType]:
    return f"{name}[0].{part[0]}", part[1]


def _told(kind: ValueType) -> str:
    if kind.sort == "dictionary":
        return "texts by any name" + ("; one that is not there is empty" if kind.lenient else "")
    told = str(present(kind))
    if kind.options:
        told = f"text: {', '.join(kind.options)}"
    return f"{told}, or null" if kind.optional else told


_PARTS: Final = {"functions": functions_table, "names": names_table}


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
