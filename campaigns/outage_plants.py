"""Plants of the outage campaign: each undoes what keeps an outage harmless."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import tillbridge.api.doors
import tillbridge.assembly
import tillbridge.journeys.deliver
from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed, Gates
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import AUTHORIZATION, Fields
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import Received, receive
from tillbridge.payments.attempts import Attempt

_LATE_S: Final = 2.4
"""Real seconds that an authorization is late in the plant that lets it leave all the same."""
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
    take_probe = Gates.take_probe

    async def for_itself(self: Gates, connection: str, _lease_s: float) -> int | None:
        return await take_probe(self, connection, 0.0)

    _replace(Gates, "take_probe", for_itself)


def _outage_dead_letters() -> None:
    enter = Gates.enter

    async def impatient(self: Gates, connection: str, *rest: Any, **more: Any) -> None:
        try:
            await enter(self, connection, *rest, **more)
        except GateClosed as closed:
            if "checkout" in rest:
                raise
            raise Rejected(str(closed), reason="closed") from closed

    _replace(Gates, "enter", impatient)


def _intake_refuses() -> None:
    async def careful(house: House, delivery: Delivery) -> Received:
        for gate in await house.gates.all():
            if gate.state != "open":
                raise Transient(f"{gate.connection} is down.", wait_s=1.0, reason="down")
        return await receive(house, delivery)

    _replace(tillbridge.api.doors, "receive", careful)


def _valid_until_ignored() -> None:
    write = Connection.write

    def late(self: Connection, kind: str) -> Write:
        ability = write(self, kind)
        if kind != AUTHORIZATION:
            return ability

        async def send(call: Call, fields: Fields) -> Receipt:
            await asyncio.sleep(_LATE_S)
            return await ability.send(replace(call, guard=lambda: None), fields)

        return replace(ability, send=send)

    _replace(Connection, "write", late)


def _capture_after_expiry() -> None:
    def whenever(_house: House, write: Write, _hold: Attempt | None) -> Write:
        return write

    _replace(tillbridge.journeys.deliver, "while_held", whenever)


def _not_woken() -> None:
    async def nothing(_gates: Gates, *_rest: Any, **_more: Any) -> None:
        return None

    _replace(Gates, "probe_passed", nothing)


def _nobody_told() -> None:
    async def nothing(_house: House) -> None:
        return None

    _replace(tillbridge.assembly, "look_for_alerts", nothing)


def _replace(owner: object, name: str, value: object) -> None:
    """From outside, at run time: the product's own code stays as it is."""
    assert hasattr(owner, name), f"{owner} has no {name} to plant a defect in"
    setattr(owner, name, value)


PLANTS: Final[Mapping[str, Plant]] = {
    "probe_not_shared": Plant(
        "every process probes for itself", _probe_not_shared, _above("probes_at_once_max", 1)
    ),
    "outage_dead_letters": Plant(
        "work that meets a closed gate is given up", _outage_dead_letters, _said("dead letter")
    ),
    "intake_refuses": Plant(
        "the doors are closed while a system is down", _intake_refuses, _above("intake_errors")
    ),
    "valid_until_ignored": Plant(
        "an authorization leaves whenever its turn comes",
        _valid_until_ignored,
        _above("sent_after_valid_until"),
    ),
    "capture_after_expiry": Plant(
        "a hold that has ended is captured all the same",
        _capture_after_expiry,
        _above("captured_after_expiry"),
    ),
    "not_woken": Plant(
        "a gate stays closed when its system is there again",
        _not_woken,
        lambda line, _: line["drained"] < line["waited"],
    ),
    "nobody_told": Plant("nobody looks for alerts", _nobody_told, _said("no alert")),
}
