import re
from pathlib import Path

from tillbridge.mapping.functions import FUNCTIONS
from tillbridge.mapping.reference import functions_table, names_table, refreshed

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mapping.md"


def test_the_reference_page_says_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refreshed(page) == page, (
        "python -m tillbridge.mapping.reference docs/reference/mapping.md"
    )


def test_every_function_and_name_is_on_the_page() -> None:
    rows = functions_table().splitlines()[2:]
    assert len(rows) == len(FUNCTIONS)
    names = re.findall(r"^\| `([^`]+)`", names_table(), re.MULTILINE)
    assert {"order.number", "order.lines[0].unit_price", "payment.card.brand"} <= set(names)
    assert len(names) == len(set(names))
