"""The template's mappings pass their own examples against this connector's documents."""

from pathlib import Path

import pytest

from tillbridge.mapping.examples import run_examples
from tillbridge.mapping.lookup import read_lookup
from tillbridge.mapping.read import read_mapping
from tillbridge_sagepro import documents

TEMPLATE = Path(documents.__file__).parents[1] / "tillbridge/templates/order-to-cash-sage"
SHAPES = {
    "sage-sales-order": documents.SALES_ORDER,
    "sage-payment-reference": documents.PAYMENT_TRANSACTION,
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_mapping_passes_its_examples(name: str) -> None:
    file = TEMPLATE / "mappings" / f"{name}.yaml"
    mapping = read_mapping(file.read_text("utf-8"), file.name)
    lookups = {
        table.stem: read_lookup(table.read_text("utf-8"), table.name, table.stem)
        for table in (TEMPLATE / "lookups").glob("*.csv")
    }
    results = run_examples(mapping, SHAPES[name], lookups)
    assert results
    assert [result.differences for result in results if not result.passed] == []
