"""Documents as the organization takes them now: the declared ones with its own widths, digits and
options, and with the columns that were added to its orders."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tillbridge.connector.documents import DocumentShape, Field, FieldType
from tillbridge_dynamics365.columns import Column
from tillbridge_dynamics365.names import Names
from tillbridge_dynamics365.order_shape import SALES_ORDER
from tillbridge_dynamics365.payment_transactions import PAYMENT_TRANSACTION

ORDERS: Final = "salesorder"
LINES: Final = "salesorderdetail"
ACCOUNTS: Final = "account"

_TYPES: Final[Mapping[str, FieldType]] = {
    "String": "text",
    "Memo": "text",
    "Integer": "integer",
    "BigInt": "integer",
    "Decimal": "decimal",
    "Double": "decimal",
    "Money": "money",
    "Boolean": "boolean",
    "Picklist": "choice",
}
"""Column types a mapping can fill; a lookup to another table is none of them."""


def tables_of(names: Names) -> tuple[str, ...]:
    """The tables that the documents are written to."""
    return ORDERS, LINES, ACCOUNTS, names.payment_table


def live_shapes(
    tables: Mapping[str, Mapping[str, Column]], names: Names
) -> dict[str, DocumentShape]:
    """The documents whose fields depend on the organization, by kind."""
    return {
        SALES_ORDER.kind: _sales_order(tables, names),
        PAYMENT_TRANSACTION.kind: _payment_transaction(tables[names.payment_table], names),
    }


def _sales_order(tables: Mapping[str, Mapping[str, Column]], names: Names) -> DocumentShape:
    orders = tables[ORDERS]
    own = {"payment_id": names.payment_id, "external_order": names.external_order}
    fields = []
    for declared in SALES_ORDER.fields:
        match declared.name:
            case "lines":
                fields.append(_group(declared, tables[LINES]))
            case "customer":
                fields.append(_group(declared, tables[ACCOUNTS]))
            case "custom":
                fields.append(_custom(declared, orders, names))
            case name:
                fields.append(_narrowed(declared, orders.get(own.get(name, name))))
    return replace(SALES_ORDER, fields=tuple(fields))


def _payment_transaction(columns: Mapping[str, Column], names: Names) -> DocumentShape:
    fields = (
        _narrowed(declared, columns.get(names.own(declared.name)))
        for declared in PAYMENT_TRANSACTION.fields
    )
    return replace(PAYMENT_TRANSACTION, fields=tuple(fields))


def _group(declared: Field, columns: Mapping[str, Column]) -> Field:
    return replace(
        declared, of=tuple(_narrowed(field, columns.get(field.name)) for field in declared.of)
    )


def _narrowed(declared: Field, column: Column | None) -> Field:
    """A declared field with the column's own width and digits. Its type stays: the connector
    translates it."""
    if column is None:
        return declared
    if declared.type == "text" and column.type in ("String", "Memo"):
        return replace(declared, length_max=column.length_max)
    if declared.type == "decimal" and column.type == "Decimal":
        return replace(declared, digits_max=column.digits)
    return declared


def _custom(declared: Field, columns: Mapping[str, Column], names: Names) -> Field:
    """The columns that were added to orders, less those that this connector fills itself."""
    ours = {names.effect_key, names.payment_id, names.external_order}
    added = [
        _field(column)
        for column in columns.values()
        if column.custom and column.writable and column.name not in ours
    ]
    fields = tuple(field for field in added if field is not None)
    return replace(declared, of=fields, required=any(field.required for field in fields))


def _field(column: Column) -> Field | None:
    kind = _TYPES.get(column.type)
    if column.type == "DateTime":
        kind = "date" if column.date_only else "instant"
    if kind is None:
        return None
    return Field(
        column.name,
        kind,
        column.title,
        required=column.required,
        length_max=column.length_max,
        digits_max=column.digits,
        options=tuple(column.options),
        inexact=column.type == "Double",
    )
