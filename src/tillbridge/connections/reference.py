"""The parts of the reference page of gates that are drawn from the forms.

`python -m tillbridge.connections.reference docs/reference/gates.md` writes them anew.
"""

import sys
from pathlib import Path
from typing import Final

from tillbridge.connections.forms import LIMITS
from tillbridge.mapping.reference import keys_table, redrawn


def refreshed(page: str) -> str:
    """The page with its drawn parts as the forms say now."""
    return redrawn(page, _PARTS)


_PARTS: Final = {"limits": lambda: keys_table(LIMITS)}


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
