"""A user's folder: flows, mappings, lookups and rates, and all that is wrong in them."""

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.flow import Flow
from tillbridge.flows.inspection import inspect
from tillbridge.flows.library import ConnectionShapes, Library, read_library
from tillbridge.flows.read import read_flow
from tillbridge.flows.steps import MapStep
from tillbridge.flows.trees import expressions_of, tree_of
from tillbridge.flows.walk import fillers_of, walk_steps
from tillbridge.mapping.apply import prepare_mapping, problems_of
from tillbridge.mapping.examples import ExampleResult, run_examples
from tillbridge.mapping.expression import Expression
from tillbridge.mapping.flaw import Flaw, error_of, flaw_of
from tillbridge.mapping.survey import survey, survey_expression
from tillbridge.mapping.text import Entries, Scalar, read_text, walk

FILES_MAX = 2_000
SIZE_MAX_BYTES = 64_000_000
"""Of one file: the longest look-up table, four bytes a character."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What stands in a folder.

    Attributes:
        flows: those that are right, by name.
        problems: what is wrong, each with its file and line; a folder with any is not run.
        warnings: what may be wrong, and runs all the same.
    """

    flows: Mapping[str, Flow]
    library: Library
    problems: tuple[Misconfigured, ...]
    warnings: tuple[Flaw, ...] = ()

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Errors, then warnings."""
        return (*map(flaw_of, self.problems), *self.warnings)

    def run_examples(self) -> tuple[ExampleResult, ...]:
        """The results of every example in every mapping that is right."""
        found: list[ExampleResult] = []
        for mapping in self.library.mappings.values():
            target = self.library.target(mapping)
            library = self.library
            found += run_examples(mapping, target, library.lookups, library.rates)
        return tuple(found)


def load_folder(root: Path, connections: Mapping[str, ConnectionShapes]) -> Folder:
    """Everything in a folder, checked. What is wrong is in `problems`, not raised."""
    problems: list[Misconfigured] = []
    flows = _files(root, "flows", "*.yaml", problems)
    mappings = _files(root, "mappings", "*.yaml", problems)
    lookups = _files(root, "lookups", "*.csv", problems)
    rates = _files(root, "rates", "*.csv", problems)
    found = assemble(flows, mappings, lookups, connections, rates=rates)
    return replace(found, problems=(*problems, *found.problems))


def assemble(
    flows: Iterable[TextFile],
    mappings: Iterable[TextFile],
    lookups: Iterable[TextFile],
    connections: Mapping[str, ConnectionShapes],
    *,
    rates: Iterable[TextFile] = (),
) -> Folder:
    """A folder from files that are at hand already."""
    library, problems = read_library(connections, mappings, lookups, rates)
    found: dict[str, Flow] = {}
    named: set[str] = set()
    for file in flows:
        try:
            flow = read_flow(file, library)
        except Misconfigured as error:
            problems.append(error)
            named |= _mappings_named(file)
            continue
        before = found.setdefault(flow.name, flow)
        if before is not flow:
            problems.append(_twice(flow, before))
    problems += _problems_of_unused(library, found.values(), named)
    seen = tuple(found.values())
    inspected = inspect(seen, whole=not problems)
    flaws = dict.fromkeys((*_surveyed(library, seen), *inspected))
    problems += [error_of(flaw) for flaw in flaws if flaw.severity == "error"]
    warnings = tuple(flaw for flaw in flaws if flaw.severity == "warning")
    return Folder(found, library, tuple(dict.fromkeys(problems)), warnings)


def _surveyed(library: Library, flows: Iterable[Flow]) -> Iterator[Flaw]:
    """What the survey finds in every rule of every flow, and in mappings no flow uses."""
    used: set[str] = set()
    for flow in flows:
        used |= {step.mapping for step in walk_steps(flow.steps) if isinstance(step, MapStep)}
        for filler in fillers_of(flow.steps):
            yield from survey(filler.origin)
        for expression in _expressions(flow):
            yield from survey_expression(expression.written, tree_of(expression.text))
    for name, mapping in library.mappings.items():
        if name not in used:
            with suppress(Misconfigured):  # it is among the problems already
                target = library.target(mapping)
                filler = prepare_mapping(mapping, target, library.lookups, rates=library.rates)
                yield from survey(filler.origin)


def _expressions(flow: Flow) -> Iterator[Expression]:
    """Those of the flow itself and of its steps; rules of fields are none of them."""
    if flow.condition is not None:
        yield flow.condition
    for step in walk_steps(flow.steps):
        yield from (expression for _, expression in expressions_of(step))


def _problems_of_unused(
    library: Library, flows: Iterable[Flow], named: Set[str]
) -> list[Misconfigured]:
    """What is wrong with mappings that no flow has checked, over what every event has.

    Those that a flow with an error names are left out: what they read, only that flow knows.
    """
    used = {
        step.mapping
        for flow in flows
        for step in walk_steps(flow.steps)
        if isinstance(step, MapStep)
    }
    problems: list[Misconfigured] = []
    for name, mapping in library.mappings.items():
        if name in used | named:
            continue
        try:
            target = library.target(mapping)
            found = problems_of(mapping, target, library.lookups, rates=library.rates)
            problems += [_unused(error, name) for error in found]
        except Misconfigured as error:
            problems.append(error)
    return problems


def _unused(error: Misconfigured, mapping: str) -> Misconfigured:
    """The same, and why a name that a step would have is not there."""
    if error.reason != "bad_expression" and not error.reason.startswith("unknown"):
        return error
    why = f"No flow uses {mapping}, so it reads only what every event has."
    return Misconfigured(
        error.message,
        reason=error.reason,
        place=error.place,
        next_step=" ".join(filter(None, (error.next_step, why))),
    )


def _mappings_named(file: TextFile) -> set[str]:
    """The mappings that a flow with an error names, as far as its text can be read."""
    try:
        nodes = list(walk(read_text(file.text, file.path)))
    except Misconfigured:
        return set()
    named = (node.nodes.get("mapping") for node in nodes if isinstance(node, Entries))
    return {node.text for node in named if isinstance(node, Scalar)}


def _too_large(name: str) -> Misconfigured:
    return Misconfigured(
        f"The file has more than {SIZE_MAX_BYTES:,} bytes.",
        reason="too_large",
        place=Place(name),
        next_step="Split it.",
    )


def _twice(flow: Flow, before: Flow) -> Misconfigured:
    return Misconfigured(
        f"Two files are the flow {flow.name!r}: {before.place.file} and this one.",
        reason="duplicate_name",
        place=flow.place,
        next_step="Give one of them another name.",
    )


def _files(root: Path, folder: str, pattern: str, problems: list[Misconfigured]) -> list[TextFile]:
    paths = sorted((root / folder).glob(pattern))
    if len(paths) > FILES_MAX:
        place = Place(folder)
        problems.append(Misconfigured(f"There are more than {FILES_MAX:,} files.", place=place))
        return []
    found = []
    for path in paths:
        name = f"{folder}/{path.name}"
        if path.stat().st_size > SIZE_MAX_BYTES:
            problems.append(_too_large(name))
            continue
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(
                Misconfigured(
                    f"The file is not UTF-8 text: {error.reason} at byte {error.start}.",
                    reason="not_text",
                    place=Place(name),
                    next_step="Save it as UTF-8.",
                )
            )
            continue
        found.append(TextFile(name, text.replace("\r\n", "\n")))
    return found
