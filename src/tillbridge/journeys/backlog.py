"""Backlog: how much waits for each target, since when, why, and how long it will take.

    open runs -> by what each waits for -> beside their gate and its budget -> the time to drain

Back-pressure is shown here and nowhere else: a sender is answered 2xx all the same, because what is
accepted is kept, however much waits behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tillbridge.connections.gates import Gate
from tillbridge.connections.headroom import Headroom
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.journeys", "backlog.sql")

Why: TypeAlias = Literal[
    "turn", "lane", "before", "tripped", "paused", "budget", "order", "slot", "unknown", "timer",
    "event", "person", "paused_flow",
]  # fmt: skip
ABOUT: Final[Mapping[str, str]] = {
    "turn": "due: the next free worker takes it",
    "lane": "its lane is in a worker's hands",
    "before": "an earlier run of its flow is tried again, and goes first",
    "tripped": "its connection is down",
    "paused": "a person has paused its connection",
    "budget": "its connection takes no more for now",
    "order": "what has waited longer goes first",
    "slot": "as many runs of its flow are under way as may be",
    "unknown": "a call was not answered, and is being looked into",
    "timer": "it is tried or looked at again at a time of its own",
    "event": "it waits for an event",
    "person": "it waits for a person",
    "paused_flow": "a person has paused its flow",
}
DRAINS: Final = frozenset(
    {"turn", "lane", "before", "tripped", "budget", "order", "slot", "unknown"}
)
"""What goes on by itself; nobody can tell when a person or an event comes."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What some of a target's open runs wait for.

    Attributes:
        at: the connection whose gate it is, where it is one; else "".
        example: what stands at the oldest of them.
    """

    why: Why
    at: str
    count: int
    oldest_s: float
    example: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits at one target.

    Attributes:
        depth: open runs that go on by themselves, as soon as there is room.
        oldest_s: how long ago the oldest of those was started.
        pace: runs that ended there in a second, as counted last; 0 when that was never counted.
        drain_s: until nothing of the depth is left, if nothing more came: the time until the gate
            may open, and the depth at the last pace. None when it is paused, or nothing is known.
    """

    target: str
    depth: int
    oldest_s: float
    pace: float
    drain_s: float | None
    reasons: tuple[Reason, ...]


async def backlogs(database: Database, rooms: Iterable[Headroom]) -> list[Backlog]:
    """The backlog of every target that has open runs; `rooms` are every gate's, just read."""
    known = {room.gate.connection: room for room in rooms}
    by_target: dict[str, list[Reason]] = {}
    for row in await database.fetch(SQL["waiting_by_why"]):
        room = known.get(row["gate"] or row["target"])
        why = _why(row["why"], room)
        at = row["gate"] or (row["target"] if why == "budget" else "")
        reason = Reason(why, at, row["count"], row["oldest_s"], row["example"])
        by_target.setdefault(row["target"], []).append(reason)
    return [_backlog(target, reasons, known) for target, reasons in by_target.items()]


def _why(told: Why | Literal["gate"], room: Headroom | None) -> Why:
    """What stands behind a gate, or before a worker."""
    if told != "gate" and told != "turn":  # noqa: PLR1714 (mypy narrows only this way)
        return told
    state = room.gate.state if room is not None else "open"
    if told == "gate" and state != "open":
        return state
    if room is not None and room.is_spent:
        return "budget"
    return "order" if told == "gate" else "turn"


def _backlog(target: str, reasons: list[Reason], rooms: Mapping[str, Headroom]) -> Backlog:
    moving = [reason for reason in reasons if reason.why in DRAINS]
    depth = sum(reason.count for reason in moving)
    room = rooms.get(target)
    pace = room.gate.pace if room is not None else 0.0
    gates = [rooms[reason.at].gate for reason in moving if reason.at in rooms]
    closed_s = max((_closed_s(gate) for gate in gates), default=0.0)
    return Backlog(
        target=target,
        depth=depth,
        oldest_s=max((reason.oldest_s for reason in moving), default=0.0),
        pace=pace,
        drain_s=closed_s + depth / pace if pace else (0.0 if not depth else None),
        reasons=tuple(reasons),
    )


def _closed_s(gate: Gate) -> float:
    return max(gate.closed_for_s, 0.0) if gate.state == "tripped" else 0.0
