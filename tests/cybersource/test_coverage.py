"""What the page on coverage says is so: the connector calls what it says, each has its row."""

from pathlib import Path

import pytest
from tests.cybersource.coverage import PAGE, connector_calls, file_of, key_of, page

import tillbridge_cybersource
from tillbridge_cybersource.left_out import CARD_NUMBERS, why_left_out
from tillbridge_simulators.cybersource import certification
from tillbridge_simulators.cybersource.certification import ROWS
from tillbridge_simulators.cybersource.offers import served
from tillbridge_simulators.cybersource.recorded import recorded

SOURCE = Path(tillbridge_cybersource.__path__[0])


def test_every_operation_that_is_served_has_its_row() -> None:
    rows = [key for row in ROWS for key in row.keys]
    assert len(rows) == len(set(rows))
    assert set(served()) == set(rows), "each offer has its row in certification/"


def test_every_row_stands_in_a_file_of_the_certification() -> None:
    folder = Path(certification.__path__[0])
    assert {file_of(row) for row in ROWS} <= {file.stem for file in folder.glob("*.py")}


def test_what_is_left_out_for_a_reason_is_called_by_no_file() -> None:
    operations = recorded().operations
    assert set(operations) >= CARD_NUMBERS
    called = {key for keys in connector_calls().values() for key in keys}
    assert not [key for key in called if why_left_out(key, operations[key].path)]


def test_the_page_is_drawn_anew() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.cybersource.coverage"


@pytest.mark.parametrize("file", connector_calls())
def test_what_a_file_says_it_calls_stands_in_it(file: str) -> None:
    text = (SOURCE / f"{file}.py").read_text(encoding="utf-8")
    operations = recorded().operations
    for key in connector_calls()[file]:
        assert key in operations
        pieces = [part for part in operations[key].path.split("/") if "{" not in part]
        assert not [part for part in pieces if part not in text], key


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("POST", "/pts/v2/payments/7/captures", "capture.capture_payment"),
        ("GET", "/rbs/v1/plans/code", "plans.get_plan_code"),
        (
            "GET",
            "/reporting/v3/conversion-details?startTime=x",
            "conversion_details.get_conversion_detail",
        ),
        ("PUT", "/pts/v2/payments", None),
    ],
)
def test_a_request_is_known_by_method_and_path(method: str, path: str, key: str | None) -> None:
    assert key_of(method, path) == key
