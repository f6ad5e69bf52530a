"""What a transaction search asks for: its terms and its order.

Sources: Transaction Search API, "Filtering by Query Parameter", "Filtering Using submitTimeUtc"
(Unix milliseconds; a square bracket includes an end, a curly one leaves it out), field `sort` of
the API reference ("a comma separated list of the following form: submitTimeUtc:desc"). Of equal
ones the order is not documented: here it is another one in every answer.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.state import Authorization, Movement

Transaction: TypeAlias = "Authorization | Movement"
Term: TypeAlias = Callable[[Transaction], bool]

_WORD = re.compile(r'(clientReferenceInformation\.code|id):("[^"]*"|[^\s"]+)')
_RANGE = re.compile(r"submitTimeUtc:\[([0-9]{1,15}) TO ([0-9]{1,15})([\]}])")
_KEYS: dict[str, Callable[[Transaction], tuple[object, ...]]] = {
    "submitTimeUtc": lambda one: (one.at_s,),
    "id": lambda one: (one.id,),
}


def terms(query: str) -> list[Term]:
    """What a transaction has to fit, term by term. Raises Refusal for what is not understood."""
    return [_term(part.strip()) for part in query.split(" AND ")]


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


def _term(part: str) -> Term:
    if found := _RANGE.fullmatch(part):
        since_s, until_s, with_end = int(found[1]) / 1000, int(found[2]) / 1000, found[3] == "]"
        return lambda one: since_s <= one.at_s < until_s or (with_end and one.at_s == until_s)
    if found := _WORD.fullmatch(part):
        name, wanted = found[1], found[2].strip('"')
        return lambda one: (one.id if name == "id" else one.code) == wanted
    raise Refusal("INVALID_DATA", ["query"])
