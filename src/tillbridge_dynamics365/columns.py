"""The columns of the organization's tables as they are now, remembered for a while.

Source: learn.microsoft.com, "Query table definitions using the Web API": what all columns have is
read of Attributes, what one type has by a cast; options only where $expand asks for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Clock
from tillbridge_dynamics365.batch import Part
from tillbridge_dynamics365.web_api import WebApi

_EVERY: Final = (
    "?$select=LogicalName,AttributeType,DisplayName,RequiredLevel,IsCustomAttribute,"
    "IsValidForCreate"
)
_CASTS: Final[Mapping[str, str]] = {
    "String": "?$select=LogicalName,MaxLength",
    "Memo": "?$select=LogicalName,MaxLength",
    "Decimal": "?$select=LogicalName,Precision",
    "Double": "?$select=LogicalName,Precision",
    "DateTime": "?$select=LogicalName,Format",
    "Picklist": "?$select=LogicalName&$expand=OptionSet($select=Options)",
}
"""What only one type of column has, by type."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        type: as Dataverse calls it: "String", "Money", "Picklist", ...
        required: the platform refuses a row without it (SystemRequired). What only its forms ask
            for (ApplicationRequired) a program may leave out.
        custom: somebody added it.
        writable: it can be given when a row is created.
        options: a choice's values by their labels.
    """

    name: str
    type: str
    title: str = ""
    required: bool = False
    custom: bool = False
    writable: bool = True
    length_max: int | None = None
    digits: int | None = None
    date_only: bool = False
    options: Mapping[str, int] = field(default_factory=dict)


class Columns:
    """Reads the columns of tables, all in one call."""

    def __init__(self, web_api: WebApi, clock: Clock, life_s: int) -> None:
        self._web_api = web_api
        self._clock = clock
        self._life = timedelta(seconds=life_s)
        self._known: dict[str, tuple[datetime, Mapping[str, Column]]] = {}

    def forget(self) -> None:
        """The next use reads them again."""
        self._known = {}

    async def of(self, call: Call, table: str) -> Mapping[str, Column]:
        """A table's columns by logical name; remembered ones while they are fresh."""
        until, columns = self._known.get(table, (None, {}))
        if until is None or until <= self._clock():
            await self.read(call, (table,))
            columns = self._known[table][1]
        return columns

    async def read(self, call: Call, tables: Iterable[str]) -> Mapping[str, Mapping[str, Column]]:
        """The columns of tables, from the organization; a table that is not there has none.

        Raises:
            Transient, Misconfigured, Rejected: what the organization refuses.
        """
        names = tuple(tables)
        parts = [Part("GET", path) for table in names for path in _paths(table)]
        answers = iter(await self._web_api.batch(call, parts, write=False))
        found: dict[str, Mapping[str, Column]] = {}
        for table in names:
            rows: list[list[dict[str, Any]]] = []
            for path in _paths(table):
                answer = next(answers)
                if answer.status not in (200, 404):
                    raise self._web_api.refused(f"GET {path}", answer, write=False)
                rows.append(answer.row()["value"] if answer.status == 200 else [])
            found[table] = _columns(rows)
            self._known[table] = (self._clock() + self._life, found[table])
        return found


def _paths(table: str) -> list[str]:
    attributes = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    casts = (
        f"{attributes}/Microsoft.Dynamics.CRM.{kind}AttributeMetadata{query}"
        for kind, query in _CASTS.items()
    )
    return [attributes + _EVERY, *casts]


def _columns(answers: list[list[dict[str, Any]]]) -> Mapping[str, Column]:
    every, *casts = answers
    columns = {row["LogicalName"]: _column(row) for row in every}
    for rows in casts:
        for row in rows:
            name = row["LogicalName"]
            columns[name] = _detailed(columns[name], row)
    return columns


def _column(row: dict[str, Any]) -> Column:
    return Column(
        name=row["LogicalName"],
        type=row["AttributeType"],
        title=_text_of(row.get("DisplayName")),
        required=(row.get("RequiredLevel") or {}).get("Value") == "SystemRequired",
        custom=bool(row.get("IsCustomAttribute")),
        writable=row.get("IsValidForCreate") is not False,
    )


def _detailed(column: Column, row: dict[str, Any]) -> Column:
    options = (row.get("OptionSet") or {}).get("Options", ())
    labelled = {_text_of(option.get("Label")) or str(option["Value"]): option for option in options}
    return replace(
        column,
        length_max=row.get("MaxLength"),
        digits=row.get("Precision"),
        date_only=row.get("Format") == "DateOnly",
        options={label: option["Value"] for label, option in labelled.items()},
    )


def _text_of(label: dict[str, Any] | None) -> str:
    """A label in the language of the signed-in user; "" where there is none."""
    return str(((label or {}).get("UserLocalizedLabel") or {}).get("Label") or "")
