"""Plants of the limits campaign: each undoes what keeps us within another system's limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connections.budget import Budget
from tillbridge.connections.gates import Gates
from tillbridge.connector.limits import Limits, Span

WORKERS: Final = 4


@dataclass(frozen=True, slots=True)
class Plant:
    """One defect: what it does, how it is put in, and the keys of the last line that tell of it."""

    title: str
    plant: Callable[[], None]
    tells: tuple[str, ...]


def _per_process() -> None:
    spans = Limits.spans

    def for_each(self: Limits, factor: float) -> tuple[Span, ...]:
        return tuple(
            replace(span, requests=span.requests * WORKERS, busy_s=span.busy_s * WORKERS)
            for span in spans(self, factor)
        )

    _replace(Limits, "spans", for_each)


def _ignores_retry_after() -> None:
    async def deaf(_self: Gates, _connection: str, _error: TillbridgeError) -> None:
        return None

    _per_process()
    _replace(Gates, "failed", deaf)


def _crowd() -> None:
    _replace(Budget, "_may_fly", lambda _self: True)


def _replace(owner: object, name: str, value: object) -> None:
    """From outside, at run time: the product's own code stays as it is."""
    assert hasattr(owner, name), f"{owner} has no {name} to plant a defect in"
    setattr(owner, name, value)


PLANTS: Final[Mapping[str, Plant]] = {
    "per_process": Plant(
        "each process has the whole budget", _per_process, ("over_limit", "refused")
    ),
    "ignores_retry_after": Plant(
        "nobody waits as long as he is told to", _ignores_retry_after, ("insisted",)
    ),
    "crowd": Plant("nobody counts what is in flight", _crowd, ("at_once_over",)),
}
