"""What a transaction search asks for: its terms and its order.

Sources: Transaction Search API, "Filtering by Query Parameter", "Filtering Using submitTimeUtc"
(Unix milliseconds, or NOW with steps as in NOW/DAY-7DAYS; a square bracket includes an end, a
curly one leaves it out), field `sort` of
the API reference ("a comma separated list of the following form: submitTimeUtc:desc"). Of equal
ones the order is not documented: here it is another one in every answer.
"""

import random
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.state import Authorization, Movement

Transaction: TypeAlias = "Authorization | Movement"
Term: TypeAlias = Callable[[Transaction], bool]

_WORD = re.compile(r'(clientReferenceInformation\.code|id):("[^"]*"|[^\s"]+)')
_RANGE = re.compile(r"submitTimeUtc:([\[{])(\S+) TO ([^\s\]}]+)([\]}])")
_MOMENT = re.compile(r"NOW((?:/[A-Z]+|[+-][0-9]{1,5}[A-Z]+)*)")
_STEP = re.compile(r"(/)([A-Z]+)|([+-][0-9]+)([A-Z]+)")
_UNITS_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}
_KEYS: dict[str, Callable[[Transaction], tuple[object, ...]]] = {
    "submitTimeUtc": lambda one: (one.at_s,),
    "id": lambda one: (one.id,),
}


def terms(query: str, now_s: float) -> list[Term]:
    """What a transaction has to fit, term by term. Raises Refusal for what is not understood."""
    return [_term(part.strip(), now_s) for part in query.split(" AND ")]


def code_of(query: str) -> str | None:
    """The order that a query asks for, if it asks for one."""
    for part in query.split(" AND "):
        found = _WORD.fullmatch(part.strip())
        if found and found[1] != "id":
            return found[2].strip('"')
    return None


def in_order(hits: Sequence[Transaction], sort: str) -> list[Transaction]:
    """As the sort says, equal ones in any order. Raises Refusal for what is not understood."""
    ordered = list(hits)
    random.shuffle(ordered)
    for part in reversed(sort.split(",")):
        name, _, way = part.strip().partition(":")
        if name not in _KEYS or way not in ("asc", "desc"):
            raise Refusal("INVALID_DATA", ["sort"])
        ordered.sort(key=_KEYS[name], reverse=way == "desc")
    return ordered


def _term(part: str, now_s: float) -> Term:
    if found := _RANGE.fullmatch(part):
        since_s, until_s = _moment(found[2], now_s), _moment(found[3], now_s)
        without = {since_s if found[1] == "{" else None, until_s if found[4] == "}" else None}
        return lambda one: since_s <= one.at_s <= until_s and one.at_s not in without
    if found := _WORD.fullmatch(part):
        name, wanted = found[1], found[2].strip('"')
        return lambda one: (one.id if name == "id" else one.code) == wanted
    raise Refusal("INVALID_DATA", ["query"])


def _moment(text: str, now_s: float) -> float:
    """Unix milliseconds, an ISO instant, or NOW with steps: NOW/DAY-7DAYS is a week before today
    began. Raises Refusal."""
    try:
        if found := _MOMENT.fullmatch(text):
            return _stepped(found[1], now_s)
        return int(text) / 1000 if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except (ValueError, KeyError):
        raise Refusal("INVALID_DATA", ["query"]) from None


def _stepped(steps: str, at_s: float) -> float:
    for rounds, whole, count, unit in _STEP.findall(steps):
        size_s = _UNITS_S[(whole or unit).removesuffix("S")]
        at_s = at_s - at_s % size_s if rounds else at_s + int(count) * size_s
    return at_s
