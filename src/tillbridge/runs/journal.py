"""The step journal: what a run did outside is known before it is done and after.

    step.read    asks another system; its answer is kept
    step.local   effect and outcome in one commit of ours
    step.write   the intent is committed before the call leaves, the outcome after; a run that
                 comes back finds done steps done and an unanswered one *unknown*

An unknown write ends by evidence (`find`), by a key the other side keeps (`natural_key`), by a
fence, or it stays unknown on the desk. Nothing is ever sent again on a guess.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

import asyncpg

from tillbridge.canonical.codec import decode, encode
from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.connector.abilities import (
    Absent,
    Call,
    Fenced,
    Found,
    NotYet,
    Receipt,
    Write,
)
from tillbridge.connector.connector import Clock
from tillbridge.connector.documents import Fields
from tillbridge.connector.packing import pack, unpack
from tillbridge.database.database import Database, Tx
from tillbridge.runs.keys import Effect, wire_key
from tillbridge.runs.lanes import SQL
from tillbridge.runs.lease import Lease, LeaseLost
from tillbridge.runs.outcomes import Outcomes, Settles
from tillbridge.runs.run import Parked, Run
from tillbridge.runs.unkept import Notice, Unkept

StepKind: TypeAlias = Literal["read", "local", "write", "wait"]
MayFence: TypeAlias = Callable[[], Awaitable[bool]]
_UNPROVABLE = "unknown, and nothing can prove it: a person decides"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds, already divided by the run's factor.

    Attributes:
        send_window_s: after its intent is committed, a call may leave for so long.
        margin_s: added to send-by and time-out before anybody resolves the intent.
        desk_s: how often an unknown that only a person can end is looked at again.
    """

    send_window_s: float = 5.0
    margin_s: float = 2.0
    desk_s: float = 3600.0

    def resolve_in_s(self, timeout_s: float) -> float:
        """How long after its intent an unanswered call may be resolved."""
        return self.send_window_s + timeout_s + self.margin_s


class FencedOff(Exception):
    """The effect was unknown and is now fenced: it did not and will not take place.

    `undone` says whether something was there and was undone.
    """

    def __init__(self, undone: bool) -> None:
        super().__init__("fenced")
        self.undone = undone


@dataclass(frozen=True, slots=True)
class Intent:
    """A committed intent: the key that travels, until when bytes may leave, under which lease."""

    effect: Effect
    wire: str
    send_by: float
    resolve_in_s: float
    lease: int


