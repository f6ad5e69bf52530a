"""JSON bodies into column values, and rows into JSON."""

import re
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from tillbridge_simulators.dynamics365.addresses import read_address
from tillbridge_simulators.dynamics365.errors import (
    bad_property,
    bad_request,
    key_missing,
    row_missing,
    too_long,
)
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.rows import Cell, Row
from tillbridge_simulators.dynamics365.tables import Column, Table

Body: TypeAlias = dict[str, Any]

_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EXPAND = re.compile(r"(\w+)(?:\(([^()]*)\))?\s*(?:,|$)")
_BIND = "@odata.bind"


def read_body(data: bytes) -> Body:
    """A JSON object whose numbers are exact. Raises for anything else."""
    try:
        return _DECODER.decode(data) if data.strip() else {}
    except msgspec.DecodeError as error:
        raise bad_request(f"The body is not a JSON object: {error}") from error


def write_body(body: Body) -> bytes:
    """JSON with Decimals as numbers, digit for digit."""
    return _ENCODER.encode(body)


def find_reference(organization: Organization, reference: str) -> tuple[Table, Row]:
    """The row that `/set(guid)`, `set(key='v')` or an absolute form of these names."""
    address = read_address(reference.removeprefix("/") if "/api/" not in reference else reference)
    segment = address.segments[0]
    table = organization.tables.of_set(segment.name)
    if segment.id:
        row = organization.rows.find(table, segment.id)
        if row is None:
            raise row_missing(table.name, segment.id)
        return table, row
    row = organization.rows.find_by_key(table, segment.key)
    if row is None:
        raise key_missing(table.name)
    return table, row


def read_values(organization: Organization, table: Table, body: Body) -> Row:
    """Column values of a body, by stored name.

    Raises:
        DataverseError: an unknown property, a lookup without bind, a text too long, a value of
            the wrong type, a bind to nothing.
    """
    values: Row = {}
    for name, value in body.items():
        if name.endswith(_BIND):
            values.update(_bind(organization, table, name.removesuffix(_BIND), value))
        elif "@" not in name:
            column = table.columns.get(name)
            if column is None:
                raise bad_property(
                    table.name,
                    f"The property '{name}' does not exist on type"
                    f" 'Microsoft.Dynamics.CRM.{table.name}'.",
                )
            if not column.computed:
                values[column.stored_as] = _cell(table, column, value)
    return values


def show_row(organization: Organization, table: Table, row: Row, options: dict[str, str]) -> Body:
    """A row as JSON by $select and $expand; the id and the version tag are always there."""
    selected = [name.strip() for name in options.get("$select", "").split(",") if name.strip()]
    for name in selected:
        check_property(table, name)
    names = selected or [column.stored_as for column in table.columns.values()]
    shown: Body = {"@odata.etag": version_tag(row)}
    for name in dict.fromkeys([*names, table.id_column]):
        shown[name] = row.get(name)
    for link, inner in _EXPAND.findall(options.get("$expand", "")):
        shown[link] = _expand(organization, table, row, link, inner)
    return shown


def version_tag(row: Row) -> str:
    """The ETag of a row's present version."""
    return f'W/"{row["versionnumber"]}"'


def check_property(table: Table, name: str) -> None:
    """Raises unless rows of the table show a property of this name."""
    column = table.column_stored_as(name)
    if name != "versionnumber" and (column is None or column.stored_as != name):
        raise bad_request(
            f"Could not find a property named '{name}' on type"
            f" 'Microsoft.Dynamics.CRM.{table.name}'."
        )


def _bind(organization: Organization, table: Table, navigation: str, value: object) -> Row:
    link = table.link(navigation)
    if link is None:
        raise bad_property(
            table.name, f"An undeclared property '{navigation}' which only has annotations."
        )
    column, target = link
    if value is None:
        return {column.stored_as: None}
    found, row = find_reference(organization, str(value))
    if found.name != target:
        raise bad_property(table.name, f"'{navigation}' cannot refer to {found.set_name}.")
    return {column.stored_as: row[found.id_column]}


def _cell(table: Table, column: Column, value: object) -> Cell:
    if column.type == "Lookup":
        raise bad_property(table.name, f"'{column.name}' is a lookup; write it with {_BIND}.")
    if value is None:
        return None
    if column.type in ("Money", "Decimal", "Double"):
        fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
    elif column.type in ("Integer", "Picklist", "State", "Status"):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif column.type == "Boolean":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, str)
    if not fits or not isinstance(value, str | int | Decimal | bool):
        raise bad_property(
            table.name, f"Cannot convert the value of '{column.name}' to {column.type}."
        )
    if isinstance(value, str) and column.length_max and len(value) > column.length_max:
        raise too_long(table.name, column.name, column.length_max)
    return value


def _expand(organization: Organization, table: Table, row: Row, link: str, inner: str) -> Any:
    options = dict(part.split("=", 1) for part in inner.split(";") if "=" in part)
    forward = table.link(link)
    if forward is not None:
        column, target_name = forward
        target = organization.table(target_name)
        found = organization.rows.find(target, str(row.get(column.stored_as)))
        return None if found is None else show_row(organization, target, found, options)
    for other, column in organization.tables.lookups_to(table.name):
        if column.rows_name == link:
            return [
                show_row(organization, other, candidate, options)
                for candidate in organization.rows.linked(other, column, str(row[table.id_column]))
            ]
    raise bad_request(f"Could not find a property named '{link}' on type '{table.name}'.")
