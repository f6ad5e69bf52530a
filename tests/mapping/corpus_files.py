"""Texts to edit: nasty ones of our own (`corpus`), and every flow and mapping that is shipped."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tillbridge.mapping.edit import Path as EditPath
from tillbridge.mapping.outline import LINE_BREAK, Outline, Part
from tillbridge.mapping.yaml_text import YamlValue

ROOT = Path(__file__).parents[2]
NASTY = sorted(Path(__file__).with_name("corpus").glob("*.yaml"))
SHIPPED = sorted({path.read_bytes(): path for path in (ROOT / "src").rglob("*.yaml")}.values())
"""Each once: templates share some."""


def content(path: Path) -> str:
    """A file's text with its line breaks as they are."""
    return path.read_bytes().decode()


def name(path: Path) -> str:
    """How a test calls a file."""
    return str(path.relative_to(ROOT))


def lines(text: str) -> list[str]:
    """The lines of a text, breaks included."""
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def paths(value: YamlValue, at: EditPath = ()) -> Iterator[tuple[EditPath, YamlValue]]:
    """Every value with its path, from the outside in."""
    yield at, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*at, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from paths(each, (*at, number))


def one_liners(text: str) -> Iterator[EditPath]:
    """The paths of the texts that are written on one line."""
    outline = Outline(text.removeprefix("\ufeff"))
    waiting: list[tuple[EditPath, Part]] = [((), outline.root)]
    while waiting:
        at, part = waiting.pop()
        for number, member in enumerate(part.members):
            step = number if part.kind == "items" else member.key
            waiting.append(((*at, step), member.value))
        if part.kind == "scalar" and outline.line(part.start) == outline.line(part.end):
            yield at
