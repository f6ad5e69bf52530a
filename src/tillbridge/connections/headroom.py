"""Headroom: what is left of what a connection may be asked, and how much it is asked just now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from tillbridge.connections.budget import Budget
from tillbridge.connections.budgets import Budgets
from tillbridge.connections.gates import SQL, Gate, read_gates
from tillbridge.database.database import Database

SPENT_SHARE: Final = 0.99
"""So much of a window spent, little goes through: what is left is handed out as it comes back."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked of a connection within the last `seconds`.

    Attributes:
        requests: handed out or spent, those of checkouts among them.
        busy_s: the other side's working time for them, as far as it is known.
        requests_max, busy_max_s: 0 for no limit.
    """

    seconds: float
    requests: int
    checkouts: int
    busy_s: float
    requests_max: int
    busy_max_s: float

    @property
    def share(self) -> float:
        """Of what may be asked; 0 where there is no limit."""
        requests = self.requests / self.requests_max if self.requests_max else 0.0
        busy = self.busy_s / self.busy_max_s if self.busy_max_s else 0.0
        return max(requests, busy)


@dataclass(frozen=True, slots=True)
class Headroom:
    """One gate, and what may go through it.

    Attributes:
        limits: in words.
        windows: what was asked within each; the longest first.
        in_flight: requests, as the processes said within the last seconds.
        in_flight_max: 0 for no limit.
        processes: that take part in it now.
    """

    gate: Gate
    limits: str
    windows: tuple[Spent, ...]
    in_flight: int
    in_flight_max: int
    processes: int

    @property
    def is_spent(self) -> bool:
        """Whether work has to wait for it."""
        return any(window.share >= SPENT_SHARE for window in self.windows)


async def headrooms(database: Database, budgets: Budgets | None) -> list[Headroom]:
    """Every gate with what is left behind it, by connection; `budgets` know the limits."""
    seen = await read_gates(database)
    spent = {(row["connection"], row["span_ms"]): row for row in await database.fetch(SQL["spent"])}
    flying = {row["connection"]: row for row in await database.fetch(SQL["in_flight"])}
    found = []
    for gate in seen:
        budget = budgets.of(gate.connection) if budgets is not None else None
        flight = flying.get(gate.connection)
        found.append(
            Headroom(
                gate=gate,
                limits=budget.told_limits() if budget is not None else "",
                windows=_windows(gate, budget, spent) if budget is not None else (),
                in_flight=flight["in_flight"] if flight is not None else 0,
                in_flight_max=budget.limits.at_once if budget is not None else 0,
                processes=flight["processes"] if flight is not None else 0,
            )
        )
    return found


def _windows(
    gate: Gate, budget: Budget, spent: Mapping[tuple[str, int], asyncpg.Record]
) -> tuple[Spent, ...]:
    rows = [spent.get((gate.connection, round(span.seconds * 1000))) for span in budget.spans]
    return tuple(
        Spent(
            seconds=span.seconds,
            requests=row["requests"] if row is not None else 0,
            checkouts=row["checkouts"] if row is not None else 0,
            busy_s=row["busy_ms"] * row["busy_ratio"] / 1000 if row is not None else 0.0,
            requests_max=span.requests,
            busy_max_s=span.busy_s,
        )
        for span, row in zip(budget.spans, rows, strict=True)
    )
