"""A flow from text. Steps are checked in the order they run, so each knows what it can read."""

from collections.abc import Mapping
from typing import cast

from tillbridge.flows.bundle import Bundle, TextFile
from tillbridge.flows.flow import Flow, OnFailure
from tillbridge.flows.forms import FLOW
from tillbridge.flows.library import ConnectionShapes, Library, read_library
from tillbridge.flows.step_reader import StepReader
from tillbridge.flows.steps import Step
from tillbridge.flows.trigger import scope_of
from tillbridge.flows.trigger_reader import TriggerReader
from tillbridge.flows.walk import fillers_of
from tillbridge.mapping.expression import Expression, compile_expression, parse_expression
from tillbridge.mapping.form import fill
from tillbridge.mapping.mapping import rates_of
from tillbridge.mapping.read import read_name
from tillbridge.mapping.text import Node, read_text, scalar_of
from tillbridge.mapping.value_type import Scope, Sort


def read_flow(file: TextFile, library: Library) -> Flow:
    """A flow, checked against all it uses, and pinned to exactly those texts.

    Raises:
        Misconfigured: at the file, line and field of what is wrong.
    """
    root = fill(read_text(file.text, file.path), FLOW)
    name = read_name(root.node("flow"))
    lane = scalar_of(root.node("lane"))
    library.connection(lane.text, lane.place)
    triggers = TriggerReader(library)
    trigger = triggers.trigger(root)
    scope = scope_of(trigger)
    reader = StepReader(library, root.node("steps"))
    steps, _ = reader.steps(root.node("steps"), scope)
    return Flow(
        name=name,
        title=root.text("title") or name,
        lane=lane.text,
        trigger=trigger,
        condition=_maybe(root.maybe("condition"), scope, "boolean"),
        steps=steps,
        bundle=Bundle(
            file,
            library.files_of("mapping", reader.mappings),
            library.files_of("lookup", reader.lookups | triggers.lookups),
            library.files_of("rates", _tables_of(steps)),
        ),
        place=root.place,
        subject=_maybe(root.maybe("subject"), scope, "text", "integer"),
        concurrency=root.whole("concurrency") if root.has("concurrency") else None,
        paused=root.truth("paused"),
        on_failure=cast(OnFailure, root.word("on_failure")),
    )


def read_bundle(bundle: Bundle, connections: Mapping[str, ConnectionShapes]) -> Flow:
    """The flow of a published version, as it was then, against the connections of now.

    Raises:
        Misconfigured: a connection it uses is gone, or no longer takes what it writes.
    """
    library, problems = read_library(connections, bundle.mappings, bundle.lookups, bundle.rates)
    if problems:
        raise problems[0]
    flow = read_flow(bundle.flow, library)
    assert flow.version == bundle.version, "the same texts are the same version"
    return flow


def _tables_of(steps: tuple[Step, ...]) -> set[str]:
    """The tables of rates that steps use; those of connections are no files."""
    origins = [filler.origin for filler in fillers_of(steps)]
    return {
        name
        for origin in origins
        for name in rates_of(origin.rules)
        if origin.rates.get(name) is not None
    }


def _maybe(node: Node | None, scope: Scope, *wanted: Sort) -> Expression | None:
    if node is None:
        return None
    return compile_expression(parse_expression(node), scope, wanted=wanted)
