"""The report of a check: parts that pass or fail, and tables of errors and warnings; or JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import click

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.cli.printing import heading, table, verdict
from tillbridge.connector.abilities import CheckLine
from tillbridge.mapping.flaw import Flaw


@dataclass(slots=True)
class Report:
    """What a check has found so far.

    Attributes:
        quiet: nothing is printed on the way: JSON comes at the end.
    """

    quiet: bool = False
    parts: list[tuple[str, CheckLine]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def add(self, title: str, lines: Iterable[CheckLine]) -> None:
        """A part with its lines."""
        found = list(lines)
        self.parts += [(title, line) for line in found]
        if not self.quiet:
            show_lines(title, found)

    def add_flaws(self, flaws: Iterable[Flaw]) -> None:
        """Errors and warnings in texts, each in a table of their own."""
        found = list(flaws)
        self.flaws += found
        if self.quiet:
            return
        for severity, title in (("error", "Errors"), ("warning", "Warnings")):
            rows = [_row(flaw) for flaw in found if flaw.severity == severity]
            if rows:
                heading(title)
                table(("where", "field", "what", "what to do"), rows)

    @property
    def failed(self) -> int:
        """How many lines failed and errors there are."""
        lines = sum(not line.passed for _, line in self.parts)
        return lines + sum(flaw.severity == "error" for flaw in self.flaws)

    @property
    def warnings(self) -> int:
        return sum(flaw.severity == "warning" for flaw in self.flaws)

    def print_json(self, *, passed: bool) -> None:
        """Everything as one JSON object, for continuous integration."""
        told = {
            "passed": passed,
            "failed": self.failed,
            "warnings": self.warnings,
            "checks": [
                {
                    "part": part,
                    "title": line.title,
                    "passed": line.passed,
                    "detail": mask(line.detail),
                    "next_step": mask(line.next_step),
                }
                for part, line in self.parts
            ],
            "flaws": [_told(flaw) for flaw in self.flaws],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))


def show_lines(title: str, lines: Sequence[CheckLine]) -> int:
    """Prints lines under their title; answers how many failed."""
    heading(title)
    for line in lines:
        detail = f": {line.detail}" if line.detail else ""
        verdict(line.passed, mask(f"{line.title}{detail}"), mask(line.next_step))
    return sum(not line.passed for line in lines)


def failed_line(title: str, error: TillbridgeError) -> CheckLine:
    """An error as a line of a check."""
    where = f"{error.place}: " if error.place else ""
    return CheckLine(title, passed=False, detail=where + error.message, next_step=error.next_step)


def _row(flaw: Flaw) -> tuple[str, ...]:
    where = f"{flaw.place.file}:{flaw.place.line}" if flaw.place.line else flaw.place.file or ""
    return where, flaw.place.field or "", mask(flaw.message), mask(flaw.next_step)


def _told(flaw: Flaw) -> dict[str, object]:
    return {
        "severity": flaw.severity,
        "reason": flaw.reason,
        "message": mask(flaw.message),
        "file": flaw.place.file,
        "line": flaw.place.line,
        "field": flaw.place.field,
        "next_step": mask(flaw.next_step),
    }
