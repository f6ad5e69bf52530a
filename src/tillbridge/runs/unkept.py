"""Unkept: steps of one run whose outcomes are kept with its next commit."""

import time
from collections.abc import Iterable
from typing import TypeAlias

from tillbridge.database.database import Tx
from tillbridge.runs.lanes import SQL
from tillbridge.runs.lease import Lease, LeaseLost

Notice: TypeAlias = tuple[str, str, str, str, str, str]
"""A notice for our own desk, as the composite type `noticed` of the database."""
Columns: TypeAlias = tuple[list[str], list[str], list[bytes], list[Notice]]


class Unkept:
    """For what changes nothing outside: a run that dies before is none the worse for it."""

    def __init__(self, lease: Lease, run_id: int) -> None:
        self._lease = lease
        self._run_id = run_id
        self._steps: dict[str, tuple[str, bytes, Notice | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, step: str, kind: str, outcome: bytes, notice: Notice | None = None) -> None:
        """Puts a step off, and the notice that is its effect."""
        self._steps[step] = (kind, outcome, notice)

    def columns(self) -> Columns:
        """Names, kinds, outcomes and notices of what there is now."""
        kinds, outcomes, notices = [], [], []
        for kind, outcome, notice in self._steps.values():
            kinds.append(kind)
            outcomes.append(outcome)
            if notice is not None:
                notices.append(notice)
        return list(self._steps), kinds, outcomes, notices

    async def keep(self, tx: Tx) -> list[str]:
        """Keeps what there is now; answers its names, to be dropped after the commit.

        Another way of the run may be keeping the same just now: that is no loss. Raises LeaseLost.
        """
        if not self._steps:
            return []
        columns = names, *_ = self.columns()
        lease = (self._lease.subject, self._lease.target, self._lease.number)
        values = (*lease, self._run_id, *columns)
        if await tx.fetchval(SQL["keep_steps"], *values) is None:
            raise LeaseLost
        return names

    async def keep_one(self, tx: Tx, step: str, kind: str, outcome: bytes) -> None:
        """Keeps one that was not put off, now. Raises LeaseLost, also when it was kept before."""
        self._lease.moved_at = time.monotonic()
        lease = (self._lease.subject, self._lease.target, self._lease.number)
        values = (*lease, self._run_id, step, kind, outcome)
        if await tx.fetchval(SQL["keep_step"], *values) is None:
            raise LeaseLost

    def drop(self, names: Iterable[str]) -> None:
        """These are kept."""
        for name in names:
            self._steps.pop(name, None)
