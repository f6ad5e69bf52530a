"""The inspection of flows: what would go wrong with money and orders, before anything runs.

    outcomes      answers nobody deals with, cases that are never taken
    effects       writes without a name of their own, or with the name of another
    doors         two flows that do the same, or that move the same money
    endings       waits nobody ends, calls in a circle, money that is not given back

Runs are never inspected: what was published goes on as it is.
"""

from collections.abc import Iterator, Sequence

from tillbridge.flows.doors import inspect_doors
from tillbridge.flows.effects import inspect_effects
from tillbridge.flows.endings import inspect_calls, inspect_compensation, inspect_waits
from tillbridge.flows.flow import Flow
from tillbridge.flows.outcomes import inspect_outcomes
from tillbridge.mapping.flaw import Flaw


def inspect(flows: Sequence[Flow], *, whole: bool = True) -> tuple[Flaw, ...]:
    """Everything that is wrong, or may be, with flows that run together.

    Args:
        flows: those that could be read.
        whole: whether they are all there are; when a flow could not be read, what only it could
            do is not missed in the others.
    """
    found = sorted(dict.fromkeys(_inspected(flows, whole=whole)), key=_order)
    return tuple(found)


def _inspected(flows: Sequence[Flow], *, whole: bool) -> Iterator[Flaw]:
    for flow in flows:
        yield from inspect_outcomes(flow)
        yield from inspect_effects(flow)
        yield from inspect_compensation(flow)
    yield from inspect_doors(flows)
    if whole:
        yield from inspect_waits(flows)
        yield from inspect_calls(flows)


def _order(flaw: Flaw) -> tuple[str, int, str]:
    return flaw.place.file or "", flaw.place.line or 0, flaw.message
