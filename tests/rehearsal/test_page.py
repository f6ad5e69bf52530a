"""The page's example is a test that passes."""

from pathlib import Path

from tests.rehearsal.books import make_books, play_tests

PAGE = Path(__file__).parents[2] / "docs/reference/tests.md"


def test_the_pages_example_passes(tmp_path: Path) -> None:
    folder = make_books(tmp_path / "books")
    example = PAGE.read_text().split("```yaml\n")[1].partition("```")[0]
    (folder / "tests" / "page.yaml").write_text(example)
    status, found = play_tests(folder, str(folder / "tests" / "page.yaml"))
    assert found["tests"] and status == 0, found
