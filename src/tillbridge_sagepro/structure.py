"""The live structure of the company's tables: sites add columns freely, and every one is NOT NULL.

Read once a session, before the first write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tillbridge.canonical.errors import Misconfigured
from tillbridge_sagepro.database import Row

CROSS_REFERENCES = "ix_xref"
NEEDED = {
    "arcust": "custno company onorder gllink pterms pdisc pdays pnet salesmn terr taxdist taxtbl"
    " lckstat lckuser lckdate lcktime",
    "somast": "sono custno ponum ordamt tax sostat ordate sodate currid"
    " lckstat lckuser lckdate lcktime",
    "soymst": "sono custno ponum ordamt tax sostat ordate currid",
    "soaddr": "sono custno adtype company address1",
    "sotran": "sono tranlineno custno item qtyord price extprice qtyshp shipqty sostat"
    " lckuser lckdate lcktime",
    "icitem": "item itmdesc itmclss stkcode taxcode nserial sunmsid sumfact",
    "iciloc": "item loctid slsdcst gllink",
    "iciqty": "item loctid qserial qtranno",
    "icloct": "loctid icactm",
    "sosysd": "sysid int1",
    "icsysd": "sysid int1",
}
"""What this connector cannot do without, by table."""
_TEXT = {"char", "varchar", "nchar", "nvarchar", "text", "ntext"}
_EXACT = {"money", "smallmoney", "decimal", "numeric"}
_WHOLE = {"int", "bigint", "smallint", "tinyint", "bit", "float", "real"}
_MOMENT = {"datetime", "smalldatetime", "datetime2", "date"}
_BYTES = {"image", "binary", "varbinary"}
_CARD_COLUMNS = {"cc_num", "cc_exp", "ccno", "ccdate", "cc_cvv", "cccvv"}
"""Card columns some sites have: never mapped, never read (they are filled blank)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `length` counts characters; None for text without a limit."""

    name: str
    type: str
    length: int | None
    precision: int | None
    scale: int | None
    nullable: bool

    @property
    def textual(self) -> bool:
        return self.type in _TEXT

    @property
    def exact(self) -> bool:
        return self.type in _EXACT

    @property
    def dated(self) -> bool:
        return self.type in _MOMENT

    @property
    def card(self) -> bool:
        return self.name in _CARD_COLUMNS

    @property
    def declaration(self) -> str:
        """The type as CAST wants it."""
        if self.type in ("decimal", "numeric"):
            return f"{self.type}({self.precision},{self.scale})"
        if self.type in ("char", "varchar", "nchar", "nvarchar"):
            return f"{self.type}({self.length if self.length is not None else 'max'})"
        return self.type

    def blank(self, blank_date: str) -> str | None:
        """The literal for an empty value; None when the column is better left out."""
        if self.textual:
            return "''"
        if self.exact or self.type in _WHOLE:
            return "0"
        if self.dated:
            return None if blank_date == "null" and self.nullable else "'19000101'"
        if self.type in _BYTES and not self.nullable:
            return "0x"
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """One table's columns in order; those the server fills itself are left out."""

    name: str
    columns: Mapping[str, Column]

    def width(self, column: str) -> int | None:
        """How many characters fit; None for a column that is not there or has no limit."""
        found = self.columns.get(column)
        return found.length if found is not None else None

    def has(self, column: str) -> bool:
        return column in self.columns


@dataclass(frozen=True, slots=True)
class Structure:
    """Every table that is there, by name in lower case."""

    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def missing(self) -> list[str]:
        """What is needed and not there, such as "somast.ponum"."""
        absent: list[str] = []
        for table, columns in NEEDED.items():
            found = self.tables.get(table)
            if found is None:
                absent.append(table)
                continue
            absent += [f"{table}.{name}" for name in columns.split() if not found.has(name)]
        return absent

    def require(self, connection: str) -> None:
        """Raises Misconfigured unless everything needed is there, our own table included."""
        absent = self.missing()
        if absent:
            raise Misconfigured(
                f"{connection}: the company database lacks {', '.join(absent)}.",
                reason="structure",
                next_step="Check that company_database names a Sage Pro company.",
            )
        if CROSS_REFERENCES not in self.tables:
            raise Misconfigured(
                f"{connection}: the table {CROSS_REFERENCES} does not exist.",
                reason="not_provisioned",
                next_step="Run `tillbridge provision`, or have the DBA create it.",
            )


def read_structure(rows: Sequence[Row]) -> Structure:
    """The structure from the rows of the statement "structure"."""
    tables: dict[str, dict[str, Column]] = {}
    for table, name, kind, length, precision, scale, nullable, identity, computed in rows:
        columns = tables.setdefault(str(table).lower(), {})
        if identity or computed or kind in ("timestamp", "rowversion"):
            continue
        columns[str(name).lower()] = Column(
            name=str(name).lower(),
            type=str(kind).lower(),
            length=length if length is not None and 0 < length < 2**30 else None,
            precision=precision,
            scale=scale,
            nullable=nullable == "YES",
        )
    return Structure({name: Table(name, columns) for name, columns in tables.items()})
