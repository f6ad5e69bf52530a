"""What each answer of Cybersource, and each break of a call to it, has to mean for us.

`break_table.csv` was written from Cybersource's documents (the reason codes, the status lists of
its official client's models, the HTTP codes of its token service), from RFC 9110 and from the
promises of this house, before anybody looked at how the connector reads them. A line says for which
operations, at which break point, for which HTTP status, status word and reason it holds: the first
that fits counts. `*` fits all, and several words in a cell are alternatives.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

MONEY: Final = (
    *("authorization", "sale", "incremental", "capture", "reversal"),
    *("void", "refund", "credit"),
)
"""What moves money: a lost answer may have moved it."""
TOKENS: Final = ("token", "update", "deletion", "customer")
KEPT: Final = (*TOKENS, "kept", "removal", "note")
"""What moves none: what the token vault keeps, and customers, whom nobody finds again without their
id; invoices, links, plans and subscriptions; remarks, which have no id at all."""
READS: Final = ("search", "details")
_FILE: Final = Path(__file__).parent / "break_table.csv"
_EVERY: Final = "*"

RETRY_AFTER: Final[Mapping[str, float | None]] = {
    "": None,
    "120": 120.0,
    "0": 0.0,
    "DATE": 120.0,
    "-5": None,
    "1.5": None,
    "soon": None,
    "99999999999": 86_400.0,
}
"""What Retry-After asks for, in seconds (RFC 9110: whole seconds or a date; anything else says
nothing), and that nobody waits for longer than a day without looking again. DATE stands for the
server's own time and two minutes."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One line of the table: the class an answer lands in, and what follows.

    Attributes:
        meant: approved, partial, declined, held_declined, challenge, "review <which>", answered;
            unknown, not_done, refused, set_up.
        follows: none, wait, reverse, retry, find_or_fence, desk.
        line: of the file.
    """

    operations: frozenset[str]
    points: frozenset[str]
    https: frozenset[str]
    statuses: frozenset[str]
    reasons: frozenset[str]
    setting: str
    meant: str
    follows: str
    source: str
    line: int

    def fits(self, case: "Case") -> bool:
        return (
            _has(self.operations, case.operation)
            and _has(self.points, case.point)
            and _has(self.https, str(case.http))
            and _has(self.statuses, case.status or "-")
            and _has(self.reasons, case.reason or "-")
            and self.setting in (_EVERY, case.setting)
        )


class Case(Protocol):
    """What the table is asked about; "" for what was not said."""

    @property
    def operation(self) -> str: ...
    @property
    def point(self) -> str: ...
    @property
    def http(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def setting(self) -> str: ...


@cache
def table() -> tuple[Stated, ...]:
    """Every line, in order."""
    with _FILE.open(newline="") as file:
        return tuple(
            Stated(
                operations=_operations(row["operations"]),
                points=_words(row["point"]),
                https=_words(row["http"]),
                statuses=_words(row["status"]),
                reasons=_words(row["reason"]),
                setting=row["setting"],
                meant=row["class"],
                follows=row["follow_up"],
                source=row["source"],
                line=number,
            )
            for number, row in enumerate(csv.DictReader(file), start=2)
        )


def stated(case: Case) -> Stated:
    """What has to come of it. Raises LookupError where the table says nothing."""
    for line in table():
        if line.fits(case):
            return line
    raise LookupError(f"no line for {case}")


def settings_named() -> tuple[str, ...]:
    """Every setting a line depends on, as "name=value"; "" first: as they stand by default."""
    found = dict.fromkeys(line.setting for line in table() if line.setting != _EVERY)
    return ("", *found)


def _operations(cell: str) -> frozenset[str]:
    words: set[str] = set()
    for word in cell.split():
        words.update({"MONEY": MONEY, "READ": READS, "WRITE": (*MONEY, *KEPT)}.get(word, (word,)))
    return frozenset(words)


def _words(cell: str) -> frozenset[str]:
    return frozenset(cell.split())


def _has(words: frozenset[str], word: str) -> bool:
    return word in words or _EVERY in words
