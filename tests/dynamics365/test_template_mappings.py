"""The template's mappings fill documents that the connector takes."""

from pathlib import Path

import pytest
from tests.dynamics365.world import World

import tillbridge
from tillbridge.connector.documents import DocumentShape
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.examples import run_examples
from tillbridge.mapping.given import context_of
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.mapping import DocumentMapping
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge_dynamics365.order_shape import SALES_ORDER
from tillbridge_dynamics365.payment_transactions import PAYMENT_TRANSACTION
from tillbridge_simulators.dynamics365 import PRODUCTS

TEMPLATE = Path(tillbridge.__file__).parent / "templates" / "order-to-cash-dynamics"
SHAPES = {
    "dynamics-sales-order": SALES_ORDER,
    "dynamics-payment-transaction": PAYMENT_TRANSACTION,
}


def _lookups() -> dict[str, Lookup]:
    return {
        path.stem: read_lookup(path.read_text(), path.name, path.stem)
        for path in (TEMPLATE / "lookups").glob("*.csv")
    }


def _mapping(name: str) -> DocumentMapping:
    path = TEMPLATE / "mappings" / f"{name}.yaml"
    return read_mapping(path.read_text(), path.name)


@pytest.mark.parametrize(("name", "shape"), SHAPES.items())
def test_every_example_holds(name: str, shape: DocumentShape) -> None:
    results = run_examples(_mapping(name), shape, _lookups())
    assert results
    assert [result for result in results if not result.passed] == []


def test_the_lookup_has_every_product_of_the_catalogue() -> None:
    assert set(_lookups()["products"].rows) == {product.number for product in PRODUCTS}


async def test_a_mapped_order_is_created_to_the_cent(world: World) -> None:
    mapping = _mapping("dynamics-sales-order")
    filler = prepare_mapping(mapping, SALES_ORDER, _lookups(), event_scope())
    await world.write("sales_order", filler.fill(context_of(mapping.examples[0].given)))
    (order,) = world.entries("sales_order")
    assert (order["order_number"], order["totalamount"]) == ("1042", "65.11")
