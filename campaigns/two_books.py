"""A folder over two ERPs, of which each has some of the orders: the shop says which book."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tillbridge
from campaigns.site import ERPS, Addresses, Erp, connections

PREFIXES: Final[Mapping[Erp, str]] = {"dynamics": "D", "sage": "S"}
"""With which letter the numbers of each book's orders begin."""
BOOK: Final = "book"
"""The custom field of an order that names its book."""
TIMEOUT_S: Final = 30
SAGE_TIMEOUT_S: Final = 150
"""Its transactions take real time, one after the other, which no factor divides."""
_FLOWS = Path(__file__).parent / "two_books_flows"
"""Flows that serve both; the others are the templates'."""
_TEMPLATES = Path(tillbridge.__file__).parent / "templates"
_LOOKUP = "payment-methods"


def write_two_books(folder: Path, outside: Addresses, cybersource: Mapping[str, str]) -> None:
    """Writes the folder; `cybersource` are settings of that connection."""
    for part in ("flows", "mappings", "lookups"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for erp in ERPS:
        _write_book(folder, erp)
    shutil.copytree(_FLOWS, folder / "flows", dirs_exist_ok=True)
    wanted = connections(ERPS, outside, cybersource, TIMEOUT_S, SAGE_TIMEOUT_S)
    (folder / "tillbridge.yaml").write_text(wanted)


def _write_book(folder: Path, erp: Erp) -> None:
    template = _TEMPLATES / f"order-to-cash-{erp}"
    for path in sorted(template.glob("lookups/*.csv")):
        name = f"{erp}-{_LOOKUP}" if path.stem == _LOOKUP else path.stem
        (folder / "lookups" / f"{name}.csv").write_text(path.read_text())
    for path in sorted(template.glob("mappings/*.yaml")):
        text = path.read_text().replace(f"lookup: {_LOOKUP}", f"lookup: {erp}-{_LOOKUP}")
        (folder / "mappings" / path.name).write_text(text)
    for path in sorted(template.glob("flows/*.yaml")):
        text = path.read_text()
        if path.stem == f"order-to-{erp}":
            text = _of_one_book(text, erp)
        (folder / "flows" / path.name).write_text(text)


def _of_one_book(text: str, erp: Erp) -> str:
    """The flow takes only orders of its own book."""
    condition = f"condition: order.custom.{BOOK} == '{erp}'"
    return re.sub(r"^(starts_on: .*)$", rf"\1\n{condition}", text, count=1, flags=re.MULTILINE)