class Journal:
    """The journal of one run under one lease."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        run: Run,
        *,
        clock: Clock,
        patience: Patience,
        settles: Settles,
        puts_off: bool = False,
    ) -> None:
        """With `puts_off` an answer is committed with the next statement: end with `close`."""
        self._database = database
        self._lease = lease
        self._run = run
        self._clock = clock
        self._patience = patience
        self._outcomes = Outcomes(
            database, lease, run, settles, margin_s=patience.margin_s, puts_off=puts_off
        )
        self._puts_off = puts_off
        self._unkept = Unkept(lease, run.id)

    async def read(
        self, step: str, call: Callable[[Call], Awaitable[Receipt]], timeout_s: float
    ) -> Receipt:
        """Asks once; a run that comes back gets the kept answer."""
        kept = self._run.steps.get(step)
        if kept is not None:
            return decode(kept, Receipt)
        await self._outcomes.commit()
        receipt = await call(self.call("", time.monotonic() + timeout_s, timeout_s))
        if self._puts_off:
            self.keep_soon(step, "read", encode(receipt))
        else:
            await self.keep(step, "read", encode(receipt))
        return receipt

    async def local(self, step: str, effect: Callable[[Tx], Awaitable[bytes]]) -> bytes:
        """An effect on our own database and its outcome in one commit."""
        kept = self._run.steps.get(step)
        if kept is not None:
            return kept
        await self._outcomes.commit()
        async with self._database.transaction() as tx:
            kept_too = await self._unkept.keep(tx)
            outcome = await effect(tx)
            await self._unkept.keep_one(tx, step, "local", outcome)
        self._unkept.drop(kept_too)
        self._run.steps[step] = outcome
        return outcome

    async def keep(self, step: str, kind: StepKind, outcome: bytes) -> None:
        """Remembers a step's outcome. Raises LeaseLost."""
        await self._outcomes.commit()
        async with self._database.connection() as connection:
            await self._unkept.keep_one(connection, step, kind, outcome)
        self._run.steps[step] = outcome

    def keep_soon(
        self, step: str, kind: StepKind, outcome: bytes, notice: Notice | None = None
    ) -> None:
        """Remembers a step's outcome with the run's next commit, and tells people on our own desk.

        For what changes nothing outside: a run that dies before is none the worse for doing it
        again.
        """
        self._unkept.add(step, kind, outcome, notice)
        self._run.steps[step] = outcome

    async def commit(self) -> None:
        """Commits the answer that was put off, before what it was judged on is touched."""
        await self._outcomes.commit()

    async def close(self) -> None:
        """Commits whatever was put off. Raises LeaseLost."""
        await self._outcomes.close()
        if self._unkept:
            async with self._database.connection() as connection:
                self._unkept.drop(await self._unkept.keep(connection))

    async def heard(self, kinds: Sequence[str], before: int, limit: int) -> list[tuple[int, bytes]]:
        """Kept events of the kinds, numbered below `before`, newest first."""
        await self._outcomes.commit()
        values = (self._lease.subject, list(kinds), before, limit)
        row = await self._database.together(SQL["events_of_kinds"], *values, by=values[0])
        return list(zip(row["numbers"] or (), row["envelopes"] or (), strict=True)) if row else []

    async def write(
        self, step: str, effect: Effect, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        """The effect's receipt, whether it is made now or was made before.

        Raises:
            Parked: the outcome is unknown and it is too early, or impossible, to resolve it.
            FencedOff: it was unknown and was fenced; calling again makes a new round.
            Transient(sent="no"), Rejected, Misconfigured: it certainly did not happen.
            LeaseLost: another holder goes on.
        """
        while True:
            intent = await self.intend(step, effect, ability, fields, timeout_s)
            if intent is not None:
                return await self.send(intent, ability, fields, timeout_s)
            standing = await self.standing(effect)
            if standing is None or standing["state"] in ("planned", "refused", "fenced"):
                raise LeaseLost
            if standing["state"] == "done":
                return decode(standing["outcome"], Receipt)
            if ability.safety == "natural_key" and standing["resolve_in_s"] <= 0:
                # it became due just after its new intent was refused as too early
                raise _unknown(0.0, "it may be sent again under its key")
            receipt = await self.resolve(effect, ability, standing, timeout_s)
            if receipt is not None:
                return receipt

    async def done(self, effect: Effect) -> Receipt | None:
        """The receipt of an effect that took place already; None when it has not, yet."""
        standing = await self.standing(effect)
        if standing is None or standing["state"] != "done":
            return None
        return decode(standing["outcome"], Receipt)

    async def unanswered(self, effect: Effect, *more: str) -> str:
        """The key on the wire of an effect that was sent and not answered, or is in one of `more`
        states; "" for any other."""
        standing = await self.standing(effect)
        if standing is None or standing["state"] not in ("intended", "unknown", *more):
            return ""
        return wire_key(effect.key, standing["round"])

    async def standing(self, effect: Effect) -> asyncpg.Record | None:
        """Where an effect stands, with the seconds until it may be resolved."""
        await self._outcomes.commit()
        return await self._database.fetch_row(SQL["load_effect"], effect.key)

    async def intend(
        self,
        step: str,
        effect: Effect,
        ability: Write,
        fields: Fields,
        timeout_s: float,
        *,
        tx: Tx | None = None,
    ) -> Intent | None:
        """Commits the intent, or answers None when the effect is done or its outcome is open.

        With `tx` it is committed by the caller. An effect whose lost answer is protected by the
        other side's key may be intended again while it is unknown.
        """
        began = time.monotonic()
        window_s = self._patience.send_window_s
        resolve_in_s = self._patience.resolve_in_s(timeout_s)
        keeping = self._unkept.columns()
        values = (
            effect.subject,
            self._lease.target,
            self._lease.number,
            effect.key,
            effect.connection,
            effect.effect,
            effect.ordinal,
            self._run.id,
            step,
            pack(fields),
            timedelta(seconds=resolve_in_s),
            ability.safety == "natural_key",
            *keeping,
        )
        if tx is not None:
            row = await tx.fetchrow(SQL["intend_effect"], values)
        else:
            row = await self._outcomes.commit_with(intent=values)
            if row is None:
                row = await self._database.together(SQL["intend_effect"], values, by=effect.subject)
        self._unkept.drop(keeping[0])
        if row is None or row["round"] is None:
            return None
        wire = wire_key(effect.key, row["round"])
        return Intent(effect, wire, began + window_s, resolve_in_s, self._lease.number)

    async def send(
        self, intent: Intent, ability: Write, fields: Fields, timeout_s: float
    ) -> Receipt:
        """Sends an intended effect and commits what came of it."""
        own = intent.lease
        try:
            receipt = await ability.send(self.call(intent.wire, intent.send_by, timeout_s), fields)
        except Transient as error:
            if error.sent == "no":
                await self._outcomes.settle(
                    intent.effect, "planned", reason=error.message, resolved_by="reply", tried=own
                )
                raise
            await self._outcomes.settle(intent.effect, "unknown", reason=error.message, tried=own)
            raise _unknown(intent.resolve_in_s, error.message, error) from error
        except (Rejected, Misconfigured) as error:
            await self._outcomes.settle(
                intent.effect, "refused", reason=str(error), resolved_by="reply", tried=own
            )
            raise
        except Unreconciled as error:
            await self._outcomes.settle(intent.effect, "unknown", reason=str(error), tried=own)
            raise
        await self._outcomes.take_in(intent.effect, receipt, "reply")
        return receipt

    async def prove(self, effect: Effect, receipt: Receipt) -> None:
        """Ends an unknown as done: somebody else told us that it took place."""
        await self._outcomes.take_in(effect, receipt, "observation")

    async def resolve(
        self,
        effect: Effect,
        ability: Write,
        standing: asyncpg.Record,
        timeout_s: float,
        *,
        may_fence: MayFence | None = None,
    ) -> Receipt | None:
        """Ends an unknown by evidence or by a fence; None when it is proven absent.

        `may_fence` is asked right before a fence is sent: evidence may have come meanwhile.

        Raises Parked when it is too early, or nothing can be proven yet; FencedOff.
        """
        if standing["resolve_in_s"] > 0:
            raise _unknown(standing["resolve_in_s"], standing["reason"] or "in flight")
        try:
            return await self._end_unknown(effect, ability, standing, timeout_s, may_fence)
        except Transient as error:
            wait_s = error.wait_s if error.wait_s is not None else self._patience.margin_s
            raise _unknown(wait_s, error.message, error) from error

    async def _end_unknown(
        self,
        effect: Effect,
        ability: Write,
        standing: asyncpg.Record,
        timeout_s: float,
        may_fence: MayFence | None,
    ) -> Receipt | None:
        fields = unpack(standing["request"])
        wire, tried = wire_key(effect.key, standing["round"]), standing["lease"]
        call = self.call(wire, time.monotonic() + timeout_s, timeout_s)
        if ability.find is not None:
            # By one clock: the database says how long ago it was, and we say what the time is.
            sent_at = call.now - timedelta(seconds=standing["age_s"])
            finding = await ability.find(call, fields, sent_at)
            if isinstance(finding, Found):
                await self._outcomes.take_in(effect, finding.receipt, "evidence")
                return finding.receipt
            if isinstance(finding, Absent):
                await self._outcomes.settle(
                    effect, "planned", reason="proven absent", resolved_by="evidence", tried=tried
                )
                return None
            if ability.safety == "find":
                assert isinstance(finding, NotYet)
                raise _unknown(finding.wait_s, "not found so far, which proves nothing")
        if ability.fence is not None and ability.safety == "fence":
            # Whatever is heard of it, this key is used no more.
            noted = await self._database.fetch_row(
                SQL["note_fence"], effect.key, standing["round"], tried
            )
            if noted is None or (may_fence is not None and not await may_fence()):
                raise _unknown(0.0, "it was told meanwhile")
            fenced = await ability.fence(call, fields)
            await self._outcomes.settle(
                effect, "fenced", fenced.receipt, reason="fenced", resolved_by="fence", tried=tried
            )
            raise FencedOff(fenced.undone)
        raise Parked(self._patience.desk_s, _UNPROVABLE, is_failing=True)

    def call(self, key: str, send_by: float, timeout_s: float) -> Call:
        """A call under this lease."""
        return Call(
            key=key,
            now=self._clock(),
            timeout_s=timeout_s,
            correlation=f"{self._run.subject}/{self._run.id}",
            guard=self._lease.guard(send_by),
        )

    async def end_turn(self, ending: str) -> bool:
        """Ends the run as done and frees its lane with the answer that was put off.

        For a turn whose only run this is. False when that is left to the release.
        """
        lease, keeping = self._lease, self._unkept.columns()
        arrivals = (lease.arrivals or 0) + lease.own
        turn = (lease.subject, lease.target, lease.number, arrivals, self._run.id, ending, *keeping)
        if await self._outcomes.commit_with(ending=turn) is None:
            return False
        self._unkept.drop(keeping[0])
        return True


def _unknown(wait_s: float, why: str, cause: Transient | None = None) -> Parked:
    return Parked(wait_s, f"unknown: {why}", is_failing=True, cause=cause)


def outcome_of(rows: Mapping[str, bytes], step: str) -> Receipt | None:
    """A kept read's answer, or None."""
    kept = rows.get(step)
    return decode(kept, Receipt) if kept is not None else None


__all__ = ["Fenced", "FencedOff", "Intent", "Journal", "Patience"]
