"""Judges a played test: every write and every ending that is not as expected."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tillbridge.connector.documents import Field
from tillbridge.rehearsal.differences import Difference, field_differences
from tillbridge.rehearsal.places import Places
from tillbridge.rehearsal.play import Played
from tillbridge.rehearsal.record import Made, Ran, Record
from tillbridge.rehearsal.story import ExpectedRun, ExpectedWrite, Story

CHECKOUT: Final = "checkout"
AUTHORIZATION: Final = "authorization"
NEVER: Final = "nothing"
_EFFECTS: Final = {
    ("shop", "payment_status"): "shop_message",
    ("sagepro", "payment_transaction"): "cross_reference",
}
"""The simulators' own words for documents they know by another name."""
_COUNTED: Final = frozenset(
    {
        *("authorization", "capture", "reversal", "sales_order", "payment_transaction"),
        *("sales_order_release", "sales_order_cancellation", "payment_status"),
    }
)
"""Documents of which the simulators count each effect."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a test ended; it has passed when there is no difference."""

    story: Story
    played: Played
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


class Judge:
    """Judges the tests of one folder.

    Args:
        shapes: the fields of each document by "connection/document".
        systems: by connection, the simulated system behind it.
    """

    def __init__(
        self,
        shapes: Mapping[str, Sequence[Field]],
        systems: Mapping[str, str],
        places: Places,
    ) -> None:
        self._shapes = shapes
        self._systems = systems
        self._places = places

    def judge(self, story: Story, played: Played) -> Judged:
        """All differences. Raises Misconfigured for what the test says that cannot be."""
        found = [
            Difference("this step", "done", one.sentence, one.place) for one in played.troubles
        ]
        found += self._writes(story, played.record)
        found += _runs(story, played.record.ran)
        found += self._doubles(story, played.record)
        return Judged(story, played, tuple(found))

    def _writes(self, story: Story, record: Record) -> Iterator[Difference]:
        left = [one for one in record.made if one.state != "planned"]
        for expected in story.writes:
            for _ in range(expected.times):
                best = self._nearest(expected, left)
                if best is None:
                    yield _missing(expected, record)
                    break
                made, differences = best
                left.remove(made)
                yield from differences
            if expected.times == 0:
                for made in [one for one in left if _fits(expected, one)]:
                    left.remove(made)
                    yield Difference(made.name, NEVER, _told(made), expected.place)
        for made in left:
            if not story.others and made.document != AUTHORIZATION:
                yield Difference(made.name, NEVER, _told(made), story.place)

    def _nearest(
        self, expected: ExpectedWrite, left: Sequence[Made]
    ) -> tuple[Made, list[Difference]] | None:
        """Of the writes of the kind that are left, the one that differs least."""
        judged = [(made, self._compare(expected, made)) for made in left if _fits(expected, made)]
        return min(judged, key=lambda one: len(one[1]), default=None)

    def _compare(self, expected: ExpectedWrite, made: Made) -> list[Difference]:
        found = []
        if made.state != expected.ends:
            why = f": {made.reason}" if made.reason else ""
            found.append(Difference(made.name, expected.ends, f"{made.state}{why}", expected.place))
        node = expected.fields or expected.including
        if node is None:
            return found
        fields = field_differences(
            node, made, self._shapes[made.name], partly=expected.including is not None
        )
        return found + [
            replace(one, rule=self._places.of(made.flow, made.step, one.what)) for one in fields
        ]

    def _doubles(self, story: Story, record: Record) -> Iterator[Difference]:
        """Where a simulator saw another number of effects than the journal knows."""
        ours: Counter[tuple[str, str]] = Counter()
        for made in record.made:
            system = self._systems.get(made.connection, "")
            if made.state == "done" and made.document in _COUNTED:
                ours[system, made.document] += 1
        for (system, document), count in ours.items():
            word = _EFFECTS.get((system, document), document)
            theirs = sum(kind == word for kind, _ in record.effects.get(system, ()))
            if theirs > count and (system, document) not in _MORE:
                yield Difference(
                    f"{system}: {document}", f"{count} times", f"{theirs} times", story.place
                )


_MORE: Final = frozenset(
    {
        ("cybersource", "authorization"),  # one that was fenced stands in its log as well
        ("cybersource", "capture"),
        ("cybersource", "reversal"),
        ("sagepro", "payment_transaction"),  # its cross-references are of other documents, too
    }
)


def _runs(story: Story, ran: Sequence[Ran]) -> Iterator[Difference]:
    left = list(ran)
    for expected in story.runs:
        for _ in range(max(expected.times, 1)):
            run = _matching(expected, left)
            if run is None and expected.times == 0:
                break
            if run is None:
                others = [one for one in ran if one.flow == expected.flow]
                found = "; ".join(map(_stands, others)) or "it did not run"
                yield Difference(
                    f"run of {expected.flow}", _wanted(expected), found, expected.place
                )
                left = [one for one in left if one.flow != expected.flow]
                break
            left.remove(run)
            if expected.times == 0:
                yield Difference(
                    f"run of {expected.flow}", f"not {_wanted(expected)}", _stands(run),
                    expected.place,
                )  # fmt: skip
    for run in left:
        if run.ends not in ("done", "cancelled"):
            where = f"run of {run.flow}" if run.flow != CHECKOUT else "the checkout"
            yield Difference(where, "done or cancelled", _stands(run), story.place)


def _matching(expected: ExpectedRun, left: Sequence[Ran]) -> Ran | None:
    for run in left:
        told = f"{run.why} {run.reason} {run.step}"
        if run.flow == expected.flow and run.ends == expected.ends and expected.because in told:
            return run
    return None


def _wanted(expected: ExpectedRun) -> str:
    because = f" because of {expected.because!r}" if expected.because else ""
    return f"{expected.ends}{because}"


def _stands(run: Ran) -> str:
    at = f" at {run.step}" if run.step else ""
    return f"{run.ends}{at}: {run.why}" if run.why else f"{run.ends}{at}"


def _fits(expected: ExpectedWrite, made: Made) -> bool:
    return (made.connection, made.document) == (expected.connection, expected.document)


def _missing(expected: ExpectedWrite, record: Record) -> Difference:
    name = f"{expected.connection}/{expected.document}"
    count = sum(_fits(expected, made) for made in record.made)
    return Difference(
        name, f"written {expected.times} times", f"written {count} times", expected.place
    )


def _told(made: Made) -> str:
    return f"{made.state}, by the step {made.step} of {made.flow or CHECKOUT}"
