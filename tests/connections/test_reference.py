"""The page of gates is drawn from the forms, and names every reason there is to wait."""

from pathlib import Path

from tillbridge.connections.reference import refreshed
from tillbridge.journeys.backlog import ABOUT

PAGE = Path(__file__).parents[2] / "docs/reference/gates.md"


def test_the_page_is_as_the_forms_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refreshed(page) == page


def test_the_page_has_every_reason_to_wait() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for why, about in ABOUT.items():
        assert f"| `{why}` | {about} |" in rows
