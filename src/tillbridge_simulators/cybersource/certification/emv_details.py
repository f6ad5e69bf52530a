"""Tags of chip cards, and data that hold them."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_ALL, _PARSE = "emv_tag_details.get_emv_tags", "emv_tag_details.parse_emv_tags"
_SENT = "9F02060000000025009F260812AB34CD56EF78905F34010182023800"
_AT = "parsedEMVTagsList.0"


def _dictionary(it: Script) -> None:
    it.shows(_ALL, {"emvTagBreakdownList.tag=9F26.name": "Application Cryptogram"})
    it.knows_nobody_else(_ALL)


def _parsing(it: Script) -> None:
    wanted = {
        f"{_AT}.totalTags": 4,
        f"{_AT}.emvTagBreakdownList.tag=9F26.value": "12AB34CD56EF7890",
        f"{_AT}.emvTagBreakdownList.tag=9F26.length": 8,
        f"{_AT}.emvTagBreakdownList.tag=5F34.value": "01",
    }
    it.finds(_PARSE, _asking(_SENT), wanted)
    first = {f"{_AT}.totalTags": 1, f"{_AT}.emvTagBreakdownList.0.tag": "9F02"}
    it.finds(_PARSE, _asking(_SENT) | {"parsedTagLimit": 1}, first)
    it.refused(_PARSE, 400, "INVALID_DATA", _asking(_SENT[:-2]))


def _asking(coded: str) -> dict[str, Any]:
    details = {"requestId": "1795318429905906691059", "emvRequestCombinedTags": coded}
    return {"requestor": "tillbridge", "emvDetailsList": [details]}


ROWS = (
    row(_dictionary, _ALL),
    row(_parsing, _PARSE),
)
