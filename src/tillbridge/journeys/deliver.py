"""Deliver: one event goes through one flow version, step by step, and survives any crash.

    event -> flow (the version pinned to the run) -> map, read, write, branch, wait, stop -> ending

The flow is data. A step that was done is found done; maps and branches are pure and are simply
done again over the same recorded values.
"""

from collections.abc import Sequence

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.events import Event
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Receipt
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import (
    BranchStep,
    MapStep,
    ReadStep,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys.house import House
from tillbridge.journeys.money_guard import CAPTURE, covered, give_back
from tillbridge.journeys.settle import settling
from tillbridge.mapping.source import names_of
from tillbridge.payments.observations import told_capture
from tillbridge.runs.journal import FencedOff, Journal, outcome_of
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import Change, Parked, Run

JOURNEY = "deliver"


async def deliver(house: House, turn: Turn, run: Run) -> None:
    """Advances a run until it waits or ends; notes its ending in the turn.

    Raises Parked, GateClosed, LeaseLost, or the error that ends or delays it (journeys/turn.py).
    """
    flow = await house.catalogue.version(run.flow, run.flow_version)
    event = decode_event(run.input)
    walk = Walk(house, turn, run, flow, event)
    stop = None
    if flow.condition is None or flow.condition.evaluate(walk.names):
        stop = await walk.take_all(flow.steps)
    if stop is not None and stop.outcome == "cancelled":
        turn.change(Change(run.id, "cancelled", ending=stop.reason))
    else:
        turn.change(Change(run.id, "done", ending=stop.reason if stop is not None else ""))


class Walk:
    """One run's way through its flow."""

    def __init__(self, house: House, turn: Turn, run: Run, flow: Flow, event: Event) -> None:
        self._house = house
        self._run = run
        self._came_back = run.state == "waiting" or run.replay_of is not None or turn.claims > 1
        self._flow = flow
        self.names: dict[str, object] = names_of(event)
        announced = announced_by(flow)
        self._journal = Journal(
            house.database,
            turn.lease,
            run,
            clock=house.clock,
            patience=house.patience,
            settled=settling(house, announced),
            quiet=lambda effect, receipt: (
                not receipt.observations and effect.effect not in announced
            ),
        )

    async def take_all(self, steps: Sequence[Step]) -> StopStep | None:
        """Takes steps in order; answers the stop step that ended them, if one did."""
        for step in steps:
            self._run.current_step = step.reason if isinstance(step, StopStep) else step.name
            match step:
                case MapStep():
                    self.names[step.name] = step.result(self.names)
                case WriteStep():
                    self.names[step.name] = _shown(await self._write(step))
                case ReadStep():
                    self.names[step.name] = _shown(await self._read(step))
                case WaitStep():
                    self.names[step.name] = await self._wait(step)
                case BranchStep():
                    chosen = step.chosen(self.names)
                    case_steps = step.cases[chosen].steps if chosen is not None else ()
                    stop = await self.take_all(case_steps)
                    if stop is not None:
                        return stop
                case StopStep():
                    return step
        return None

    async def _write(self, step: WriteStep) -> Receipt:
        house = self._house
        connection = house.connections[step.connection]
        ability = connection.write(step.document)
        fields = step.inputs(self.names)
        effect = Effect(
            step.connection, self._run.subject, step.document, step.ordinal_of(self.names)
        )
        if self._came_back:
            done = await self._journal.done(effect) or await self._told(effect)
            if done is not None:
                return done
        if not await covered(house, step.document, effect.key, fields):
            return Receipt(fields={"status": "nothing_to_reverse"})
        await house.gates.enter(step.connection)
        while True:
            try:
                receipt = await self._journal.write(
                    step.name, effect, ability, fields, connection.timeout_s
                )
            except FencedOff:
                continue
            except Parked as parked:
                if parked.cause is not None:
                    await house.gates.failed(step.connection, parked.cause)
                raise
            except Transient as error:
                await house.gates.failed(step.connection, error)
                raise
            except (Rejected, Misconfigured) as error:
                await house.gates.failed(step.connection, error)
                if not await self._journal.unanswered(effect):  # else it may have taken place
                    async with house.database.connection() as tx:
                        await give_back(tx, effect.subject, step.document, effect.key)
                raise
            await house.gates.succeeded(step.connection)
            return receipt

    async def _told(self, effect: Effect) -> Receipt | None:
        """A capture that was not answered, and of which a webhook has told us meanwhile."""
        if effect.effect != CAPTURE:
            return None
        key = await self._journal.unanswered(effect)
        if not key:
            return None
        request_id = await told_capture(self._house.database, effect.connection, key)
        if not request_id:
            return None
        reference = ExternalReference(effect.connection, CAPTURE, request_id)
        receipt = Receipt((reference,), {"request_id": request_id, "status": "observed"})
        await self._journal.prove(effect, receipt)
        return receipt

    async def _read(self, step: ReadStep) -> Receipt:
        house = self._house
        connection = house.connections[step.connection]
        ability = connection.read(step.ask)
        kept = outcome_of(self._run.steps, step.name)
        if kept is not None:
            return kept
        fields = step.inputs(self.names)
        await house.gates.enter(step.connection)
        try:
            receipt = await self._journal.read(
                step.name, lambda call: ability.call(call, fields), connection.timeout_s
            )
        except (Transient, Misconfigured) as error:
            await house.gates.failed(step.connection, error)
            raise
        await house.gates.succeeded(step.connection)
        return receipt

    async def _wait(self, step: WaitStep) -> Event | None:
        """The newest event of the awaited kinds; None when the time is up and the flow goes on."""
        kept = self._run.steps.get(step.name)
        if kept is not None:
            return decode_event(kept) if kept != _TIMED_OUT else None
        taken = await self._taken(step)
        if taken is not None:
            return taken
        why = f"{step.name}: {' or '.join(step.kinds)}"
        left_s = step.timeout_s / self._house.factor
        if self._run.waiting_for == why and self._run.wait_s is not None:
            left_s = self._run.wait_s
        if left_s > 0:
            raise Parked(left_s, why, kinds=step.kinds)
        if step.on_timeout == "continue":
            await self._journal.keep(step.name, "wait", _TIMED_OUT)
            return None
        raise Rejected(
            f"{step.name}: none of {', '.join(step.kinds)} came in time.",
            reason="wait_timed_out",
            next_step="Find out why, then replay the run: it waits anew.",
        )

    async def _taken(self, step: WaitStep) -> Event | None:
        """The newest kept event that ends the wait, kept as its outcome."""
        if step.where is None:
            envelope = await self._journal.take_waited(step.name, step.kinds)
            return decode_event(envelope) if envelope is not None else None
        for envelope in await self._journal.awaited(step.kinds):
            candidate = decode_event(envelope)
            if step.accepts(candidate, self.names):
                await self._journal.keep(step.name, "wait", envelope)
                return candidate
        return None


def announced_by(flow: Flow) -> frozenset[str]:
    """The documents of which other flows want to hear."""
    steps = walk_steps(flow.steps)
    return frozenset(
        step.document for step in steps if isinstance(step, WriteStep) and step.announce
    )


_TIMED_OUT = b"timed out"


def _shown(receipt: Receipt) -> dict[str, object]:
    """A receipt by the names a flow uses: order.references.sales_order, order.fields.status."""
    return {
        "references": {item.kind: item.id for item in receipt.references},
        "fields": dict(receipt.fields),
    }
