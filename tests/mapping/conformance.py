"""The conformance table: every kind of transformation, with a mapping whose examples are its test.

`docs/reference/conformance/rows.yaml` names the kinds, the requirements they meet and either a
mapping beside it or a test of ours. `python -m tests.mapping.conformance` draws the page
`docs/reference/mapping_conformance.md` from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.mapping import DocumentMapping
from tillbridge.mapping.rate_table import RateTable, read_rates
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.text import entries_of, items_of, read_text, scalar_of
from tillbridge_cybersource.shapes import AUTHORIZATION, CAPTURE
from tillbridge_dynamics365.order_shape import SALES_ORDER as DYNAMICS_ORDER
from tillbridge_sagepro.documents import SALES_ORDER as SAGE_ORDER

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "reference" / "conformance"
PAGE: Final = ROOT / "docs" / "reference" / "mapping_conformance.md"
REQUIREMENTS: Final = ("S31", "S32", "S33", "S34", "S35", "S36", "S37", "D53", "D54", "D55", "D56",
                       "D57", "D58", "D59", "D60", "D61", "D62", "D95")  # fmt: skip

_LINE: Final = (
    Field("number", "integer"),
    Field("account", "text", length_max=20),
    Field("product", "text", length_max=30),
    Field("text", "text", length_max=60),
    Field("quantity", "decimal", digits_max=4),
    Field("price", "unit_amount"),
    Field("amount", "money"),
    Field("debit", "money"),
    Field("credit", "money"),
)
DOCUMENT: Final = DocumentShape(
    "document",
    "A document with a field of every type",
    (
        Field("number", "text", length_max=20),
        Field("short", "text", length_max=10),
        Field("text", "text", length_max=200),
        Field("other", "text", length_max=200),
        Field("status", "choice", options=("Paid", "On Hold", "Cancelled", "Open")),
        Field("count", "integer"),
        Field("weight", "decimal", digits_max=3),
        Field("amount", "money"),
        Field("price", "unit_amount"),
        Field("flag", "boolean"),
        Field("day", "date"),
        Field("at", "instant"),
        Field("name", "group", of=tuple(
            Field(part, "text", length_max=60)
            for part in ("title", "first", "middle", "last", "suffix", "nickname")
        )),
        Field("address", "group", of=tuple(
            Field(part, "text", length_max=60)
            for part in ("line1", "line2", "line3", "city", "region", "postal_code", "country",
                         "phone")
        )),
        Field("lines", "list", of=_LINE),
        Field("custom", "group", custom=True),
    ),
)  # fmt: skip
SHAPES: Final[Mapping[str, DocumentShape]] = {
    "example/document": DOCUMENT,
    "dynamics365/sales_order": DYNAMICS_ORDER,
    "sagepro/sales_order": SAGE_ORDER,
    "cybersource/authorization": AUTHORIZATION,
    "cybersource/capture": CAPTURE,
}
"""What the mappings of the table may fill."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of transformation.

    Attributes:
        meets: numbers of requirements.
        mapping: its file's name without the ending; "" when `test` shows it.
        test: "tests/area/test_x.py::test_name".
    """

    kind: str
    meets: tuple[str, ...]
    mapping: str
    test: str

    @property
    def file(self) -> Path:
        """The mapping's text."""
        return FOLDER / f"{self.mapping}.yaml"

    def read(self) -> DocumentMapping:
        """The mapping. Raises Misconfigured."""
        return read_mapping(self.file.read_text(encoding="utf-8"), self.file.name)


def rows() -> list[Row]:
    """The table, in the order of the page."""
    file = FOLDER / "rows.yaml"
    found = []
    for node in items_of(read_text(file.read_text(encoding="utf-8"), file.name)):
        entry = entries_of(node, required=("kind", "meets"), optional=("mapping", "test")).nodes
        texts = {name: scalar_of(value).text for name, value in entry.items()}
        meets = tuple(texts["meets"].split(", "))
        found.append(Row(texts["kind"], meets, texts.get("mapping", ""), texts.get("test", "")))
    return found


def rates() -> dict[str, RateTable | None]:
    """The tables of rates beside the mappings, and a connection that quotes some."""
    tables = {
        file.stem: read_rates(file.read_text(encoding="utf-8"), f"rates/{file.name}", file.stem)
        for file in sorted((FOLDER / "rates").glob("*.csv"))
    }
    return {**tables, "central-bank": None}


def lookups() -> dict[str, Lookup]:
    """The tables beside the mappings."""
    return {
        file.stem: read_lookup(file.read_text(encoding="utf-8"), f"lookups/{file.name}", file.stem)
        for file in sorted((FOLDER / "lookups").glob("*.csv"))
    }


def page() -> str:
    """The page, drawn."""
    parts = [
        "# What mappings can do\n",
        "Every kind of transformation, the requirements it meets, and a mapping that does it. The"
        " mappings\nstand in `docs/reference/conformance/`; their examples run as tests, and this"
        " page is drawn from them\n(`python -m tests.mapping.conformance`).\n",
        "| kind | requirement | shown by |\n|---|---|---|",
    ]
    parts += [f"| {row.kind} | {', '.join(row.meets)} | {_shown(row)} |" for row in rows()]
    parts += [_section(row) for row in rows() if row.mapping]
    parts += ["\n## The lookups they use\n", *_tables()]
    return "\n".join(parts) + "\n"


def _shown(row: Row) -> str:
    if not row.mapping:
        file, _, name = row.test.partition("::")
        return f"`{file}`: {name.removeprefix('test_').replace('_', ' ')}"
    return f"[{row.mapping}](conformance/{row.mapping}.yaml)"


def _section(row: Row) -> str:
    text = row.file.read_text(encoding="utf-8").rstrip()
    return f"\n## {row.kind}\n\n```yaml\n{text}\n```"


def _tables() -> list[str]:
    return [
        f"`lookups/{file.name}`\n\n```\n{file.read_text(encoding='utf-8').rstrip()}\n```\n"
        for file in sorted((FOLDER / "lookups").glob("*.csv"))
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
