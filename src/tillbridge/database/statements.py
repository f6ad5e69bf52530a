"""Named SQL statements, kept in .sql files beside the room that owns the tables.

A file holds blocks that start with `-- name: the_name`; comments after it belong to the block.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def load_statements(package: str, file: str) -> Mapping[str, str]:
    """The statements of one file by name, as in ("tillbridge.runs", "runs.sql").

    Two statements of one name, or text before the first name that is not a comment, is a bug.
    """
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    preamble, *parts = _NAME.split(text)
    assert all(line.startswith("--") or not line.strip() for line in preamble.splitlines()), file
    names, bodies = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), f"{file} names a statement twice"
    return MappingProxyType(
        {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
    )
