"""What a request for a report says: its definition, columns and time zone."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.documents import text_at
from tillbridge_simulators.cybersource.report_definitions import DEFINITIONS, Definition

_ZONES = {"GMT": "UTC", "PST": "America/Los_Angeles", "EST": "America/New_York"}


def definition_at(document: Mapping[str, Any]) -> Definition:
    """The definition a request names. Raises Refusal."""
    name = text_at(document, "reportDefinitionName", length_max=80, required=True)
    if name not in DEFINITIONS:
        raise Refusal("INVALID_DATA", ["reportDefinitionName"])
    return DEFINITIONS[name]


def fields_at(document: Mapping[str, Any], definition: Definition) -> tuple[str, ...]:
    """The columns a request names. Raises Refusal for one that the report does not have."""
    fields = tuple(document.get("reportFields") or ())
    known = {one.id for one in definition.columns}
    if wrong := [f"reportFields[{at}]" for at, one in enumerate(fields) if one not in known]:
        raise Refusal("INVALID_DATA", wrong)
    return fields


def zone_at(document: Mapping[str, Any]) -> str:
    """The time zone a request names; GMT when it names none. Raises Refusal."""
    zone = text_at(document, "timezone", length_max=50, required=False) or "GMT"
    try:
        zone_of(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refusal("INVALID_DATA", ["timezone"]) from None
    return zone


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name or by what Cybersource calls it."""
    return ZoneInfo(_ZONES.get(name, name))
