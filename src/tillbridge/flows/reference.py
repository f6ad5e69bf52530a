"""The parts of the reference page of flows that are drawn from the forms.

`python -m tillbridge.flows.reference docs/reference/flows.md` writes them anew.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tillbridge.flows.forms import CHANGES, FILE, FLOW, INPUT, SCHEDULE, WINDOW
from tillbridge.flows.step_forms import ON_ERROR, STEP_KINDS, TOTAL
from tillbridge.mapping.form import Form
from tillbridge.mapping.reference import keys_table, redrawn


def refreshed(page: str) -> str:
    """The page with its drawn parts as the forms say now."""
    return redrawn(page, _PARTS)


def section(form: Form) -> str:
    """Everything about one form: what it is, its fields, what it gives, an example."""
    parts = [f"### {form.name}\n\n{form.about}\n", keys_table(form)]
    for names in form.one_of:
        shown = [f"`{name}`" for name in names]
        parts.append(f"Exactly one of {', '.join(shown[:-1])} and {shown[-1]}.\n")
    if form.gives:
        parts.append(f"Later steps read {form.gives}.\n")
    if form.example:
        parts.append(f"```yaml\n{form.example}```\n")
    return "\n".join(parts)


def _sections(forms: Iterable[Form]) -> str:
    return "\n" + "\n".join(section(form) for form in forms)


_PARTS: Final = {
    "flow": lambda: keys_table(FLOW),
    "triggers": lambda: _sections((SCHEDULE, FILE, CHANGES, WINDOW, INPUT)),
    "steps": lambda: _sections((*STEP_KINDS, TOTAL)),
    "on_error": lambda: keys_table(ON_ERROR),
}


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
