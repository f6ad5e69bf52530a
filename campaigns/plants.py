"""Plants: defects put into a house process from outside, to prove that the campaign would see them.

Each plant undoes one safeguard. `PLANTS` names them; campaigns/scenes.py has the town that each one
must break.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import tillbridge.api.doors
import tillbridge.runs.journal
from tillbridge import assembly
from tillbridge.connections.gates import Gates
from tillbridge.connector.abilities import (
    Absent,
    Call,
    Fenced,
    Finding,
    NotYet,
    Receipt,
    Write,
)
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import Fields
from tillbridge.journeys.house import House
from tillbridge.journeys.reauthorize import Remainder
from tillbridge.journeys.receive import Received, receive
from tillbridge.runs.journal import Intent, Journal
from tillbridge.runs.keys import KEY_LENGTH, Effect
from tillbridge.runs.lease import Lease
from tillbridge.runtime.worker import Worker

_HASTE_S = 0.3
"""How long an acknowledged delivery stays uncommitted in the plant that is hasty."""


_A_WHILE_S = 60.0


@dataclass(frozen=True, slots=True)
class Plant:
    """One defect: what it does, and how it is put in."""

    title: str
    plant: Callable[[], None]


def _no_key() -> None:
    def other_each_time(_key: str, _round: int) -> str:
        return secrets.token_hex(KEY_LENGTH // 2)

    put_in_place(tillbridge.runs.journal, "wire_key", other_each_time)


def _intent_after_send() -> None:
    intend = Journal.intend

    async def put_off(
        self: Journal, step: str, effect: Effect, *rest: Any, **more: Any
    ) -> Intent | None:
        if more or await self.standing(effect) is not None:
            return await intend(self, step, effect, *rest, **more)
        return Intent(effect, effect.key, time.monotonic() + _A_WHILE_S, _A_WHILE_S, 0)

    async def send_first(
        self: Journal, intent: Intent, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        call = self.call(intent.wire, intent.send_by, timeout_s)
        receipt = await ability.send(call, fields)
        await intend(self, "afterwards", intent.effect, ability, fields, timeout_s)
        await self._outcomes.take_in(intent.effect, receipt, "reply")
        return receipt

    put_in_place(Journal, "intend", put_off)
    put_in_place(Journal, "send", send_first)


def _ack_before_commit() -> None:
    under_way: set[asyncio.Task[Received]] = set()

    async def later(house: House, delivery: Delivery) -> Received:
        await asyncio.sleep(_HASTE_S)
        return await receive(house, delivery)

    async def hasty(house: House, delivery: Delivery) -> Received:
        task = asyncio.create_task(later(house, delivery))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return Received("accepted", "")

    put_in_place(tillbridge.api.doors, "receive", hasty)


def _resolve_before_send_by() -> None:
    resolve = Journal.resolve

    async def at_once(
        self: Journal, effect: Effect, ability: Write, standing: Any, *rest: Any, **more: Any
    ) -> Receipt | None:
        due: Any = {**standing, "resolve_in_s": 0.0}  # read by name, as the row is
        return await resolve(self, effect, ability, due, *rest, **more)

    put_in_place(Journal, "resolve", at_once)


def _resend_on_not_yet() -> None:
    def taking(find: Callable[..., Any]) -> Callable[..., Any]:
        async def hopeful(*values: Any) -> Finding:
            finding: Finding = await find(*values)
            return Absent() if isinstance(finding, NotYet) else finding

        return hopeful

    def without_patience(ability: Write) -> Write:
        return replace(ability, find=taking(ability.find)) if ability.find else ability

    _resolve_with(without_patience)


def _no_fence() -> None:
    async def pretended(_call: Call, _fields: Fields) -> Fenced:
        return Fenced(undone=False)

    _resolve_with(lambda ability: replace(ability, fence=pretended) if ability.fence else ability)


def _no_send_by() -> None:
    put_in_place(Lease, "guard", lambda _lease, _send_by: lambda: None)


def _anew_forgotten() -> None:
    key = Remainder.key

    def of_this_process(self: Remainder, number: int) -> str:
        return f"{os.getpid()}:{key(self, number)}"

    put_in_place(Remainder, "key", of_this_process)


def _no_sweep() -> None:
    async def nothing(_worker: Worker) -> None:
        return None

    async def silent(_house: House) -> None:
        return None

    put_in_place(Worker, "_sweep", nothing)
    put_in_place(Gates, "hear", lambda _gates, _heard: None)  # whose budgets ring here many times
    put_in_place(assembly, "watch_flows", silent)  # whose events ring every few seconds


def _resolve_with(changed: Callable[[Write], Write]) -> None:
    resolve = Journal.resolve

    async def careless(
        self: Journal, effect: Effect, ability: Write, *rest: Any, **more: Any
    ) -> Receipt | None:
        return await resolve(self, effect, changed(ability), *rest, **more)

    put_in_place(Journal, "resolve", careless)


def put_in_place(owner: object, name: str, value: object) -> None:
    """Replaces from outside, at run time: the product's own code stays as it is."""
    assert hasattr(owner, name), f"{owner} has no {name} to plant a defect in"
    setattr(owner, name, value)


PLANTS: Mapping[str, Plant] = {
    "no_key": Plant("every send has a key of its own", _no_key),
    "intent_after_send": Plant("the intent is committed after the send", _intent_after_send),
    "ack_before_commit": Plant(
        "deliveries are answered 2xx before they are kept", _ack_before_commit
    ),
    "resolve_before_send_by": Plant(
        "an unknown is resolved while its call may still arrive", _resolve_before_send_by
    ),
    "resend_on_not_yet": Plant("not found yet is taken for absent", _resend_on_not_yet),
    "no_fence": Plant("a fence is noted and never sent", _no_fence),
    "no_send_by": Plant("a stalled process may still send", _no_send_by),
    "anew_forgotten": Plant("who comes back authorizes a parcel anew again", _anew_forgotten),
    "no_sweep": Plant("nobody looks for what no bell rang for", _no_sweep),
}
