"""The sales order as this company takes it: the declared one with the site's own widths and
digits, and with every column of somast that a mapping may fill itself."""

from dataclasses import replace
from typing import Final

from tillbridge.connector.documents import DocumentShape, Field, FieldType
from tillbridge_sagepro.documents import SALES_ORDER
from tillbridge_sagepro.structure import Column, Structure, Table

_TABLES: Final = {"custno": "arcust", "shipto": "soaddr", "lines": "sotran"}
"""The table behind each group of the document."""
_OURS: Final = frozenset(
    {
        *("sono", "custno", "sodate", "ponum", "ordamt", "bordamt", "tax", "btax", "glarec"),
        *("tosw", "currid", "exchrat", "defloc", "ordate", "taxsamt", "websono", "notes"),
        *("shipvia", "fob", "pterms", "pdisc", "pdays", "pnet", "salesmn", "terr", "taxdist"),
        *("taxtbl", "sostat", "lckstat", "lckuser", "lckdate", "lcktime", "adduser", "adddate"),
        *("addtime", "rqdate"),
    }
)
"""Columns of somast that this connector, or the document's other fields, fill."""
_MONEY: Final = frozenset({"money", "smallmoney"})
_WHOLE: Final = frozenset({"int", "bigint", "smallint", "tinyint"})
_FLOATS: Final = frozenset({"float", "real"})


def live_sales_order(structure: Structure, hold_column: str, payment_column: str) -> DocumentShape:
    """The document; `hold_column` and `payment_column` are filled from settings, not by name."""
    fields = []
    for declared in SALES_ORDER.fields:
        if declared.name == "custom":
            ours = _OURS | {hold_column, payment_column}
            fields.append(replace(declared, of=_own(structure["somast"], ours)))
        elif declared.name in _TABLES:
            fields.append(_group(declared, structure[_TABLES[declared.name]]))
        else:
            fields.append(_narrowed(declared, structure["somast"]))
    return replace(SALES_ORDER, fields=tuple(fields))


def _group(declared: Field, table: Table) -> Field:
    return replace(declared, of=tuple(_narrowed(field, table) for field in declared.of))


def _narrowed(declared: Field, table: Table) -> Field:
    """A declared field with the column's own width and digits."""
    column = table.columns.get(declared.name)
    if column is None:
        return declared
    if declared.type == "text" and column.textual:
        return replace(declared, length_max=column.length)
    if declared.type == "decimal" and column.exact:
        return replace(declared, digits_max=column.scale)
    return declared


def _own(table: Table, ours: frozenset[str]) -> tuple[Field, ...]:
    fields = (
        _field(column)
        for column in table.columns.values()
        if column.name not in ours and not column.card
    )
    return tuple(field for field in fields if field is not None)


def _field(column: Column) -> Field | None:
    """A column as a field; None for what a mapping cannot fill, such as a picture."""
    kind: FieldType
    if column.textual:
        return Field(column.name, "text", length_max=column.length)
    if column.type in _MONEY:
        kind = "money"
    elif column.exact or column.type in _FLOATS:
        return Field(
            column.name, "decimal", digits_max=column.scale, inexact=column.type in _FLOATS
        )
    elif column.type in _WHOLE:
        kind = "integer"
    elif column.type == "bit":
        kind = "boolean"
    elif column.dated:
        kind = "date"
    else:
        return None
    return Field(column.name, kind)
