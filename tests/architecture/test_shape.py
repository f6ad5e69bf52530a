import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "examples", "benchmarks", "campaigns")
TEXTS = {
    str(file.relative_to(ROOT)): file.read_text()
    for folder in FOLDERS
    for file in sorted((ROOT / folder).rglob("*.py"))
}
HERE = str(Path(__file__).relative_to(ROOT))

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NAMELESS = {
    *("util", "utils", "helper", "helpers", "common", "base", "misc", "manager", "handler"),
    *("handlers", "service", "services", "processor", "data", "info"),
}
LEFT_UNDONE = re.compile(r"\b(TODO|FIXME|HACK|NotImplementedError)\b")
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>.*)$")
WITH_REASON = re.compile(r"^(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w,\s-]+\])\s+\W*\w.{5,}")
FLOAT_OF_MONEY = re.compile(r"\bfloat\(.*\b(amount|total|price|money|tax|freight|discount|fee)")
SKIPPED_FOR_GOOD = re.compile(r"pytest\.mark\.(skip\b|xfail)")


def test_a_file_is_named_by_its_noun() -> None:
    assert not [name for name in TEXTS if Path(name).stem.strip("_") in NAMELESS]


def test_a_file_has_at_most_400_lines() -> None:
    lengths = {name: len(text.splitlines()) for name, text in TEXTS.items()}
    assert not {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX}


def test_a_function_has_at_most_60_lines_and_most_have_under_15() -> None:
    lengths = {place: _lines(function) for place, function in _functions()}
    assert not {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES_MAX}
    assert sum(lines < 15 for lines in lengths.values()) > len(lengths) / 2


def test_imports_stand_at_the_top() -> None:
    assert not [
        place
        for place, function in _functions()
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    ]


def test_a_suppression_gives_its_reason_on_its_line() -> None:
    assert not [
        place
        for place, line in _code_lines()
        if (found := SUPPRESSION.search(line)) and not WITH_REASON.match(found["rest"])
    ]


def test_nothing_is_left_undone() -> None:
    assert not [place for place, line in _code_lines() if LEFT_UNDONE.search(line)]


def test_no_amount_becomes_a_float() -> None:
    assert not [place for place, line in _code_lines() if FLOAT_OF_MONEY.search(line)]


def test_no_test_is_skipped_for_good() -> None:
    assert not [place for place, line in _code_lines() if SKIPPED_FOR_GOOD.search(line)]


def _code_lines() -> Iterator[tuple[str, str]]:
    """Every line of every file but this one, which holds the patterns."""
    for name, text in TEXTS.items():
        if name != HERE:
            for number, line in enumerate(text.splitlines(), 1):
                yield f"{name}:{number}", line


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, text in TEXTS.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}:{node.lineno} {node.name}", node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1
