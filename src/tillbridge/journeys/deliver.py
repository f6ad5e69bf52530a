"""Deliver: one event goes through one flow version, step by step, and survives any crash.

    event -> flow (the version pinned to the run) -> its steps, one after another -> ending

The flow is data. A step that was done is found done; what only computes is simply done again over
the same recorded values. Each kind of step that waits, repeats or starts something has a file of
its own beside this one.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.canonical.events import Event
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.documents import Fields
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import (
    AggregateStep,
    ApproveStep,
    BranchStep,
    CallStep,
    EachStep,
    FilterStep,
    MapStep,
    NotifyStep,
    ReadStep,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.walk import recovery_of, walk_steps
from tillbridge.journeys.approve import take_approval
from tillbridge.journeys.begin import unless_paused, waits_behind
from tillbridge.journeys.call import is_called, take_call, tell_caller
from tillbridge.journeys.capture import expect_undivided, take_capture
from tillbridge.journeys.card_guard import expect_clean, without_card_data
from tillbridge.journeys.each import take_each
from tillbridge.journeys.gather import gather, gathers
from tillbridge.journeys.heard import Heard
from tillbridge.journeys.hold import while_held
from tillbridge.journeys.house import House
from tillbridge.journeys.money_guard import CAPTURE, claim_cover, give_back, is_covered, told
from tillbridge.journeys.notify import take_notice
from tillbridge.journeys.rates import give_rates
from tillbridge.journeys.recovery import recovered
from tillbridge.journeys.refund import REFUND, cover_going_out, take_refund
from tillbridge.journeys.settle import Settling
from tillbridge.journeys.stake import owed
from tillbridge.journeys.wait import take_wait
from tillbridge.journeys.way import Unreached
from tillbridge.runs.history import effects_begun, open_steps
from tillbridge.runs.journal import FencedOff, Journal, outcome_of
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import Change, Parked, Run, RunState
from tillbridge.runs.slots import slot

JOURNEY = "deliver"
NOTHING_TO_REVERSE = "nothing_to_reverse"
UNDONE = "undone"
"""The reason of a dead letter whose effects are undone: it can be cancelled, not replayed."""
SLOT_S = 1.0


async def deliver(house: House, turn: Turn, run: Run) -> None:
    """Advances a run until it waits or ends; notes its ending in the turn.

    Raises Parked, GateClosed, LeaseLost, or the error that ends or delays it (journeys/turn.py).
    """
    flow = await house.catalogue.version(run.flow, run.flow_version)
    run.on_failure = flow.on_failure
    await unless_paused(house, flow, run)
    async with slot(house.database, turn.lease, flow.name, flow.concurrency, SLOT_S / house.factor):
        await _deliver(house, turn, run, flow)


async def _deliver(house: House, turn: Turn, run: Run, flow: Flow) -> None:
    event = decode_event(run.input)
    if gathers(flow, event):
        journal = journal_of(house, turn, run, Settling(house))
        turn.change(Change(run.id, "done", ending=await gather(house, journal, flow, event)))
        return
    if waits_behind(house, turn, run):
        return
    walk = Walk(house, turn, run, flow, event)
    try:
        await _walk(walk, turn, event)
    except TillbridgeError as error:
        run.owes = owed(flow.steps, error.step or run.current_step, walk.names, run.subject)
        raise
    finally:
        await walk.journal.close()


async def _walk(walk: "Walk", turn: Turn, event: Event) -> None:
    house, run, flow = walk.house, walk.run, walk.flow
    stop = None
    if flow.condition is None or flow.condition.evaluate(walk.names):
        stop = await walk.take_all(flow.steps)
    if stop is not None and stop.undo:
        await walk.undo()
    if stop is not None and stop.outcome == "failed":
        raise _failed(stop)
    outcome, reason = (stop.outcome, stop.reason) if stop is not None else ("done", "")
    if is_called(event):
        await walk.journal.local(
            "<ended>", lambda tx: tell_caller(house, tx, event, outcome, reason)
        )
    state: RunState = "cancelled" if outcome == "cancelled" else "done"
    turn.change(Change(run.id, state, ending=reason))
    if state == "done" and len(turn.runs) == 1:
        turn.is_freed = await walk.journal.end_turn(reason)


def _failed(stop: StopStep) -> Rejected:
    if stop.undo:
        return Rejected(
            f"{stop.reason} (what was done is undone)",
            reason=UNDONE,
            place=stop.place,
            next_step="Look into it, then cancel it: it cannot be replayed.",
        )
    return Rejected(stop.reason, reason="stopped", place=stop.place, next_step="Mend it, replay.")


def journal_of(house: House, turn: Turn, run: Run, settling: Settling) -> Journal:
    """The journal of a run of a flow."""
    return Journal(
        house.database,
        turn.lease,
        run,
        clock=house.clock,
        patience=house.patience,
        settles=settling,
        puts_off=True,
    )


@dataclass(frozen=True, slots=True)
class Undoable:
    """A write that took place and that the flow can undo, with the way as it was then."""

    step: WriteStep
    effect_key: str
    walk: "Walk"


class Walk:
    """One run's way through its flow (journeys/way.py), or one item's through an `each`.

    Attributes:
        undoable: what can be undone, in the order it was done; shared by all ways of the run.
    """

    def __init__(
        self, house: House, turn: Turn, run: Run, flow: Flow, event: Event, *, ghost: bool = False
    ) -> None:
        self.house = house
        self.run = run
        self.flow = flow
        payment = event.data.payment
        paid_by = payment.attempt_key if payment is not None else ""
        self._settling = Settling(house, announced_by(flow), paid_by)
        self.journal = journal_of(house, turn, run, self._settling)
        self.heard = Heard(self.journal, flow)
        self.names: dict[str, object] = flow.names(event)
        self.ghost = ghost
        self.undoable: list[Undoable] = []
        self._prefix = ""
        self._keys: tuple[str, ...] = ()

    def place(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def ordinal(self, ordinal: str) -> str:
        for key in self._keys:
            ordinal = EachStep.ordinal_within(ordinal, key)
        return ordinal

    def inside(self, each: str, key: str, names: Mapping[str, object]) -> "Walk":
        inner = copy(self)
        inner.names = dict(names)
        inner._prefix = f"{self.place(each)}[{key}]."
        inner._keys = (*self._keys, key)
        return inner

    async def take_all(self, steps: Sequence[Step]) -> StopStep | None:
        for step in steps:
            if isinstance(step, StopStep):
                self.run.current_step = step.reason
                return step
            self.run.current_step = self.place(step.name)
            recovery = recovery_of(step)
            stop = (
                await self.take(step)
                if recovery is None
                else await recovered(self, step, step.name, recovery)
            )
            if stop is not None:
                return stop
        return None

    async def take(self, step: Step) -> StopStep | None:
        try:
            return await self._take(step)
        except TillbridgeError as error:
            error.step = error.step or self.place(getattr(step, "name", ""))
            error.connection = error.connection or getattr(step, "connection", "")
            raise

    async def _take(self, step: Step) -> StopStep | None:
        await give_rates(self, step)
        match step:
            case MapStep() | FilterStep() | AggregateStep():
                self.names[step.name] = step.result(self.names)
            case WriteStep():
                await self._write(step)
            case ReadStep():
                self.names[step.name] = _shown(await self._read(step))
            case WaitStep():
                self.names[step.name] = await take_wait(self, step)
            case EachStep():
                await take_each(self, step)
            case NotifyStep():
                self.names[step.name] = _shown(await take_notice(self, step))
            case CallStep():
                self.names[step.name] = await take_call(self, step)
            case ApproveStep():
                return await take_approval(self, step)
            case BranchStep():
                chosen = step.chosen(self.names)
                return await self.take_all(step.cases[chosen].steps if chosen is not None else ())
            case StopStep():
                return step
        return None

    async def undo(self) -> int:
        """Takes the undo steps of what was done, the last write first; answers of how many.

        What another run had done before, and this one only found done, is not this one's to undo.
        """
        await self.journal.commit()
        known = await effects_begun(self.house.database, self.run.id) if self.undoable else ()
        own = [done for done in self.undoable if done.effect_key in known]
        if len(own) < len(self.undoable):
            await expect_undivided(self, [done.effect_key for done in self.undoable], known)
        for done in reversed(own):
            await done.walk.take_all(done.step.undo)
        return len(own)

    async def is_open(self, place: str) -> bool:
        await self.journal.close()  # what was put off is not open
        within = (f"{place}.", f"{place}[")
        return any(
            step == place or step.startswith(within)
            for step in await open_steps(self.house.database, self.run.id)
        )

    async def _write(self, step: WriteStep) -> None:
        ordinal, fields = step.ordinal_of(self.names), step.inputs(self.names)
        take = {REFUND: take_refund, CAPTURE: take_capture}.get(step.document)
        if take is not None:
            receipt = await take(self, step.name, step.connection, ordinal, fields)
        else:
            receipt = await self.write(step.name, step.connection, step.document, ordinal, fields)
        self.names[step.name] = _shown(receipt)
        if step.undo and receipt.fields.get("status") != NOTHING_TO_REVERSE:
            then = copy(self)
            then.names, then.ghost = dict(self.names), False
            effect = self._effect(step.connection, step.document, ordinal)
            self.undoable.append(Undoable(step, effect.key, then))

    def _effect(self, connection: str, document: str, ordinal: str) -> Effect:
        return Effect(connection, self.run.subject, document, self.ordinal(ordinal))

    async def write(
        self, name: str, connection: str, document: str, ordinal: str, fields: Fields
    ) -> Receipt:
        house = self.house
        at = house.connections[connection]
        ability = at.write(document)
        effect = self._effect(connection, document, ordinal)
        if effect.key in self.run.begun or self.run.replay_of is not None or self.ghost:
            done = await self.journal.done(effect) or await self._told(effect)
            if done is not None:
                return done
        if self.ghost:
            raise Unreached
        way = f"write {document} at {connection}"
        ids = at.configured.connector.id_fields
        await expect_clean(house.database, way, self.run.subject, fields, ids)
        if is_covered(document):
            await self.journal.commit()  # a claim changes the attempt that an answer was judged on
        await cover_going_out(self, effect, fields)
        cover = await claim_cover(house, document, effect, fields)
        if not cover.covered:
            return Receipt(fields={"status": NOTHING_TO_REVERSE})
        if cover.amount is not None:
            fields = {**fields, "amount": cover.amount}
        self._settling.attempt = cover.attempt
        ability = while_held(house, ability, cover.hold)
        await house.gates.enter(connection, since=self.run.started_at)
        try:
            receipt = await self.journal.write(
                self.place(name), effect, ability, fields, at.timeout_s
            )
        except FencedOff:
            return await self.write(name, connection, document, ordinal, fields)
        except Parked as parked:
            if parked.cause is not None:
                await house.gates.failed(connection, parked.cause)
            raise
        except Transient as error:
            await house.gates.failed(connection, error)
            raise
        except (Rejected, Misconfigured) as error:
            await house.gates.failed(connection, error)
            if not await self.journal.unanswered(effect):  # else it may have taken place
                async with house.database.connection() as tx:
                    await give_back(tx, effect.subject, document, effect.key)
            raise
        await house.gates.succeeded(connection)
        return receipt

    async def _told(self, effect: Effect) -> Receipt | None:
        """A capture or refund that was not answered, or was taken for not done, and of which a
        webhook has told us meanwhile."""
        if effect.effect not in (CAPTURE, REFUND):
            return None
        key = await self.journal.unanswered(effect, "planned", "refused")
        if not key:
            return None
        request_id = await told(self.house.database, effect, key)
        if not request_id:
            return None
        reference = ExternalReference(effect.connection, effect.effect, request_id)
        receipt = Receipt((reference,), {"request_id": request_id, "status": "observed"})
        await self.journal.prove(effect, receipt)
        return receipt

    async def _read(self, step: ReadStep) -> Receipt:
        house = self.house
        connection = house.connections[step.connection]
        ability = connection.read(step.ask)
        kept = outcome_of(self.run.steps, self.place(step.name))
        if kept is not None:
            return kept
        if self.ghost:
            raise Unreached
        fields = step.inputs(self.names)
        way = f"read {step.ask} at {step.connection}"

        async def ask(call: Call) -> Receipt:
            told = await ability.call(call, fields)
            return await without_card_data(house.database, connection, way, told)

        await house.gates.enter(step.connection, since=self.run.started_at)
        try:
            receipt = await self.journal.read(self.place(step.name), ask, connection.timeout_s)
        except (Transient, Misconfigured) as error:
            await house.gates.failed(step.connection, error)
            raise
        await house.gates.succeeded(step.connection)
        return receipt


def announced_by(flow: Flow) -> frozenset[str]:
    """The documents of which other flows want to hear."""
    steps = walk_steps(flow.steps)
    return frozenset(
        step.document for step in steps if isinstance(step, WriteStep) and step.announce
    )


def _shown(receipt: Receipt) -> dict[str, object]:
    """A receipt by the names a flow uses: order.references.sales_order, order.fields.status."""
    return {
        "references": {item.kind: item.id for item in receipt.references},
        "fields": dict(receipt.fields),
    }
