"""The demo's template says the same as the two it was put together from."""

from importlib.resources import files
from pathlib import Path

import pytest

TEMPLATES = Path(str(files("tillbridge").joinpath("templates")))
BOTH = TEMPLATES / "order-to-cash-both"
RENAMED = {
    "in_dynamics": "ordered",
    "in_sage": "ordered",
    "dynamics-payment-methods": "payment-methods",
    "sage-payment-methods": "payment-methods",
}
"""What is told apart where both ERPs are, and needs no telling apart where there is one."""


def single(path: Path) -> Path:
    """The file of the template for one ERP."""
    erp = "sage" if "sage" in path.name else "dynamics"
    name = path.name.removeprefix(f"{erp}-") if path.suffix == ".csv" else path.name
    return TEMPLATES / f"order-to-cash-{erp}" / path.parent.name / name


@pytest.mark.parametrize("path", sorted((*BOTH.glob("mappings/*"), *BOTH.glob("lookups/*"))))
def test_a_mapping_or_lookup_differs_by_names_only(path: Path) -> None:
    text = path.read_text()
    for here, there in RENAMED.items():
        text = text.replace(here, there)
    assert text == single(path).read_text()


@pytest.mark.parametrize("erp", ["dynamics", "sage"])
def test_the_way_into_an_erp_differs_by_who_tells_the_shop(erp: str) -> None:
    name = f"flows/order-to-{erp}.yaml"
    here = (BOTH / name).read_text().replace("; review-decided tells the shop", "")
    there = (TEMPLATES / f"order-to-cash-{erp}" / name).read_text()
    assert set(here.splitlines()) - set(there.splitlines()) <= {
        # the shop is told by review-decided, which waits for this
        "                    announce: true",
    }


def test_the_catalogue_is_the_same_everywhere() -> None:
    assert len({path.read_text() for path in TEMPLATES.glob("*/lookups/products.csv")}) == 1
