"""Which reports there are, and which columns each may have.

Sources: REST API reference, Reporting: "Get Reporting Resource Information", "Get Report
Definition", "Download XSD for Report", "Download DTD for Report"; the official client's models,
which spell `reportDefintionName`. How the names of schemas follow from those of definitions is not
documented: DecisionManagerDetailReport and pbdr-1.1 are its examples, and so a class is asked for;
any other name is asked for as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Call
from tillbridge.connector.report_orders import ReportColumn, ReportDefinition, SchemaForm
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_columns import meaning_of
from tillbridge_cybersource.report_kinds import REPORT_KINDS, kind_named
from tillbridge_cybersource.report_windows import organization_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "report_definitions.get_resource_v2_info",
        "report_definitions.get_resource_info_by_report_definition",
        "download_xsd.get_xsdv2",
        "download_dtd.get_dtdv2",
    }
)
SCHEMA_MAX_BYTES: Final = 4_000_000
_PATH: Final = "/reporting/v3/report-definitions"
_SCHEMAS: Final[Mapping[SchemaForm, tuple[str, str]]] = {
    "xsd": ("/reporting/v3/xsds", "text/xml"),
    "dtd": ("/reporting/v3/dtds", "application/xml-dtd"),
}
"""Where they are, and as what they come."""


class ReportDefinitions:
    """The kinds of reports of one organization."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._organization = organization_of(settings)
        self._names = {number: kind.definition for number, kind in REPORT_KINDS.items()}

    async def every(self, call: Call) -> Sequence[ReportDefinition]:
        rows = await self._rows(call)
        return [_definition(row) for row in sorted(rows, key=_name)]

    async def one(self, call: Call, name: str) -> ReportDefinition:
        wanted = definition_named(name)
        target = asked(f"{_PATH}/{quote(wanted, safe='')}", self._organization)
        answer = await self._exchange.read(call, target)
        if answer.status == 404:
            raise self._unknown(name, map(_name, await self._rows(call)))
        if answer.status != 200:
            raise refusal(self._exchange.name, f"Reading the report definition {wanted}", answer)
        return _definition(answer.body, wanted)

    async def schema(self, call: Call, name: str, form: SchemaForm) -> str:
        path, accept = _SCHEMAS[form]
        content = bytearray()
        at = f"{path}/{quote(schema_name(name, form), safe='')}"
        async with self._exchange.stream(call, at, accept) as answer:
            if answer.status == 404:
                raise Rejected(
                    f"{self._exchange.name}: there is no {form.upper()} {name!r}.",
                    reason="unknown_schema",
                    next_step="Cybersource names them otherwise than its definitions, such as"
                    " DecisionManagerDetailReport (XSD), tdr or pbdr-1.1 (DTD): give such a name.",
                )
            async for chunk in answer.chunks:
                content += chunk
                if len(content) > SCHEMA_MAX_BYTES:
                    raise Rejected(f"The {form.upper()} {name!r} is too long.", reason="too_long")
        return content.decode("utf-8", "replace")

    async def columns_for(self, call: Call, definition: str) -> Sequence[str]:
        """Those to ask for: what we read, or of another report what it has by itself."""
        kind = kind_named(definition)
        if kind is not None:
            return kind.fields
        columns = (await self.one(call, definition)).columns
        own = [one.id for one in columns if one.is_default or one.is_required]
        return own or [one.id for one in columns]

    async def name_of(self, call: Call, number: str) -> str:
        """The name behind a number, as lists of reports have it; the number where none is."""
        if number and number not in self._names:
            known = {
                text_of(row, "reportDefinitionId"): _name(row) for row in await self._rows(call)
            }
            self._names = {number: number} | known | self._names
        return self._names.get(number, number)

    async def _rows(self, call: Call) -> Sequence[Row]:
        target, doing = asked(_PATH, self._organization), "Listing the report definitions"
        return await listed(self._exchange, call, target, "reportDefinitions", doing)

    def _unknown(self, name: str, known: Iterable[str]) -> Rejected:
        names = sorted(known)
        near = get_close_matches(name, names, n=1)
        return Rejected(
            f"{self._exchange.name}: there is no report definition {name!r}.",
            reason="unknown_definition",
            next_step=f"Did you mean {near[0]}?" if near else f"There are {', '.join(names)}.",
        )


def definition_named(name: str) -> str:
    """A definition's class; what the setting `reports` calls it ("batches") is taken as well."""
    return next((one.definition for one in REPORT_KINDS.values() if one.name == name), name)


def schema_name(name: str, form: SchemaForm) -> str:
    """Of a definition's class the name its schema seems to have; any other name as it is."""
    wanted = definition_named(name)
    if not wanted.endswith("Class"):
        return wanted
    report = f"{wanted.removesuffix('Class')}Report"
    return report if form == "xsd" else "".join(filter(str.isupper, report)).lower()


def _definition(row: Row, name: str = "") -> ReportDefinition:
    kind = kind_named(found := _name(row) or name)
    wanted = {meaning_of(one) for one in kind.fields} if kind else set()
    return ReportDefinition(
        name=found,
        title=text_of(row, "description"),
        formats=tuple(map(str, row.get("supportedFormats") or ())),
        read_as=kind.name if kind else "",
        columns=tuple(
            ReportColumn(
                id=text_of(one, "name") or text_of(one, "id"),
                title=text_of(one, "description"),
                is_required=one.get("required") is True,
                is_default=one.get("default") is True,
                is_read=meaning_of(text_of(one, "name") or text_of(one, "id")) in wanted,
            )
            for one in row.get("attributes") or ()
        ),
    )


def _name(row: Row) -> str:
    return text_of(row, "reportDefintionName") or text_of(row, "reportDefinitionName")
