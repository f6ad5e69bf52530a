"""Outcomes: what became of a write, committed with all that goes with it.

The outcome of a write that took place may be put off until the next statement of its run: nothing
but our own computing lies between, and both are one commit then. Whoever dies before it finds an
effect that was sent and not answered, as if it had died a moment earlier.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

import asyncpg

from tillbridge.canonical.codec import encode
from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Database, Tx
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import SQL, Arrival, bring
from tillbridge.runs.lease import Lease, LeaseLost
from tillbridge.runs.run import Run

Row: TypeAlias = tuple[object, ...]
"""A composite type of the database, field by field."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A write that took place: by `resolved_by` we know."""

    effect: Effect
    receipt: Receipt
    resolved_by: str


Settled: TypeAlias = Callable[[Tx, Run, Effect, Receipt], Awaitable[Sequence[Arrival]]]
"""The long way: called inside the commit of an outcome, takes what goes with it (references,
observations, events) and answers what it brought."""
Commit: TypeAlias = Callable[[Row | None, Row | None], Awaitable[asyncpg.Record | None]]
"""Commits an answer in one statement, with the intent that follows (composite `intended`) or the
end of the turn (composite `ended`) where there is one. Answers a row with `round`, the intent's;
None, and nothing done, when what the answer means has to be judged again."""


class Settles(Protocol):
    """What goes with an outcome, as the journey says it."""

    async def settled(
        self, tx: Tx, run: Run, effect: Effect, receipt: Receipt
    ) -> Sequence[Arrival]: ...

    def foresee(self, lease: Lease, run: Run, answer: Answer) -> Commit | None:
        """The short way; None where the long one is the only one."""
        ...


class Outcomes:
    """The outcomes of one run's writes."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        run: Run,
        settles: Settles,
        *,
        margin_s: float,
        puts_off: bool,
    ) -> None:
        self._database = database
        self._lease = lease
        self._run = run
        self._settles = settles
        self._margin = timedelta(seconds=margin_s)
        self._puts_off = puts_off
        self._answer: Answer | None = None
        self._commit: Commit | None = None
        self._is_lost = False

    async def settle(
        self,
        effect: Effect,
        state: str,
        receipt: Receipt | None = None,
        *,
        reason: str = "",
        resolved_by: str = "",
        tried: int | None = None,
    ) -> None:
        """Commits an outcome now, by the long way.

        `tried`: the lease of the try that came to nothing, or to nothing known. Whoever wakes late
        may not say that of a later try, which another holder has under way. None: it took place,
        whoever tried.
        """
        await self.close()
        outcome = encode(receipt) if receipt is not None else None
        values = (effect.key, state, outcome, reason, resolved_by, self._margin, tried)
        if receipt is None:
            await self._database.fetch_row(SQL["settle_effect"], *values)
            return

        async def settle(tx: Tx) -> Sequence[Arrival]:
            if await tx.fetchrow(SQL["settle_effect"], *values) is not None:
                return await self._settles.settled(tx, self._run, effect, receipt)
            if not receipt.observations:
                return ()
            # it was ended otherwise: what it proves counts all the same
            late = Receipt(observations=receipt.observations)
            return await self._settles.settled(tx, self._run, effect, late)

        bring(self._lease, await self._database.commit(settle))

    async def take_in(self, effect: Effect, receipt: Receipt, resolved_by: str) -> None:
        """Takes in that a write took place: commits it, or puts that off."""
        while self._answer is not None:  # of writes side by side another may be put off meanwhile
            await self.close()
        answer = Answer(effect, receipt, resolved_by)
        commit = self._settles.foresee(self._lease, self._run, answer)
        if commit is None or self._is_lost:
            await self._long_way(answer)
            return
        self._answer, self._commit = answer, commit
        if not self._puts_off:
            await self.commit()

    async def commit(self) -> None:
        """Commits what was put off, before the run goes on.

        Raises LeaseLost when an answer could not be committed: the run ends here, also where its
        writes stand side by side, and its next holder finds that one unanswered.
        """
        await self.commit_with()

    async def close(self) -> None:
        """Commits what was put off, where the run does not go on."""
        if self._answer is not None:
            await self._commit_both(None, None)

    async def commit_with(
        self, *, intent: Row | None = None, ending: Row | None = None
    ) -> asyncpg.Record | None:
        """Commits what was put off together with what follows; None when what follows has still to
        be done (nothing was put off, or it took the long way).

        Raises LeaseLost as `commit` does.
        """
        if self._is_lost:
            raise LeaseLost
        return await self._commit_both(intent, ending)

    async def _commit_both(self, intent: Row | None, ending: Row | None) -> asyncpg.Record | None:
        answer, commit = self._answer, self._commit
        self._answer = self._commit = None
        if answer is None or commit is None:
            return None
        try:
            row = await commit(intent, ending)
            if row is None:
                await self._long_way(answer)
        except BaseException:
            self._is_lost = True
            raise
        return row

    async def _long_way(self, answer: Answer) -> None:
        await self.settle(answer.effect, "done", answer.receipt, resolved_by=answer.resolved_by)


async def is_newest_try(tx: Tx, effect_key: str, lease: int) -> bool:
    """Whether nobody has tried an effect again since the try under that lease."""
    return await tx.fetchval(SQL["newest_try"], effect_key, lease) is not None
