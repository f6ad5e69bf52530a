"""The page of complaints: no number is missing, and every test it names exists and says so."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/complaints.md"
NUMBERS = {f"I{number}" for number in range(1, 51)} | {"I14b", "I23b", "I34b", "I42b", "I48b"}
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)`: ([a-z0-9_ ]+)")


@dataclass(frozen=True)
class Row:
    """One complaint of the page, and the tests it names."""

    number: str
    here: str
    tests: tuple[tuple[str, str], ...]


def rows() -> Iterator[Row]:
    for line in PAGE.read_text().splitlines():
        if line.startswith("| I"):
            _, number, _, here, shown, _ = (cell.strip() for cell in line.split("|"))
            tests = tuple(
                (file, "test_" + words.strip().replace(" ", "_"))
                for file, words in NAMED.findall(shown)
            )
            yield Row(number, here, tests)


ROWS = tuple(rows())


def test_every_complaint_has_one_row() -> None:
    numbers = [row.number for row in ROWS]
    assert sorted(numbers) == sorted(NUMBERS)


@pytest.mark.parametrize("row", ROWS, ids=[row.number for row in ROWS])
def test_a_complaint_has_a_test_that_names_it(row: Row) -> None:
    assert row.tests, "no test shows it"
    for file, name in row.tests:
        assert row.number in _named_by(ROOT / file, name), f"{name} does not name {row.number}"


def _named_by(file: Path, name: str) -> set[str]:
    """The complaints that a test names in its docstring or its marker."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            said = [ast.get_docstring(node) or "", *map(ast.unparse, node.decorator_list)]
            return set(re.findall(r"\bI\d+b?\b", " ".join(said)))
    raise AssertionError(f"{file.relative_to(ROOT)} has no {name}")
