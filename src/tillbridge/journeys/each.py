"""Each: steps taken for every item of a list, some at a time.

Items are journaled under names of their own (`lines[7].ordered`), so that a run that comes back
goes on with the items that are not done. One item's trouble holds up no other: whoever waits or
fails is heard when all under way have come to an end.
"""

from collections.abc import Iterator
from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.connections.gates import GateClosed
from tillbridge.flows.steps import EachStep, StopStep, WriteStep
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys.side_by_side import side_by_side
from tillbridge.journeys.way import Unreached, Way
from tillbridge.runs.run import Parked


async def take_each(way: Way, step: EachStep) -> None:
    """Takes the step's steps for every item; its result counts them and names those that failed.

    Raises:
        Parked, GateClosed, Transient: some item waits; what is done stays done.
        Rejected, Misconfigured, Unreconciled: an item failed, and the step stops at failures.
    """
    place = way.place(step.name)
    kept = way.run.steps.get(place)
    if kept is not None and not _undoable(step):
        way.names[step.name] = read_json(kept)
        return
    items = _Items(way, step)
    await side_by_side(items.all(), items.take, step.at_once)
    await items.raise_troubles()
    result = items.result()
    if kept is None and not way.ghost:
        await way.journal.keep(place, "local", encode(result))
    way.names[step.name] = result


class _Items:
    """The items of one `each`, and what became of them."""

    def __init__(self, way: Way, step: EachStep) -> None:
        self._way = way
        self._step = step
        self._chosen = step.chosen(way.names)
        self._failures: dict[str, dict[str, Any]] = {}
        self._troubles: list[Exception] = []
        self._stopped = False

    def all(self) -> Iterator[tuple[str, object]]:
        """The items still to be taken; none after one has stopped the step."""
        for item in self._chosen:
            if self._stopped:
                return
            yield item

    async def take(self, chosen: tuple[str, object]) -> None:
        key, item = chosen
        way, step = self._way, self._step
        failed = f"{way.place(step.name)}[{key}]!"
        if failed in way.run.steps:
            self._failures[key] = read_json(way.run.steps[failed])
            return
        inner = way.inside(step.name, key, {**way.names, step.variable: item})
        try:
            _unless_failed(await inner.take_all(step.steps))
        except (Rejected, Misconfigured) as error:
            await self._failed(key, failed, error)
        except Unreconciled as error:
            self._stop(error)
        except (Parked, GateClosed, Transient, Unreached) as error:
            self._troubles.append(error)

    async def raise_troubles(self) -> None:
        """Raises the gravest of what came up; what is unknown goes before what is refused."""
        waits = [trouble for trouble in self._troubles if isinstance(trouble, Parked)]
        graver = [trouble for trouble in self._troubles if not isinstance(trouble, Parked)]
        refused = [trouble for trouble in graver if isinstance(trouble, TillbridgeError)]
        refused.sort(key=lambda trouble: isinstance(trouble, Transient))
        if waits and refused and await self._way.is_open(self._way.place(self._step.name)):
            raise _together(waits)
        for trouble in (*refused, *graver):
            raise trouble
        if waits:
            raise _together(waits)

    def result(self) -> dict[str, Any]:
        """How many there were, how many failed, and why: {"count", "failed", "failures"}."""
        failures = [self._failures[key] for key, _ in self._chosen if key in self._failures]
        return {"count": len(self._chosen), "failed": len(failures), "failures": failures}

    async def _failed(self, key: str, name: str, error: TillbridgeError) -> None:
        way, step = self._way, self._step
        within = f"{way.place(step.name)}[{key}]"
        if way.ghost:  # whatever was done of the other items is looked at too
            self._troubles.append(error)
            return
        if step.on_failure == "stop" or await way.is_open(within):
            self._stop(error)
            return
        failure = {"key": key, "reason": error.reason, "message": str(error)}
        await way.journal.keep(name, "local", encode(failure))
        self._failures[key] = failure

    def _stop(self, error: TillbridgeError) -> None:
        self._troubles.append(error)
        self._stopped = True


def _unless_failed(stop: StopStep | None) -> None:
    """A stop ends its item only; one that says failed is the item's failure."""
    if stop is not None and stop.outcome == "failed":
        raise Rejected(stop.reason, reason="stopped", place=stop.place)


def _together(waits: list[Parked]) -> Parked:
    """One wait for all that wait: until the first time, or any event, that one of them wants."""
    times = [wait.wait_s for wait in waits if wait.wait_s is not None]
    kinds = sorted({kind for wait in waits for kind in wait.kinds})
    others = f" (and {len(waits) - 1} more)" if len(waits) > 1 else ""
    why = f"{waits[0].why}{others}"
    return Parked(
        min(times, default=None),
        why,
        kinds=tuple(kinds),
        is_failing=any(wait.is_failing for wait in waits),
        cause=waits[0].cause,
    )


def _undoable(step: EachStep) -> bool:
    return any(isinstance(each, WriteStep) and each.undo for each in walk_steps(step.steps))
