"""Writes the index of operations and models down from the official Python client's sources.

Run it when the pinned client changes:

    python -m tillbridge_simulators.cybersource.recorded.record CLIENT [OLDER]

CLIENT is the folder `CyberSource` of the client; OLDER that of version 0.0.20, the last whose
models tell how long a text may be. Nothing of the client is imported: its generated sources are
read as text, and only names, types and lengths are kept.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

HERE = Path(__file__).parent

_METHOD = re.compile(r"def (\w+)_with_http_info\(self.*?\):(.*?)(?=\n    def |\Z)", re.DOTALL)
_CALL = re.compile(r"call_api\(f?['\"]([^'\"]+)['\"],\s*'(\w+)'")
_BODY = re.compile(r"body_params = params\['(\w+)'\]")
_ANSWER = re.compile(r"response_type='([^']*)'")
_QUERY = re.compile(r"query_params(?:\.append\(\(|\[)'([^']+)'")
_ENCRYPTS = re.compile(r'inbound_mle_status = "(optional|mandatory)"')
_ACCEPT = re.compile(r"select_header_accept\(\[(.*?)\]")
_CLASS = re.compile(r"^class (\w+)\(", re.MULTILINE)
_PAIRS = re.compile(r"'([^']+)': '([^']+)'")
_LENGTH = re.compile(r"len\((\w+)\) > (\d+)")
_PLAIN = {
    "str": "text",
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "datetime": "instant",
    "date": "date",
    "object": "any",
}

Fields: TypeAlias = dict[str, str]
_LODGING = "Ptsv2paymentsTravelInformationLodging"
_COSTS = (
    "totalTaxAmount prepaidCost foodAndBeverageCost roomTaxAmount adjustmentAmount phoneCost "
    "restaurantCost roomServiceCost miniBarCost laundryCost miscellaneousCost giftShopCost "
    "movieCost healthClubCost valetParkingCost cashDisbursementCost nonRoomCost "
    "businessCenterCost loungeBarCost transportationCost gratuityAmount conferenceRoomCost "
    "audioVisualCost banquestCost nonRoomTaxAmount earlyCheckOutCost internetAccessCost"
)
_STATES = (
    "Ptsv2paymentsOrderInformationShipTo",
    "Riskv1decisionsOrderInformationShipTo",
    "Riskv1liststypeentriesOrderInformationAddress",
    "Riskv1liststypeentriesOrderInformationShipTo",
)
OUTGROWN = {
    ("Ptsv2paymentsConsumerAuthenticationInformation", "paSpecificationVersion"): 10,
    ("Ptsv2paymentsPaymentInformationFluidData", "value"): 8192,
    ("Riskv1authenticationsetupsPaymentInformationFluidData", "value"): 8192,
    (_LODGING, "checkInDate"): 8,
    (_LODGING, "checkOutDate"): 8,
    (_LODGING, "smokingPreference"): 3,
    **{(_LODGING, cost): 13 for cost in _COSTS.split()},
    **{(model, "administrativeArea"): 20 for model in _STATES},
}
"""Texts that are longer by now than when lengths were last said: versions have three parts, and
the official samples send a wallet's whole message, dates with four digits of the year, "yes", costs
of ten digits, and the whole name of a state."""


def operations(client: Path) -> Iterator[dict[str, object]]:
    """Every operation of the client, by file and then as it stands in it."""
    for path in sorted((client / "api").glob("*_api.py")):
        source = path.read_text(encoding="utf-8")
        for name, body in _METHOD.findall(source):
            found = _CALL.search(body)
            if found is None:
                raise ValueError(f"{path.name}: {name} calls nothing")
            yield {
                "group": path.stem.removesuffix("_api"),
                "name": name,
                "method": found[2],
                "path": found[1],
                "body": _body_of(body),
                "answer": _type(answer[1]) if (answer := _ANSWER.search(body)) else "",
                "query": _QUERY.findall(body),
                "accept": re.findall(r"'([^']+)'", "".join(_ACCEPT.findall(body))),
                "encrypts": "".join(_ENCRYPTS.findall(body)),
            }


def models(client: Path) -> dict[str, Fields]:
    """Every model's fields by their names in JSON."""
    found: dict[str, Fields] = {}
    for path in sorted((client / "models").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if named := _CLASS.search(source):
            types = _pairs(source, "swagger_types")
            names = _pairs(source, "attribute_map")
            found[named[1]] = {names[key]: _type(kind) for key, kind in types.items()}
    return found


def lengths(older: Path) -> dict[tuple[str, str], int]:
    """How long a text may be, by model and name in JSON."""
    found: dict[tuple[str, str], int] = {}
    for path in sorted((older / "models").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if named := _CLASS.search(source):
            names = _pairs(source, "attribute_map")
            for key, most in _LENGTH.findall(source):
                found[named[1], names[key]] = int(most)
    return found


def reached(known: dict[str, Fields], roots: Iterable[str]) -> dict[str, Fields]:
    """The models that these bodies and answers are made of."""
    open_, seen = list(roots), set()
    while open_:
        name = open_.pop().strip("[]{}")
        if name in known and name not in seen:
            seen.add(name)
            open_ += known[name].values()
    return {name: fields for name, fields in known.items() if name in seen}


def read(client: Path, older: Path | None) -> tuple[list[dict[str, object]], dict[str, Fields]]:
    """Every operation, and the models they are made of with the lengths of their texts."""
    done = list(operations(client))
    kept = reached(models(client), [str(one[role]) for one in done for role in ("body", "answer")])
    for (model, field), most in (lengths(older) if older else {}).items():
        if kept.get(model, {}).get(field) == "text":
            kept[model][field] = f"text {most}"
    for (model, field), most in OUTGROWN.items():
        if kept.get(model, {}).get(field):
            kept[model][field] = f"text {most}"
    return done, kept


def main(client: Path, older: Path | None) -> None:
    """Writes operations.jsonl and models.jsonl, a line each."""
    done, kept = read(client, older)
    _write(HERE / "operations.jsonl", done)
    rows = ({"model": name, "fields": fields} for name, fields in kept.items())
    _write(HERE / "models.jsonl", rows)


def _body_of(method: str) -> str:
    if (sent := _BODY.search(method)) is None:
        return ""
    told = re.search(rf":param (\S+) {sent[1]}\b", method)
    return _type(told[1]) if told else "any"


def _pairs(source: str, name: str) -> dict[str, str]:
    table = re.search(rf"{name} = \{{(.*?)\n    \}}", source, re.DOTALL)
    return dict(_PAIRS.findall(table[1])) if table else {}


def _type(kind: str) -> str:
    if kind.startswith("list["):
        return f"[{_type(kind[5:-1])}]"
    if kind.startswith("dict("):
        return f"{{{_type(kind[5:-1].split(', ', 1)[1])}}}"
    return _PLAIN.get(kind, kind)


def _write(path: Path, rows: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
