"""What a transaction search asks for: its terms, joined by AND, OR and NOT, and its order.

Sources: Transaction Search API, "Filtering by Query Parameter", "Filtering Using submitTimeUtc"
(Unix milliseconds, or NOW with steps as in NOW/DAY-7DAYS; a square bracket includes an end, a
curly one leaves it out), field `sort` of
the API reference ("a comma separated list of the following form: submitTimeUtc:desc"). Of equal
ones the order is not documented: here it is another one in every answer. Integrations join order
numbers with OR. Any name that the details of a transaction have can be asked for here, with `*` for
any letters; which the real search knows besides those of its guide is not documented.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.state import Authorization, Movement

Transaction: TypeAlias = "Authorization | Movement"
Term: TypeAlias = Callable[[Transaction], bool]
Show: TypeAlias = Callable[[Transaction], Mapping[str, Any]]
"""The details of a transaction."""

_WORD = re.compile(
    r'\s*([()]|(?:AND|OR|NOT)(?![\w.:])|[\w.]+:(?:"[^"]*"|[\[{][^\]}]*[\]}]|[^\s()"]+))\s*'
)
_RANGE = re.compile(r"([\[{])(\S+) TO (\S+)([\]}])")
_MOMENT = re.compile(r"NOW((?:/[A-Z]+|[+-][0-9]{1,5}[A-Z]+)*)")
_STEP = re.compile(r"(/)([A-Z]+)|([+-][0-9]+)([A-Z]+)")
_UNITS_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}
_DEPTH_MAX = 50
_CODE = "clientReferenceInformation.code"
_DETAILS = "TssV2TransactionsGet200Response"
_KEYS: dict[str, Callable[[Transaction], tuple[object, ...]]] = {
    "submitTimeUtc": lambda one: (one.at_s,),
    "id": lambda one: (one.id,),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a transaction has to fit.

    Attributes:
        codes: the order numbers that it can only have; None for any.
    """

    fits: Term
    codes: frozenset[str] | None = None


def wanted(query: str, now_s: float, show: Show) -> Wanted:
    """What a query asks for. Raises Refusal for what is not understood."""
    words, place = [], 0
    while place < len(query):
        found = _WORD.match(query, place)
        if found is None:
            raise _not_understood()
        words.append(found[1])
        place = found.end()
    if words.count("(") + words.count("NOT") > _DEPTH_MAX:
        raise _not_understood()
    reader = _Reader(iter([*words, ""]), now_s, show)
    return reader.whole()


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


class _Reader:
    """Reads the words of one query, the last of which is empty."""

    def __init__(self, words: Iterator[str], now_s: float, show: Show) -> None:
        self._words, self._now_s, self._show = words, now_s, show
        self._word = next(words)

    def whole(self) -> Wanted:
        found = self._any()
        if self._word:
            raise _not_understood()
        return found

    def _any(self) -> Wanted:
        parts = [self._all()]
        while self._word == "OR":
            self._go_on()
            parts.append(self._all())
        codes = frozenset().union(*(one.codes or () for one in parts))
        narrow = all(one.codes is not None for one in parts)
        return Wanted(lambda it: any(one.fits(it) for one in parts), codes if narrow else None)

    def _all(self) -> Wanted:
        parts = [self._one()]
        while self._word == "AND":
            self._go_on()
            parts.append(self._one())
        codes = next((one.codes for one in parts if one.codes is not None), None)
        return Wanted(lambda it: all(one.fits(it) for one in parts), codes)

    def _one(self) -> Wanted:
        word = self._go_on()
        if word == "NOT":
            inner = self._one()
            return Wanted(lambda it: not inner.fits(it))
        if word == "(":
            inner = self._any()
            if self._go_on() != ")":
                raise _not_understood()
            return inner
        name, colon, said = word.partition(":")
        if not colon:
            raise _not_understood()
        return self._term(name, said)

    def _term(self, name: str, said: str) -> Wanted:
        if name == "submitTimeUtc":
            return Wanted(_within(said, self._now_s))
        text = said.strip('"')
        if name == _CODE and "*" not in text:
            return Wanted(lambda it: it.code == text, frozenset({text}))
        if name == "id":
            return Wanted(lambda it: _fits(text, it.id))
        if not _is_shown(name):
            raise _not_understood()
        show = self._show
        return Wanted(lambda it: _fits(text, str(at(show(it), name) or "")))

    def _go_on(self) -> str:
        """The word that is read; after it stands the next one."""
        word = self._word
        self._word = next(self._words, "")
        return word


def _fits(wanted: str, value: str) -> bool:
    """Whether they are the same; `*` stands for any letters."""
    first, *rest = wanted.split("*")
    if not rest:
        return value == wanted
    if not value.startswith(first):
        return False
    place = len(first)
    for part in rest[:-1]:
        place = value.find(part, place) + len(part)
        if place < len(part):
            return False
    return value.endswith(rest[-1]) and len(value) - len(rest[-1]) >= place


def _within(said: str, now_s: float) -> Term:
    found = _RANGE.fullmatch(said)
    if found is None:
        raise _not_understood()
    since_s, until_s = _moment(found[2], now_s), _moment(found[3], now_s)
    without = {since_s if found[1] == "{" else None, until_s if found[4] == "}" else None}
    return lambda one: since_s <= one.at_s <= until_s and one.at_s not in without


def _is_shown(name: str) -> bool:
    """Whether the details of a transaction have a value of this name."""
    kind, models = _DETAILS, recorded().models
    for step in name.split("."):
        kind = models.get(kind, {}).get(step, "")
    return bool(kind)


def _moment(text: str, now_s: float) -> float:
    """Unix milliseconds, an ISO instant, or NOW with steps: NOW/DAY-7DAYS is a week before today
    began. Raises Refusal."""
    try:
        if found := _MOMENT.fullmatch(text):
            return _stepped(found[1], now_s)
        return int(text) / 1000 if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except (ValueError, KeyError):
        raise _not_understood() from None


def _stepped(steps: str, at_s: float) -> float:
    for rounds, whole, count, unit in _STEP.findall(steps):
        size_s = _UNITS_S[(whole or unit).removesuffix("S")]
        at_s = at_s - at_s % size_s if rounds else at_s + int(count) * size_s
    return at_s


def _not_understood() -> Refusal:
    return Refusal("INVALID_DATA", ["query"])
