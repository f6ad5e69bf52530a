"""`tillbridge test --from-run`: a recorded run becomes a test that ends as the run did.

The story of the run's order is told again to simulators, twice: what comes of it is what the test
expects, and what differs between the two tellings (an id, a moment) may be anything. Where the
record has a refusal or a time that ran out, the simulated world is told to refuse, or time passes.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tillbridge.assembly import Site
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.documents import Value
from tillbridge.database.database import Database
from tillbridge.flows.bundle import TextFile
from tillbridge.mapping.yaml_text import block_lines
from tillbridge.outside.pointing import SYSTEMS
from tillbridge.outside.texts import Texts, read_texts
from tillbridge.rehearsal.differences import ANY, name_of, text_of
from tillbridge.rehearsal.places import Places
from tillbridge.rehearsal.play import Played, play
from tillbridge.rehearsal.pseudonyms import open_pseudonyms
from tillbridge.rehearsal.read import StoryReader
from tillbridge.rehearsal.record import Made, Ran, Record
from tillbridge.rehearsal.recorded import Recorded, read_recorded
from tillbridge.rehearsal.rehearsal import FOLDER, judge_of, quiet
from tillbridge.rehearsal.retelling import retold
from tillbridge.rehearsal.town import Town
from tillbridge.rehearsal.verdict import AUTHORIZATION, CHECKOUT
from tillbridge.rehearsal.watching import Watch

_NAME: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
TIMED_OUT: Final = "wait_timed_out"
PASSING: Final = "60d"
PASSING_TROUBLE: Final = ("transient", "rate_limit", "connection")
"""Classes of errors that were tried again until somebody had to look."""
LINE_WIDTH: Final = 98
NOT_HAPPENED: Final = ("planned", "intended", "unknown")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which run, and what its test is called; "" for a name of the run's own."""

    site: Site
    run_id: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Retold:
    """A test that was made.

    Attributes:
        steps, writes: how many.
        unlike: how its endings differ from the record's, as sentences; none when they do not.
    """

    path: Path
    steps: int
    writes: int
    unlike: tuple[str, ...]


async def retell_run(asked: Asked, database: Database) -> Retold:
    """Makes the test of a run.

    Raises:
        Rejected: the run is not known, its story has no step, or the file is there already.
        Misconfigured: the folder is not right.
    """
    quiet()
    recorded = await read_recorded(database, asked.run_id)
    path = _path(asked, recorded)
    texts = await read_texts(asked.site)
    story = retold(recorded, open_pseudonyms(asked.site.own))
    if not story["steps"]:
        raise Rejected(
            f"Nothing of run {asked.run_id} can be told again: no checkout and no event is kept.",
            reason="no_story",
            next_step="Choose another run of the order: tillbridge runs",
        )
    told = _Retelling(texts, recorded, story, path.stem)
    async with Town(asked.site.folder, texts.configured) as town:
        first = await told.play(town)
        if told.unlike(first):
            told.misbehave()
            first = await told.play(town)
        second = await told.play(town)
    text = told.text(first.record, second.record)
    told.check(text, second)
    await asyncio.to_thread(_write, path, text)
    unlike = tuple(told.unlike(first))
    return Retold(path, len(story["steps"]), len(told.written(first.record)), unlike)


