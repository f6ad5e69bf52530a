"""Create, read, update, upsert and delete of rows over HTTP."""

from dataclasses import dataclass

from tillbridge_simulators.dynamics365.addresses import Address, Segment
from tillbridge_simulators.dynamics365.errors import (
    DataverseError,
    bad_request,
    duplicate_key,
    key_missing,
    row_missing,
    unknown_segment,
    version_mismatch,
)
from tillbridge_simulators.dynamics365.filters import order_rows, read_filter
from tillbridge_simulators.dynamics365.operations import Answer, Operation
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.payloads import (
    Body,
    check_property,
    read_body,
    read_values,
    show_row,
    version_tag,
    write_body,
)
from tillbridge_simulators.dynamics365.rows import Row
from tillbridge_simulators.dynamics365.sales_orders import (
    create_line,
    create_order,
    delete_line,
    update_line,
    update_order,
)
from tillbridge_simulators.dynamics365.tables import Table

PAGE_ROWS = 5000


@dataclass(frozen=True, slots=True)
class RecordCall:
    """One operation on one entity set; `root` is the API's absolute address."""

    organization: Organization
    root: str
    operation: Operation
    address: Address
    table: Table

    @property
    def segment(self) -> Segment:
        return self.address.segments[0]

    @property
    def keyed(self) -> bool:
        return bool(self.segment.id or self.segment.key)


def answer_records(
    organization: Organization, root: str, operation: Operation, address: Address
) -> Answer:
    """Raises DataverseError for what is refused."""
    if len(address.segments) != 1:
        raise unknown_segment(address.segments[-1].name)
    table = organization.tables.of_set(address.segments[0].name)
    call = RecordCall(organization, root, operation, address, table)
    match operation.method, call.keyed:
        case "POST", False:
            values = read_values(organization, table, read_body(operation.body))
            return _written(call, create(organization, table, values), created=True)
        case "GET", True:
            return _read(call)
        case "GET", False:
            return _query(organization, address, table)
        case "PATCH", True:
            return _upsert(call)
        case "DELETE", True:
            row = _found(call)
            _check_version(operation, row)
            delete(organization, table, row)
            return Answer(204)
    raise bad_request(f"{operation.method} is not supported here.")


def create(organization: Organization, table: Table, values: Row) -> Row:
    """A new row by the rules of its table."""
    if table.name == "salesorder":
        return create_order(organization, values)
    if table.name == "salesorderdetail":
        return create_line(organization, values)
    return organization.insert(table, values)


def update(organization: Organization, table: Table, row: Row, values: Row) -> None:
    """Changes a row by the rules of its table."""
    if table.name == "salesorder":
        update_order(organization, row, values)
    elif table.name == "salesorderdetail":
        update_line(organization, row, values)
    else:
        organization.update(table, row, values)


def delete(organization: Organization, table: Table, row: Row) -> None:
    """Deletes a row by the rules of its table."""
    if table.name == "salesorderdetail":
        delete_line(organization, row)
    else:
        organization.rows.delete(table, row)


def _read(call: RecordCall) -> Answer:
    row = _found(call)
    if call.operation.headers.get("if-none-match") == version_tag(row):
        return Answer(304)
    body: Body = {"@odata.context": f"$metadata#{call.table.set_name}/$entity"}
    body.update(show_row(call.organization, call.table, row, call.address.options))
    return Answer(200, {"ETag": version_tag(row)}, write_body(body))


def _query(organization: Organization, address: Address, table: Table) -> Answer:
    options = address.options
    rows = list(organization.rows.all(table))
    if "$filter" in options:
        test = read_filter(options["$filter"], lambda name: check_property(table, name))
        rows = [row for row in rows if test(row)]
    if "$orderby" in options:
        rows = order_rows(rows, options["$orderby"])
    body: Body = {"@odata.context": f"$metadata#{table.set_name}"}
    if options.get("$count") == "true":
        body["@odata.count"] = min(len(rows), PAGE_ROWS)
    rows = rows[: int(options.get("$top", PAGE_ROWS))]
    body["value"] = [show_row(organization, table, row, options) for row in rows]
    return Answer(200, {}, write_body(body))


def _upsert(call: RecordCall) -> Answer:
    """PATCH creates what is not there; If-Match: * forbids that, If-None-Match: * the update."""
    organization, table, segment = call.organization, call.table, call.segment
    row = _find(call)
    body = read_body(call.operation.body)
    if row is None:
        if "if-match" in call.operation.headers:
            raise _missing(call)
        named: Row = {table.id_column: segment.id} if segment.id else dict(segment.key)
        values = {**named, **read_values(organization, table, body)}
        return _written(call, create(organization, table, values), created=True)
    if call.operation.headers.get("if-none-match") == "*":
        raise duplicate_key()
    _check_version(call.operation, row)
    values = read_values(organization, table, body)
    for name in (*segment.key, table.id_column):
        values.pop(name, None)
    update(organization, table, row, values)
    return _written(call, row, created=False)


def _find(call: RecordCall) -> Row | None:
    if call.segment.id:
        return call.organization.rows.find(call.table, call.segment.id)
    return call.organization.rows.find_by_key(call.table, call.segment.key)


def _found(call: RecordCall) -> Row:
    row = _find(call)
    if row is None:
        raise _missing(call)
    return row


def _missing(call: RecordCall) -> DataverseError:
    if call.segment.id:
        return row_missing(call.table.name, call.segment.id)
    return key_missing(call.table.name)


def _check_version(operation: Operation, row: Row) -> None:
    wanted = operation.headers.get("if-match", "*")
    if wanted not in ("*", version_tag(row)):
        raise version_mismatch()


def _written(call: RecordCall, row: Row, *, created: bool) -> Answer:
    """204 with the row's address; the key form of the request is echoed, as the real one does."""
    table = call.table
    named = str(row[table.id_column])
    if call.segment.key:
        named = ",".join(f"{name}='{value}'" for name, value in call.segment.key.items())
    headers = {"OData-EntityId": f"{call.root}{table.set_name}({named})"}
    if call.operation.method == "POST":
        headers["Location"] = headers["OData-EntityId"]
    if not call.operation.prefers("return=representation"):
        return Answer(204, headers)
    headers["Preference-Applied"] = "return=representation"
    body = show_row(call.organization, table, row, call.address.options)
    return Answer(201 if created else 200, headers, write_body(body))
