"""Plants of the outage campaign: each undoes what keeps an outage harmless."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import tillbridge.api.doors
from tillbridge.canonical.errors import Transient
from tillbridge.connections.gates import GateClosed, Gates
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import Received, receive

Shows: TypeAlias = Callable[[Mapping[str, Any], Sequence[str]], bool]
"""Whether the last line, or the sentences, tell of this very defect."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One defect: what it does, how it is put in, and where it has to be seen."""

    title: str
    plant: Callable[[], None]
    shows: Shows


def _above(key: str, most: int = 0) -> Shows:
    return lambda line, _: line[key] > most


def _said(words: str) -> Shows:
    return lambda _, sentences: any(words in sentence for sentence in sentences)


def _probe_not_shared() -> None:
    async def always(_gates: Gates, _connection: str, _lease_s: float) -> bool:
        return True

    _replace(Gates, "take_probe", always)


def _outage_dead_letters() -> None:
    enter = Gates.enter

    async def impatient(self: Gates, connection: str, *rest: Any, **more: Any) -> None:
        try:
            await enter(self, connection, *rest, **more)
        except GateClosed as closed:
            raise Transient(str(closed), reason="closed") from closed

    _replace(Gates, "enter", impatient)


def _intake_refuses() -> None:
    async def careful(house: House, delivery: Delivery) -> Received:
        for gate in await house.gates.all():
            if gate.state != "open":
                raise Transient(f"{gate.connection} is down.", wait_s=1.0, reason="down")
        return await receive(house, delivery)

    _replace(tillbridge.api.doors, "receive", careful)


def _replace(owner: object, name: str, value: object) -> None:
    """From outside, at run time: the product's own code stays as it is."""
    assert hasattr(owner, name), f"{owner} has no {name} to plant a defect in"
    setattr(owner, name, value)


PLANTS: Final[Mapping[str, Plant]] = {
    "probe_not_shared": Plant(
        "every process probes for itself", _probe_not_shared, _above("probes_at_once_max", 1)
    ),
    "outage_dead_letters": Plant(
        "an outage uses up tries", _outage_dead_letters, _said("dead letter")
    ),
    "intake_refuses": Plant(
        "the doors are closed while a system is down", _intake_refuses, _above("intake_errors")
    ),
}
