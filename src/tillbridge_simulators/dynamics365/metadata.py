"""Definitions over HTTP: EntityDefinitions with attributes and keys, relationships, publishing."""

import time

from tillbridge_simulators.dynamics365.addresses import Address, Segment
from tillbridge_simulators.dynamics365.column_metadata import read_column, show_column
from tillbridge_simulators.dynamics365.errors import (
    WRONG_PREFIX,
    DataverseError,
    bad_argument,
    bad_request,
    schema_name_taken,
    unknown_segment,
)
from tillbridge_simulators.dynamics365.filters import read_filter
from tillbridge_simulators.dynamics365.operations import Answer, Operation
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.payloads import Body, read_body, write_body
from tillbridge_simulators.dynamics365.tables import Column, Key, Table

_NAMESPACE = "Microsoft.Dynamics.CRM."
KEY_COLUMN_TYPES = {"Decimal", "Integer", "String", "DateTime", "Lookup", "Picklist"}
KEYS_MAX = 10


class Metadata:
    """Reads and changes definitions. A new key's index is ready `key_lag_s` later."""

    def __init__(self, organization: Organization, root: str, key_lag_s: float) -> None:
        self._organization = organization
        self._root = root
        self.key_lag_s = key_lag_s
        self.published: list[str] = []

    def answer(self, operation: Operation, address: Address) -> Answer:
        segment = address.segments[0]
        if segment.name == "RelationshipDefinitions":
            return self._relationships(operation, address)
        if not (segment.id or segment.key):
            if operation.method == "POST":
                return self._create_table(operation)
            return self._list_tables(address)
        table = self._table(segment)
        rest = address.names[1:]
        if not rest:
            return _json(_show_table(table) | self._expanded(table, address))
        if rest[0] == "Attributes":
            if operation.method == "POST":
                return self._create_column(operation, table)
            return self._attributes(table, address)
        if rest[0] == "Keys":
            if operation.method == "POST":
                return self._create_key(operation, table)
            return self._keys(table, address)
        raise unknown_segment(rest[0])

    def _table(self, segment: Segment) -> Table:
        name = segment.key.get("LogicalName")
        for table in self._organization.tables:
            if table.id == segment.id or table.name == name:
                return table
        raise DataverseError(
            404, "0x80060888", f"Could not find an entity with the name {name or segment.id}."
        )

    def _list_tables(self, address: Address) -> Answer:
        shown = [_show_table(table) for table in self._organization.tables]
        if "$filter" in address.options:
            test = read_filter(address.options["$filter"], lambda name: None)
            shown = [row for row in shown if test(row)]
        return _json({"value": shown})

    def _expanded(self, table: Table, address: Address) -> Body:
        wanted = address.options.get("$expand", "")
        found: Body = {}
        if "Keys" in wanted:
            found["Keys"] = [self._show_key(table, key) for key in table.keys.values()]
        if "Attributes" in wanted:
            found["Attributes"] = [show_column(column) for column in table.columns.values()]
        return found

    def _create_table(self, operation: Operation) -> Answer:
        body = read_body(operation.body)
        schema_name = str(body.get("SchemaName", ""))
        name = schema_name.lower()
        self._check_prefix(operation, schema_name)
        if name in self._organization.tables:
            raise schema_name_taken(schema_name)
        table = Table(
            name,
            schema_name,
            str(body.get("EntitySetName") or _plural(name)),
            f"{name}id",
            "",
            code=10000 + sum(1 for _ in self._organization.tables),
        )
        table.columns[table.id_column] = Column(
            table.id_column, f"{schema_name}Id", "Uniqueidentifier"
        )
        for kind in ("createdon", "modifiedon"):
            table.columns[kind] = Column(kind, kind, "DateTime", computed=True)
        table.columns["statecode"] = Column("statecode", "statecode", "State")
        table.columns["statuscode"] = Column(
            "statuscode", "statuscode", "Status", statuses={1: 0, 2: 1}
        )
        for attribute in body.get("Attributes", []):
            column = read_column(attribute)
            table.columns[column.name] = column
            if attribute.get("IsPrimaryName"):
                table.name_column = column.name
        if not table.name_column:
            raise bad_argument("A table needs a column with IsPrimaryName.")
        self._organization.tables.add(table)
        return self._created(f"EntityDefinitions({table.id})")

    def _create_column(self, operation: Operation, table: Table) -> Answer:
        column = read_column(read_body(operation.body))
        self._check_prefix(operation, column.schema_name)
        if column.name in table.columns:
            raise schema_name_taken(column.schema_name)
        table.columns[column.name] = column
        if column.type == "Money":
            table.columns.setdefault("transactioncurrencyid", _currency_column())
        return self._created(f"EntityDefinitions({table.id})/Attributes({column.id})")

    def _create_key(self, operation: Operation, table: Table) -> Answer:
        body = read_body(operation.body)
        schema_name = str(body.get("SchemaName", ""))
        self._check_prefix(operation, schema_name)
        columns = tuple(str(name) for name in body.get("KeyAttributes", []))
        if schema_name.lower() in table.keys:
            raise schema_name_taken(schema_name)
        if len(table.keys) >= KEYS_MAX:
            raise bad_argument(f"A table has at most {KEYS_MAX} alternate keys.")
        for name in columns:
            if name not in table.columns or table.columns[name].type not in KEY_COLUMN_TYPES:
                raise bad_argument(f"'{name}' cannot be part of an alternate key.")
        key = Key(schema_name, columns, ready_at=time.monotonic() + self.key_lag_s)
        table.keys[key.name] = key
        return self._created(f"EntityDefinitions({table.id})/Keys({key.id})")

    def _attributes(self, table: Table, address: Address) -> Answer:
        segments = address.segments[1:]
        columns = list(table.columns.values())
        wanted = segments[0].key.get("LogicalName")
        if wanted is not None:
            columns = [column for column in columns if column.name == wanted]
        if len(segments) > 1:
            kind = segments[1].name.removeprefix(_NAMESPACE).removesuffix("AttributeMetadata")
            columns = [column for column in columns if column.type == kind]
        if wanted is None:
            expand = address.options.get("$expand", "")
            shown = [show_column(column, expand) for column in columns]
            if "$filter" in address.options:
                test = read_filter(address.options["$filter"], lambda name: None)
                shown = [row for row in shown if test(row)]
            return _json({"value": shown})
        if not columns:
            raise DataverseError(404, "0x80060888", f"Could not find the attribute {wanted}.")
        return _json(show_column(columns[0], address.options.get("$expand", "")))

    def _keys(self, table: Table, address: Address) -> Answer:
        wanted = address.segments[1].key.get("LogicalName")
        shown = [self._show_key(table, key) for key in table.keys.values()]
        if wanted is None:
            return _json({"value": shown})
        for key in shown:
            if key["LogicalName"] == wanted:
                return _json(key)
        raise DataverseError(404, "0x80060888", f"Could not find the key {wanted}.")

    def _relationships(self, operation: Operation, address: Address) -> Answer:
        if operation.method != "POST":
            raise bad_request("Relationships can only be created here.")
        body = read_body(operation.body)
        lookup = body.get("Lookup", {})
        schema_name = str(body.get("SchemaName", ""))
        self._check_prefix(operation, schema_name)
        referencing = self._organization.tables.find(str(body.get("ReferencingEntity")))
        referenced = self._organization.tables.find(str(body.get("ReferencedEntity")))
        if referencing is None or referenced is None:
            raise bad_argument("The relationship names a table that does not exist.")
        column = Column(
            str(lookup.get("SchemaName", "")).lower(),
            str(lookup.get("SchemaName", "")),
            "Lookup",
            links={str(lookup.get("SchemaName", "")): referenced.name},
            rows_name=schema_name,
        )
        if column.name in referencing.columns:
            raise schema_name_taken(schema_name)
        referencing.columns[column.name] = column
        return self._created(f"RelationshipDefinitions({column.id})")

    def _check_prefix(self, operation: Operation, schema_name: str) -> None:
        """A schema name starts with the prefix of the publisher whose solution it goes into."""
        solution_name = operation.headers.get("mscrm.solutionuniquename", "")
        for solution in self._organization.rows.all(self._organization.table("solution")):
            if solution["uniquename"] == solution_name:
                publisher = self._organization.rows.get(
                    self._organization.table("publisher"), str(solution["_publisherid_value"])
                )
                prefix = f"{publisher['customizationprefix']}_"
                if not schema_name.startswith(prefix):
                    raise DataverseError(
                        400, WRONG_PREFIX, f"The name {schema_name} must start with {prefix}."
                    )
                return
        if solution_name:
            raise bad_argument(f"There is no solution {solution_name}.")

    def _show_key(self, table: Table, key: Key) -> Body:
        self._organization.rows.active(table, key)
        return {
            "SchemaName": key.schema_name,
            "LogicalName": key.name,
            "KeyAttributes": list(key.columns),
            "EntityKeyIndexStatus": key.status,
            "MetadataId": key.id,
        }

    def _created(self, path: str) -> Answer:
        return Answer(204, {"OData-EntityId": self._root + path})


def _json(body: Body) -> Answer:
    return Answer(200, {}, write_body(body))


def _show_table(table: Table) -> Body:
    return {
        "LogicalName": table.name,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set_name,
        "PrimaryIdAttribute": table.id_column,
        "PrimaryNameAttribute": table.name_column,
        "ObjectTypeCode": table.code,
        "IsOptimisticConcurrencyEnabled": True,
        "MetadataId": table.id,
    }


def _currency_column() -> Column:
    return Column(
        "transactioncurrencyid",
        "TransactionCurrencyId",
        "Lookup",
        links={"transactioncurrencyid": "transactioncurrency"},
    )


def _plural(name: str) -> str:
    if name.endswith("y"):
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch")) else "s")
