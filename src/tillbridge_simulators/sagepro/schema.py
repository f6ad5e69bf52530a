"""The tables of the simulated company, with the types of the SQL Server edition.

Source of names and types: working integrations of the SQL Server edition; the columns `x_channel`,
`x_loyalty` and `cc_num` are this site's own additions, as real sites have.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

from tillbridge_simulators.sagepro.column_types import ColumnType, column_type

_NULLABLE = {"image"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: where it stands, its key and its columns in order."""

    name: str
    database: str
    key: tuple[str, ...]
    columns: dict[str, ColumnType]
    identity: str = ""
    nullable: frozenset[str] = frozenset()


def standard_tables(system: str, company: str) -> dict[tuple[str, str], Table]:
    """Every table by (database, name), in lower case."""
    read = json.loads(files(__package__).joinpath("schema.json").read_text("utf-8"))
    tables = (
        _table(name, system if about["database"] == "system" else company, about)
        for name, about in read.items()
    )
    return {(table.database.lower(), table.name): table for table in tables}


def _table(name: str, database: str, about: dict[str, dict[str, str]]) -> Table:
    declared = about["columns"]
    identity = next((at for at, kind in declared.items() if kind.endswith("identity")), "")
    return Table(
        name=name,
        database=database,
        key=tuple(about["key"]),
        columns={at: column_type(kind) for at, kind in declared.items()},
        identity=identity,
        nullable=frozenset(at for at, kind in declared.items() if kind in _NULLABLE),
    )


def ddl(table: Table) -> str:
    """The table in SQLite: text compares like SQL Server's, numbers are kept digit for digit."""
    lines = [_column_ddl(table, name, kind) for name, kind in table.columns.items()]
    lines.append(f"UNIQUE ({', '.join(table.key)})")
    return f'CREATE TABLE "{table.database}"."{table.name}" ({", ".join(lines)})'


def _column_ddl(table: Table, name: str, kind: ColumnType) -> str:
    if name == table.identity:
        return f'"{name}" INTEGER PRIMARY KEY AUTOINCREMENT'
    storage = "INTEGER"
    if kind.textual:
        storage = "TEXT COLLATE RTRIM" if kind.binary else "TEXT COLLATE SQLSERVER"
    elif kind.exact:
        storage = "TEXT COLLATE EXACT"
    elif kind.kind in ("datetime", "float"):
        storage = "TEXT"
    return f'"{name}" {storage}' + ("" if name in table.nullable else " NOT NULL")