class _Retelling:
    """One story on its way to a test."""

    def __init__(self, texts: Texts, recorded: Recorded, story: dict[str, Any], name: str) -> None:
        self._texts = texts
        self._recorded = recorded
        self._story = story
        self._name = name
        self._world: dict[str, list[dict[str, str]]] = {}
        self._reader = StoryReader(texts.folder, texts.configured)

    async def play(self, town: Town) -> Played:
        """Tells it once."""
        [story] = self._reader.read(TextFile("the run", self._yaml({}))).stories
        products = {
            str(line["product"]) for one in self._story["orders"].values() for line in one["lines"]
        }
        teaching = self._texts.teaching.and_products(products)
        async with town.scene(teaching, Watch()) as scene:
            return await play(story, scene)

    def misbehave(self) -> None:
        """The world refuses what it refused, and time passes where it ran out."""
        exhausted = {one.step for one in self._recorded.ended if one.kind in PASSING_TROUBLE}
        for connection, document in dict.fromkeys(self._recorded.failed):
            if self._texts.configured[connection].connector.name in SYSTEMS:
                fault = {"on": document, "fault": "refuse", "status": "400"}
                self._world.setdefault(connection, []).append(fault)
        for connection, document in self._steps_of(exhausted):
            fault = {"on": document, "fault": "refuse", "status": "503"}
            self._world.setdefault(connection, []).append(fault)
        if any(one.reason == TIMED_OUT for one in self._recorded.ended):
            self._story["steps"].append({"pass": PASSING})

    def unlike(self, played: Played) -> list[str]:
        """How the endings differ from the record's."""
        recorded = Counter((one.flow, one.ends) for one in self._recorded.ended)
        here = Counter((one.flow, one.ends) for one in played.record.ran if one.flow != CHECKOUT)
        sentences = [
            f"recorded: {flow} {ends}; not so here" for flow, ends in (recorded - here).elements()
        ]
        sentences += [
            f"here: {flow} {ends}; not so in the record"
            for flow, ends in (here - recorded).elements()
        ]
        return sentences

    def written(self, record: Record) -> list[Made]:
        """The documents that flows have written, or were refused."""
        return [
            one
            for one in record.made
            if one.state not in NOT_HAPPENED and one.document != AUTHORIZATION
        ]

    def text(self, first: Record, second: Record) -> str:
        """The whole file."""
        others = self.written(second)
        writes = []
        for made in self.written(first):
            twin = next((one for one in others if _same_step(one, made)), made)
            if twin is not made:
                others.remove(twin)
            fields = _alike(_plain(made.fields, made), _plain(twin.fields, twin))
            write: dict[str, Any] = {"write": made.name}
            if made.state != "done":
                write["ends"] = made.state
            writes.append({**write, "fields": fields})
        expect = {"writes": writes, "runs": _runs([one for one in first.ran if self._tells(one)])}
        return self._yaml({name: value for name, value in expect.items() if value})

    def check(self, text: str, played: Played) -> None:
        """The test is read and judged as any other is."""
        [story] = self._reader.read(TextFile(f"{FOLDER}/{self._name}.yaml", text)).stories
        flows = list(self._texts.folder.flows.values())
        judged = judge_of(self._texts, Places(flows)).judge(story, played)
        for one in judged.differences:
            raise Rejected(
                f"The story ends differently each time it is told: {one.what} is {one.found},"
                f" and was {one.expected}.",
                reason="not_repeatable",
                next_step="Write a test of a part of it by hand.",
            )

    def _tells(self, ran: Ran) -> bool:
        return ran.flow != CHECKOUT and (ran.ends != "done" or ran.flow == self._recorded.flow)

    def _steps_of(self, names: set[str]) -> Sequence[tuple[str, str]]:
        """The connections and documents that steps of those names write."""
        found = []
        for step, connection, document in self._recorded.steps:
            connector = self._texts.configured[connection].connector.name
            if step in names and connector in SYSTEMS:
                found.append((connection, document))
        return found

    def _yaml(self, expect: Mapping[str, Any]) -> str:
        test: dict[str, Any] = {"test": self._name.replace("-", " ")}
        if self._world:
            test["world"] = self._world
        test["steps"] = self._story["steps"]
        if expect:
            test["expect"] = expect
        content: dict[str, Any] = {}
        if self._story["orders"]:
            content["orders"] = self._story["orders"]
        return _HEAD + "\n".join(block_lines({**content, "tests": [test]}, LINE_WIDTH)) + "\n"


_HEAD = "# Made of a recorded run; names, addresses and numbers of persons are pseudonyms.\n"


def _same_step(one: Made, other: Made) -> bool:
    return (one.flow, one.step, one.name) == (other.flow, other.step, other.name)


def _runs(ran: Sequence[Ran]) -> list[dict[str, str]]:
    """How runs ended; several that ended alike are one line with `times`."""
    counted = Counter(tuple(_run(one).items()) for one in ran)
    return [
        {**dict(told), **({"times": str(count)} if count > 1 else {})}
        for told, count in counted.items()
    ]


def _run(ran: Ran) -> dict[str, str]:
    told = {"run": ran.flow, "ends": ran.ends}
    because = ran.reason or ran.step if ran.ends == "dead_letter" else ran.why.partition(":")[0]
    return {**told, "because": because} if because else told


def _plain(value: Value, made: Made) -> Any:
    """A written value as tests write it, ids of other systems by their names."""
    if isinstance(value, Mapping):
        return {name: _plain(inner, made) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, made) for inner in value]
    if isinstance(value, str):
        return value if value == made.subject else name_of(value, made.references) or value
    return text_of(value)


def _alike(one: Any, other: Any) -> Any:
    """What two tellings have in common; <any> where they differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _alike(value, other.get(name)) for name, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_alike(a, b) for a, b in zip(one, other, strict=True)]
    return one if one == other else ANY


def _path(asked: Asked, recorded: Recorded) -> Path:
    """Where the test will stand. Raises Rejected for a name that is taken, or is none."""
    name = asked.name or f"run-{asked.run_id}-{recorded.flow}"
    if not _NAME.fullmatch(name):
        raise Rejected(
            f"{name!r} is not fit for a name.",
            reason="bad_name",
            next_step="Use small letters, digits and hyphens: --name lost-capture",
        )
    path = asked.site.folder / FOLDER / f"{name}.yaml"
    if path.exists():
        raise Rejected(
            f"{path} is there already.",
            reason="not_empty",
            next_step="Choose another name: --name NAME",
        )
    return path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
