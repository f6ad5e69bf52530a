"""The page of figures is drawn from the code."""

from pathlib import Path

from tillbridge.watch.measures import MEASURES

PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"


def test_the_page_of_figures_is_as_the_code_has_them() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.about} |" for one in MEASURES
    ]
