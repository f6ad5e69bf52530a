import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))

CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
FIRST_FOLDERS = {"src", "tests", "docs", "benchmarks", "campaigns", "examples", ".ci"}
ROOT_FILE = re.compile(r"^[A-Z]+\.md$|^(Makefile|LICENSE|pyproject\.toml|requirements\.lock)$")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_path_that_a_page_names_exists(page: Path) -> None:
    missing = [path for path in _paths(page) if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not broken


def test_the_glossary_explains_every_canonical_class() -> None:
    words = _glossary()
    unexplained = [
        name for name in _public_classes(ROOT / "src/tillbridge/canonical") if name not in words
    ]
    assert not unexplained


def test_the_glossary_explains_every_room() -> None:
    words = _glossary()
    for room in (ROOT / "src/tillbridge").iterdir():
        if (room / "__init__.py").exists():
            assert room.name in words, room.name


def test_the_architecture_page_and_the_law_name_every_room() -> None:
    drawn = (ROOT / "ARCHITECTURE.md").read_text()
    for room in (ROOT / "src/tillbridge").iterdir():
        if (room / "__init__.py").exists():
            assert re.search(rf"\b{room.name}\b", drawn), room.name


@pytest.mark.parametrize("page", DECISIONS, ids=[page.name for page in DECISIONS])
def test_a_decision_says_its_context_its_choice_and_its_price(page: Path) -> None:
    headings = [line for line in page.read_text().splitlines() if line.startswith("## ")]
    assert headings == ["## Context", "## Choice", "## What we gave up"]


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_dependencies_page_names_every_dependency() -> None:
    page = (ROOT / "docs/decisions/0007_dependencies.md").read_text()
    text = (ROOT / "pyproject.toml").read_text()
    for name in re.findall(r'^ *(?:sandbox = \[)?"([a-z0-9-]+)>=', text, re.MULTILINE):
        assert re.search(rf"\b{name}\b", page), name


def _paths(page: Path) -> Iterator[str]:
    """What stands in backticks and looks like a path of ours, outside of code blocks."""
    for text in CODE.findall(FENCE.sub("", page.read_text())):
        first = text.partition("/")[0]
        pattern = any(sign in text for sign in " *<")
        if ROOT_FILE.match(text) or (first in FIRST_FOLDERS and "/" in text and not pattern):
            yield text


def _glossary() -> set[str]:
    """Every word in the first column, as a class would write it and as a room would."""
    words: set[str] = set()
    for line in (ROOT / "docs/glossary.md").read_text().splitlines():
        for phrase in re.findall(r"\*\*([^*]+)\*\*", line.split("|")[1] if "|" in line else ""):
            words.add(phrase)
            words.add("".join(part.capitalize() for part in phrase.split()))
    return words


def _public_classes(folder: Path) -> Iterator[str]:
    for file in folder.glob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name
