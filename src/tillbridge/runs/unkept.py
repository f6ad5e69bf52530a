"""Unkept: steps of one run whose outcomes are kept with its next commit."""

from collections.abc import Iterable

from tillbridge.database.database import Tx
from tillbridge.runs.lanes import SQL
from tillbridge.runs.lease import Lease, LeaseLost


class Unkept:
    """For what changes nothing outside: a run that dies before is none the worse for it."""

    def __init__(self, lease: Lease, run_id: int) -> None:
        self._lease = lease
        self._run_id = run_id
        self._steps: dict[str, tuple[str, bytes]] = {}

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, step: str, kind: str, outcome: bytes) -> None:
        """Puts a step off."""
        self._steps[step] = (kind, outcome)

    def columns(self) -> tuple[list[str], list[str], list[bytes]]:
        """Names, kinds and outcomes of what there is now."""
        kinds, outcomes = [], []
        for kind, outcome in self._steps.values():
            kinds.append(kind)
            outcomes.append(outcome)
        return list(self._steps), kinds, outcomes

    async def keep(self, tx: Tx) -> list[str]:
        """Keeps what there is now; answers its names, to be dropped after the commit.

        Another way of the run may be keeping the same just now: that is no loss. Raises LeaseLost.
        """
        if not self._steps:
            return []
        names, kinds, outcomes = self.columns()
        lease = (self._lease.subject, self._lease.target, self._lease.number)
        values = (*lease, self._run_id, names, kinds, outcomes)
        if await tx.fetchval(SQL["keep_steps"], *values) is None:
            raise LeaseLost
        return names

    def drop(self, names: Iterable[str]) -> None:
        """These are kept."""
        for name in names:
            self._steps.pop(name, None)
