import pytest
from tests.mapping import conformance
from tests.mapping.conformance import FOLDER, PAGE, REQUIREMENTS, ROOT, SHAPES, Row

from tillbridge.mapping.examples import run_examples

ROWS = conformance.rows()
LOOKUPS = conformance.lookups()
RATES = conformance.rates()
MAPPED = [row for row in ROWS if row.mapping]


@pytest.mark.parametrize("row", MAPPED, ids=[row.mapping for row in MAPPED])
def test_the_examples_of_a_kind_of_transformation_come_true(row: Row) -> None:
    mapping = row.read()
    assert mapping.name == row.mapping
    shape = SHAPES[f"{mapping.connector}/{mapping.document}"]
    results = run_examples(mapping, shape, LOOKUPS, RATES)
    assert results, "it has examples"
    assert [result.differences for result in results if not result.passed] == []


def test_every_requirement_is_met_by_a_kind() -> None:
    assert {number for row in ROWS for number in row.meets} == set(REQUIREMENTS)


def test_every_mapping_and_table_of_the_folder_is_in_the_table() -> None:
    files = {file.stem for file in FOLDER.glob("*.yaml")} - {"rows"}
    assert files == {row.mapping for row in MAPPED}
    used = {name for row in MAPPED for name in row.read().lookups}
    assert used == set(LOOKUPS)
    assert {name for row in MAPPED for name in row.read().rates} == set(RATES)


@pytest.mark.parametrize("row", [row for row in ROWS if row.test], ids=lambda row: row.kind)
def test_a_kind_without_a_mapping_names_a_test_that_exists(row: Row) -> None:
    file, _, name = row.test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_the_page_is_drawn_from_the_mappings() -> None:
    drawn = PAGE.read_text(encoding="utf-8")
    assert drawn == conformance.page(), "python -m tests.mapping.conformance"
