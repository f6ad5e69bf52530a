"""The statements of statements.sql by name."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def statement(name: str, **parts: str) -> str:
    """One statement; `parts` are what its {braces} stand for: names and lists, never values."""
    return _statements()[name].format(**parts) if parts else _statements()[name]


@cache
def _statements() -> dict[str, str]:
    text = files(__package__).joinpath("statements.sql").read_text("utf-8")
    pieces = _NAME.split(text)[1:]
    return {
        name: " ".join(body.split()) for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    }
