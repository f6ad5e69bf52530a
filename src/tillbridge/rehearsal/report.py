"""What `tillbridge test` says: a table of tests, their differences, and the coverage."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.mapping.examples import ExampleResult
from tillbridge.rehearsal.coverage import Covered
from tillbridge.rehearsal.differences import Difference
from tillbridge.rehearsal.verdict import Judged

UNTAKEN_MAX = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One test, as it is reported.

    Attributes:
        judged: None when it could not be judged; then `error` says why.
        example: of a mapping; then there is nothing to judge.
    """

    path: str
    name: str
    took_s: float
    judged: Judged | None
    error: TillbridgeError | None = None
    example: ExampleResult | None = None

    @property
    def passed(self) -> bool:
        if self.example is not None:
            return self.example.passed
        return self.judged is not None and self.judged.passed

    @property
    def sentences(self) -> list[str]:
        """What is wrong, one sentence each."""
        if self.example is not None:
            return [f"{self.example.place}: {one}" for one in self.example.differences]
        if self.error is not None:
            return [str(self.error)]
        return [sentence(one) for one in self.judged.differences] if self.judged else []


def sentence(one: Difference) -> str:
    """A difference as one line."""
    rule = f" (filled at {_spot(one)})" if one.rule is not None else ""
    return f"{one.place}: {one.what}: expected {one.expected}, found {one.found}{rule}"


def show(console: Console, told: Sequence[Told]) -> None:
    """Every test in a line, then the differences of those that failed."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("")
    grid.add_column("test", overflow="fold")
    grid.add_column("file")
    grid.add_column("s", justify="right")
    for one in told:
        mark = Text("pass", style="green") if one.passed else Text("FAIL", style="bold red")
        grid.add_row(mark, Text(one.name), Text(one.path), f"{one.took_s:.2f}")
    console.print(grid)
    for one in told:
        if not one.passed:
            _show_failure(console, one)


def show_sum(console: Console, told: Sequence[Told], took_s: float) -> None:
    """How many passed."""
    failed = sum(not one.passed for one in told)
    said = f"{len(told) - failed} passed" + (f", {failed} failed" if failed else "")
    style = "bold red" if failed else "bold green"
    console.print(Text(f"\n{said}, in {took_s:.1f} s.", style=style))


def show_coverage(console: Console, found: Sequence[Covered]) -> None:
    """How much of each flow and mapping was taken, and what was not."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("coverage of")
    grid.add_column("taken", justify="right")
    grid.add_column("of", justify="right")
    for one in found:
        style = "" if one.taken == one.count else "yellow"
        grid.add_row(Text(one.name), Text(str(one.taken), style=style), str(one.count))
    console.print()
    console.print(grid)
    untaken = [each for one in found for each in one.untaken]
    if untaken:
        console.print(Text("\nTaken by no test:", style="bold"))
    for each in untaken[:UNTAKEN_MAX]:
        spot = f"{each.place.file}:{each.place.line}"
        console.print(Text(f"  {spot:<44}  {each.what}"), soft_wrap=True)
    if len(untaken) > UNTAKEN_MAX:
        console.print(f"  and {len(untaken) - UNTAKEN_MAX} more")


def as_json(told: Sequence[Told], found: Sequence[Covered] | None) -> str:
    """The same for programs."""
    content: dict[str, object] = {
        "passed": all(one.passed for one in told),
        "tests": [
            {
                "file": one.path,
                "test": one.name,
                "passed": one.passed,
                "seconds": round(one.took_s, 3),
                "differences": _plain(one),
            }
            for one in told
        ],
    }
    if found is not None:
        content["coverage"] = [
            {
                "of": one.name,
                "taken": one.taken,
                "count": one.count,
                "untaken": [
                    {"file": each.place.file, "line": each.place.line, "what": each.what}
                    for each in one.untaken
                ],
            }
            for one in found
        ]
    return json.dumps(content, indent=2, ensure_ascii=False)


def as_junit(told: Sequence[Told]) -> str:
    """The same as JUnit XML, which continuous integration shows."""
    failed = sum(not one.passed for one in told)
    took_s = sum(one.took_s for one in told)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="tillbridge" tests="{len(told)}" failures="{failed}" errors="0"'
        f' skipped="0" time="{took_s:.3f}">',
    ]
    for one in told:
        names = f"classname={_quoted(one.path)} name={_quoted(one.name)}"
        lines.append(f'  <testcase {names} time="{one.took_s:.3f}">')
        if not one.passed:
            lines.append(f"    <failure message={_quoted(chr(10).join(one.sentences))}/>")
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>", ""])


def _show_failure(console: Console, one: Told) -> None:
    console.print(Text(f"\n{one.path}: {one.name}", style="bold"), soft_wrap=True)
    if one.judged is None or one.error is not None:
        for said in one.sentences:
            console.print(Text(f"  {said}"), soft_wrap=True)
        return
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("what", "expected", "found", "line", "filled at"):
        grid.add_column(column, overflow="fold")
    for each in one.judged.differences:
        grid.add_row(
            Text(each.what),
            Text(each.expected),
            Text(each.found),
            str(each.place.line or ""),
            Text(_spot(each)),
        )
    console.print(grid)


def _spot(one: Difference) -> str:
    return f"{one.rule.file}:{one.rule.line}" if one.rule is not None else ""


def _plain(one: Told) -> list[dict[str, object]]:
    if one.error is not None or one.judged is None:
        return [{"what": "the test", "found": said} for said in one.sentences]
    return [
        {
            "what": each.what,
            "expected": each.expected,
            "found": each.found,
            "line": each.place.line,
            "rule": _spot(each),
        }
        for each in one.judged.differences
    ]


def _quoted(text: str) -> str:
    """An attribute's value; characters XML does not allow are left out."""
    allowed = "".join(char for char in text if char in "\t\n\r" or ord(char) >= 0x20)
    return quoteattr(allowed, {"\n": "&#10;"})
