"""Tags of chip cards: all that are known, and what stands in the data that a terminal sent.

Source: the official client, EmvTagDetailsApi and its models ("masked data is represented by an
'X'", parsedTagLimit tags of each string). Nothing of it is kept. Which fields have to be there, and
what data are answered that cannot be read, is not documented.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.emv_data import (
    SENSITIVE,
    DataObject,
    data_objects,
    emv_tags,
)

_LIST = "emvDetailsList"
_CODED = "emvRequestCombinedTags"
_CODED_LENGTH_MAX = 999


def dictionary(_: Ask) -> Answer:
    """GET /tss/v2/transactions/emvTagDetails."""
    rows = [{"tag": one.tag, "name": one.name} for one in emv_tags().values()]
    return Answer(200, {"emvTagBreakdownList": rows})


def parse(ask: Ask) -> Answer:
    """POST /tss/v2/transactions/emvTagDetails. Raises Refusal."""
    text_at(ask.document, "requestor", length_max=255, required=True)
    given, limit = at(ask.document, _LIST), at(ask.document, "parsedTagLimit")
    if not given:
        raise Refusal("MISSING_FIELD", [_LIST])
    if limit is not None and limit < 1:
        raise Refusal("INVALID_DATA", ["parsedTagLimit"])
    parsed = [_parsed(one, f"{_LIST}[{place}]", limit) for place, one in enumerate(given)]
    return Answer(200, {"parsedEMVTagsList": parsed})


def _parsed(given: Mapping[str, Any], path: str, limit: int | None) -> dict[str, Any]:
    for name, length_max in (("requestId", 26), (_CODED, _CODED_LENGTH_MAX)):
        value = given.get(name)
        if not value:
            raise Refusal("MISSING_FIELD", [f"{path}.{name}"])
        if len(value) > length_max:
            raise Refusal("INVALID_DATA", [f"{path}.{name}"])
    try:
        found = list(data_objects(bytes.fromhex(given[_CODED])))[:limit]
    except ValueError:
        raise Refusal("INVALID_DATA", [f"{path}.{_CODED}"]) from None
    return {
        "requestId": given["requestId"],
        "totalTags": len(found),
        "emvTagBreakdownList": [_shown(one) for one in found],
    }


def _shown(one: DataObject) -> dict[str, Any]:
    known = emv_tags().get(one.tag)
    return {
        "tag": one.tag,
        "name": known.name if known else "Unknown",
        "length": len(one.value),
        "value": "XX" * len(one.value) if _is_sensitive(one) else one.value.hex().upper(),
        "description": known.description if known else "",
    }


def _is_sensitive(one: DataObject) -> bool:
    """Whether it, or something that it holds, is not shown."""
    if one.tag in SENSITIVE:
        return True
    return one.is_template and any(map(_is_sensitive, data_objects(one.value)))


OFFERS = (
    Offer("emv_tag_details.get_emv_tags", "emv_tags", dictionary),
    Offer("emv_tag_details.parse_emv_tags", "emv_tag_parsing", parse),
)
