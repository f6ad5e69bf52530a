"""A run of every row against some place, and what it answers otherwise than our account does."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.certification.expected import answered_by
from tillbridge_simulators.cybersource.certification.row import Row, run
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans
from tillbridge_simulators.cybersource.certification.script import Means, Put, Script, Step
from tillbridge_simulators.cybersource.certification.table import ROWS
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.effects import EffectLog

_ITEM = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Certified:
    """One question of a row, and how its answer compares. No value of an answer is in it but where
    the row names one.

    Attributes:
        expected: the status and reason that our account gives; "" where it was not asked.
        differs: what the row wants otherwise: "status: 400 INVALID_DATA, not 2xx".
        new: fields that are in no recorded model.
        missing: fields that our account sends, and this place did not.
        more: recorded fields that this place sends, and our account does not.
        left_out: why the row was not run to its end; "" otherwise.
    """

    row: str
    key: str
    way: str
    answered: str
    expected: str = ""
    differs: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    left_out: str = ""


def rows_named(names: Sequence[str]) -> Sequence[Row]:
    """The rows with a key that begins so; every row for none."""
    if not names:
        return ROWS
    return [row for row in ROWS if any(key.startswith(tuple(names)) for key in row.keys)]


def certify(put: Put, means: Means, rows: Sequence[Row] = ROWS) -> Iterator[list[Certified]]:
    """A list for each row, as it is done."""
    account = Account(Options(partial_captures=True), EffectLog())
    for row in rows:
        name = row.keys[0]
        script = Script(put, means)
        left_out = run(row, script)
        wanted = Script(answered_by(account), SandboxMeans(account))
        if not left_out:
            run(row, wanted)
        done = [
            _compared(name, step, _same(step, at, wanted.steps))
            for at, step in enumerate(script.steps)
        ]
        if left_out:
            done.append(Certified(name, name, "", "", left_out=left_out))
        yield done


def _same(step: Step, at: int, wanted: Sequence[Step]) -> Step | None:
    if at < len(wanted) and wanted[at].question.key == step.question.key:
        return wanted[at]
    return None


def _compared(row: str, step: Step, wanted: Step | None) -> Certified:
    key, told = step.question.key, step.told
    answered = f"{told.status} {told.reason}".strip()
    expected = f"{wanted.told.status} {wanted.told.reason}".strip() if wanted else ""
    ours = _places(wanted.told.body) if wanted and wanted.told.status == told.status else set()
    theirs = _places(told.body)
    taken = 200 <= told.status < 300
    index = recorded()
    unknown = index.unknown(index.operations[key].answer, told.body) if taken else []
    new = {_ITEM.sub("", place) for place in unknown}
    return Certified(
        row,
        key,
        step.way,
        answered,
        expected,
        step.flaws,
        tuple(sorted(new)),
        tuple(sorted(ours - theirs)),
        tuple(sorted(theirs - ours - new)) if ours else (),
    )


def _places(body: Any) -> set[str]:
    """The dotted places of an answer; the items of a list are one place."""
    return set(_walk(body, ""))


def _walk(body: Any, place: str) -> Iterator[str]:
    if isinstance(body, Mapping):
        for name, inner in body.items():
            at = f"{place}.{name}" if place else name
            yield at
            yield from _walk(inner, at)
    elif isinstance(body, list):
        for inner in body:
            yield from _walk(inner, place)
