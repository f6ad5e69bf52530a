"""Error policies in words: the rows people see, and the parts of the reference page drawn of them.

`python -m tillbridge.connections.error_reference docs/reference/errors.md` writes them anew.
"""

import sys
from pathlib import Path
from typing import Final

from tillbridge.connections.error_forms import ERROR_POLICY
from tillbridge.connections.error_policies import STANDARD, ErrorPolicy
from tillbridge.mapping.reference import keys_table, redrawn

COLUMNS: Final = ("class", "tried again", "gives up after", "whose turn", "next step")


def row_of(policy: ErrorPolicy) -> tuple[str, str, str, str, str]:
    """A policy in words, under COLUMNS."""
    gives_up = _gives_up(policy)
    return (policy.error_class, _tried(policy), gives_up, policy.tell, policy.next_step)


def refreshed(page: str) -> str:
    """The page with its drawn parts as the code says now."""
    return redrawn(page, _PARTS)


def _table() -> str:
    head = "| class | means | tried again | gives up after | whose turn | next step |"
    rows = [
        f"| `{name}` | {STANDARD[policy.error_class].means} | {' | '.join(rest)} |"
        for policy in STANDARD.values()
        for name, *rest in (row_of(policy),)
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows, ""])


def _tried(policy: ErrorPolicy) -> str:
    if policy.course == "gate":
        return "yes: its work waits at the gate and uses no tries"
    if policy.course == "proof":
        return "no: first its outcome is proven"
    if policy.tries == 1:
        return "no: a person has it at once"
    first, longest = _time(policy.wait_s), _time(policy.longest_wait_s)
    return f"yes: {policy.tries} tries, {first} apart, then double, at most {longest}"


def _gives_up(policy: ErrorPolicy) -> str:
    if policy.give_up_after_s:
        return _time(policy.give_up_after_s)
    return "never" if policy.course in ("gate", "proof") else ""


def _time(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:g} s"


_PARTS: Final = {"classes": _table, "keys": lambda: keys_table(ERROR_POLICY)}


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
