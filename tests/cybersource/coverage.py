"""Draws docs/reference/cybersource.md from the code: `python -m tests.cybersource.coverage`."""

import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

import tillbridge_cybersource
from tillbridge_cybersource.left_out import NEVER, OUT, SUPERSEDED, why_left_out
from tillbridge_simulators.cybersource.certification import ROWS
from tillbridge_simulators.cybersource.certification.row import Row
from tillbridge_simulators.cybersource.offers import served
from tillbridge_simulators.cybersource.recorded import Operation, recorded

PAGE = Path(__file__).parents[2] / "docs/reference/cybersource.md"
_ROWS_IN = "src/tillbridge_simulators/cybersource/certification"
_NEWER = ("/icc/", "/oauth2/")
_HEAD = """# Which of Cybersource's operations we know

Drawn from the code by `python -m tests.cybersource.coverage`; a test checks that it is drawn anew.

{count} operations are recorded: every method of the official Python client 0.0.80
([decision](../decisions/0031_recorded_index.md)). Without the {newer} that came last, of agents
that shop (`/icc/`) and OAuth's token, they are the 184 that the API reference is counted to have;
whether these are the same 184 by name is not verified, since no list of them is published.

- **connector**: the file of `tillbridge_cybersource` that calls it (its `CALLS`; a test compares
  them with what it really calls). Never called is what would bring a card number here;
  superseded has a later generation that is called; out of scope are payouts, intents, funds that
  are pushed or pulled, agents that shop, and OAuth's token (`left_out.py`).
- **simulator**: the sandbox serves it.
- **tested by**: the file of the certification (`{folder}`)
  that has its row: it is taken, what it changed is read back, and once it is refused. Cybersource's
  own client does every row against the simulator, with HTTP Signature and with JSON Web Tokens
  (`tests/cybersource/test_official_table.py`); `tillbridge certify cybersource` does them against
  a connection.

The connector calls {called}, the simulator serves {served}, and {rowed} have a row. Of the
others {never} are never called, {older} are superseded, and {out} are out of scope.
"""


@cache
def connector_calls() -> Mapping[str, tuple[str, ...]]:
    """By file of the connector, the keys that it says it calls."""
    found = {}
    for module in pkgutil.iter_modules(tillbridge_cybersource.__path__):
        name = f"{tillbridge_cybersource.__name__}.{module.name}"
        calls = getattr(importlib.import_module(name), "CALLS", ())
        if calls:
            found[module.name] = tuple(sorted(calls))
    return found


@cache
def key_of(method: str, path: str) -> str | None:
    """The operation that a request is; None where it is none of the index."""
    plain = path.partition("?")[0]
    fits = [one for one in recorded().operations.values() if _fits(one, method, plain)]
    return min(fits, key=lambda one: one.path.count("{")).key if fits else None


def page() -> str:
    """The whole page."""
    operations = recorded().operations
    callers: dict[str, list[str]] = defaultdict(list)
    for file, keys in connector_calls().items():
        for key in keys:
            callers[key].append(file)
    rows = {key: file_of(row) for row in ROWS for key in row.keys}
    here = set(served())
    left_out = [why_left_out(key, one.path) for key, one in operations.items()]
    head = _HEAD.format(
        count=len(operations),
        newer=sum(one.path.startswith(_NEWER) for one in operations.values()),
        folder=_ROWS_IN,
        called=len(callers),
        served=len(here),
        rowed=len(rows),
        never=left_out.count(NEVER),
        older=left_out.count(SUPERSEDED),
        out=left_out.count(OUT),
    )
    tables = "\n".join(_tables(operations, callers, here, rows))
    return f"{head}\n{tables}"


def file_of(row: Row) -> str:
    """The file that a row stands in; one that is made for several kinds is a partial call."""
    says = getattr(row.says, "func", row.says)
    return str(says.__module__).rpartition(".")[2]


def _tables(
    operations: Mapping[str, Operation],
    callers: Mapping[str, list[str]],
    here: set[str],
    rows: Mapping[str, str],
) -> Iterator[str]:
    for group, kept in groupby(operations.values(), lambda one: one.group):
        every = list(kept)
        yield f"## {group.replace('_', ' ').capitalize()}\n"
        yield "| operation | | connector | simulator | tested by |\n|---|---|---|---|---|"
        for one in every:
            caller = ", ".join(f"`{file}`" for file in callers.get(one.key, ()))
            caller = caller or why_left_out(one.key, one.path) or "no"
            serves = "yes" if one.key in here else "no"
            tested = f"`{rows[one.key]}.py`" if one.key in rows else ""
            yield f"| `{one.name}` | `{one.method} {one.path}` | {caller} | {serves} | {tested} |"
        yield ""


def _fits(operation: Operation, method: str, path: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.path))
    return operation.method == method and re.fullmatch(pattern, path) is not None


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
