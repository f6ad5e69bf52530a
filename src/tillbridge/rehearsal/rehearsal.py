"""`tillbridge test`: reads a folder's tests, plays them over simulators, and says what differs."""

import asyncio
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tillbridge.assembly import Site
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError
from tillbridge.flows.bundle import TextFile
from tillbridge.outside.texts import Teaching, Texts, read_texts
from tillbridge.rehearsal.coverage import coverage_of
from tillbridge.rehearsal.places import Places
from tillbridge.rehearsal.play import play
from tillbridge.rehearsal.read import StoryReader
from tillbridge.rehearsal.report import (
    Told,
    as_json,
    as_junit,
    show,
    show_coverage,
    show_sum,
)
from tillbridge.rehearsal.story import Story, StoryFile
from tillbridge.rehearsal.town import Town
from tillbridge.rehearsal.verdict import Judge, Judged
from tillbridge.rehearsal.watching import Watch

FOLDER = "tests"
PIPED_WIDTH = 160
FAILED = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tested.

    Attributes:
        files: of tests, as paths; none: every one in the folder's tests/.
        matching: only tests whose name has this in it.
        json: print JSON instead of tables.
        junit: where JUnit XML is to be written; None for nowhere.
        coverage: show which steps, cases and rules no test has taken.
    """

    site: Site
    files: tuple[Path, ...] = ()
    matching: str = ""
    json: bool = False
    junit: Path | None = None
    coverage: bool = False


def run_tests(wanted: Wanted) -> int:
    """Tests a folder; the exit status: 0 only when every test passed.

    Raises:
        Misconfigured: the folder or a test is not right, with file and line.
        Rejected: there is no test.
    """
    quiet()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    return asyncio.run(_run(wanted, console))


def quiet() -> None:
    """What a test provokes is no news: the engine's own warnings are not shown."""
    logger = logging.getLogger("tillbridge")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


def judge_of(texts: Texts, places: Places) -> Judge:
    """A judge of a folder's tests."""
    systems = {one.name: one.connector.name for one in texts.configured.values()}
    return Judge(texts.fields, systems, places)


async def _run(wanted: Wanted, console: Console) -> int:
    began = time.monotonic()
    texts = await read_texts(wanted.site)
    watch = Watch()
    told = _examples(wanted, texts) + await _play_all(wanted, texts, watch)
    records = [one.judged.played.record for one in told if one.judged is not None]
    covered = coverage_of(texts.folder, watch, records) if wanted.coverage else None
    if wanted.junit is not None:
        wanted.junit.write_text(as_junit(told), encoding="utf-8")
    if wanted.json:
        sys.stdout.write(as_json(told, covered) + "\n")
    else:
        show(console, told)
        if covered is not None:
            show_coverage(console, covered)
        show_sum(console, told, time.monotonic() - began)
    return 0 if all(one.passed for one in told) else FAILED


@dataclass(frozen=True, slots=True)
class _Playing:
    """What plays and judges one test after another."""

    town: Town
    teaching: Teaching
    judge: Judge
    watch: Watch

    async def told(self, file: StoryFile, story: Story) -> Told:
        began = time.monotonic()
        judged: Judged | None = None
        error: TillbridgeError | None = None
        try:
            async with self.town.scene(self.teaching, self.watch, story.settings) as scene:
                judged = self.judge.judge(story, await play(story, scene))
        except TillbridgeError as wrong:
            error = wrong
        return Told(file.path, story.name, time.monotonic() - began, judged, error)


async def _play_all(wanted: Wanted, texts: Texts, watch: Watch) -> list[Told]:
    files = _stories(wanted, texts)
    judge = judge_of(texts, Places(list(texts.folder.flows.values())))
    teaching = texts.teaching.and_products({name for file in files for name in file.products})
    async with Town(wanted.site.folder, texts.configured) as town:
        playing = _Playing(town, teaching, judge, watch)
        return [
            await playing.told(file, story)
            for file in files
            for story in file.stories
            if wanted.matching in story.name
        ]


def _examples(wanted: Wanted, texts: Texts) -> list[Told]:
    """The examples of mappings: they are tests, too, unless certain files are asked for."""
    if wanted.files:
        return []
    results = texts.folder.run_examples()
    return [
        Told(one.place.file or "", one.name, 0.0, None, example=one)
        for one in results
        if wanted.matching in one.name
    ]


def _stories(wanted: Wanted, texts: Texts) -> list[StoryFile]:
    """The tests that are wanted. Raises Misconfigured for what is wrong, Rejected for none."""
    root = wanted.site.folder
    paths = wanted.files or tuple(sorted((root / FOLDER).glob("*.yaml")))
    if not paths:
        raise Rejected(
            f"There is no test in {root / FOLDER}.",
            reason="no_tests",
            next_step="Write one, or make one of a run: tillbridge test --from-run RUN",
        )
    reader = StoryReader(texts.folder, texts.configured)
    return [reader.read(_text(path, root)) for path in paths]


def _text(path: Path, root: Path) -> TextFile:
    found = path if path.is_file() else root / path
    try:
        text = found.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Misconfigured(
            f"{path} is not UTF-8 text.", reason="not_text", next_step="Save it as UTF-8."
        ) from error
    name = str(found.relative_to(root)) if found.is_relative_to(root) else str(found)
    return TextFile(name, text.replace("\r\n", "\n"))
