"""Refunds: what has gone back of what was captured, and what is about to.

A refund is of one capture. It is claimed before it is sent and counted when somebody tells of it;
one that was made elsewhere is counted as it is told of. All of an attempt's refunds are judged
under the lock of its row: together they never pass what was captured, however many are asked for
at once, and what is counted counts once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import asyncpg

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.canonical.refunds import Refund
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import SQL as PAYMENTS
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.reauthorizations import whole

SQL = load_statements("tillbridge.payments", "refunds.sql")
_STANDING = frozenset({"claimed", "counted"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One refund of one capture, as its row has it.

    Attributes:
        asked_key: the effect that a flow asked for; "" of one made elsewhere.
        effect_key: of this part of it.
        keys: under which it has travelled, the newest last.
        request_id: the payment system's id; "" while nobody has told of it.
        capture_id: what it gives back; "" where nobody said.
        state: "claimed" (about to be made, or unknown), "counted", "undone" or "released" (it
            certainly did not take place).
    """

    number: int
    asked_key: str
    effect_key: str
    keys: tuple[str, ...]
    request_id: str
    capture_id: str
    amount: Decimal
    state: str

    @property
    def stands(self) -> bool:
        """Whether its money is gone, or about to go."""
        return self.state in _STANDING


@dataclass(frozen=True, slots=True)
class Portion:
    """The part of a refund that gives back one capture.

    `of_sale`: the capture is a sale's, and has its authorization's id.
    """

    effect_key: str
    capture_id: str
    amount: Money
    of_sale: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund as a flow asks for it.

    Attributes:
        key: of the effect as a whole.
        amount: None for all that is left.
        capture_id: "" leaves it open which captures are given back.
        key_of: the effect's key of the first, second, ... part of it.
    """

    connection: str
    order_number: str
    key: str
    amount: Money | None
    capture_id: str
    key_of: Callable[[int], str]


async def claim_refund(tx: Tx, asked: Asked) -> list[Portion]:
    """Claims the money of a refund, once; answers the captures that it gives back.

    The oldest capture is given back first. Asked again, it is the same portions.

    Raises:
        Rejected: together with other refunds it would pass what was captured, or the same refund
            was asked for with another amount.
    """
    rows = await tx.fetch(SQL["lock_live_attempts"], asked.connection, asked.order_number)
    if not rows:
        raise Rejected(
            f"Nothing of order {asked.order_number!r} is paid at {asked.connection}.",
            reason="nothing_captured",
        )
    attempts = [Attempt.of(row) for row in reversed(rows)]
    entries = {attempt.wire_key: await _entries(tx, attempt) for attempt in attempts}
    before = [
        (attempt, entry)
        for attempt in attempts
        for entry in entries[attempt.wire_key]
        if entry.asked_key == asked.key
    ]
    if before:
        return _as_before(asked, before)
    left = [
        (attempt, capture_id, amount)
        for attempt in attempts
        for capture_id, amount in await _refundable(
            tx, attempt, entries[attempt.wire_key], asked.capture_id
        )
    ]
    portions = _portions(attempts, asked, left)
    for attempt, one in portions:
        claim = Entry(
            0, asked.key, one.effect_key, (), "", one.capture_id, one.amount.amount, "claimed"
        )
        await _add(tx, attempt, claim)
    return [one for _, one in portions]


async def cover_refund(tx: Tx, effect_key: str, wire_key: str) -> bool:
    """Holds the claim of one portion before it travels under this key; False when there is none.

    One that was given back, or was undone by a fence, is claimed again.

    Raises:
        Rejected: what it would give back is gone meanwhile.
    """
    row = await tx.fetchrow(SQL["lock_attempt_of_refund"], effect_key)
    if row is None:
        return False
    attempt = Attempt.of(row)
    entries = await _entries(tx, attempt)
    own = next(entry for entry in entries if entry.effect_key == effect_key)
    is_new_key = own.keys[-1:] != (wire_key,)
    if own.stands and not is_new_key:
        return True
    others = [entry for entry in entries if entry is not own]
    left = await _left(tx, attempt, others)
    most = min(_open(attempt, others), left.get(own.capture_id, Decimal(0)))
    if most < own.amount:
        raise _over(attempt, Money(own.amount, attempt.amount.currency), most)
    keys = [*own.keys, wire_key] if is_new_key else list(own.keys)
    await tx.execute(SQL["claim_again"], own.number, keys)
    await tx.execute(SQL["sum_refunded"], attempt.wire_key, "", None)
    return True


async def claim_credit(tx: Tx, wire_key: str, amount: Money) -> None:
    """Notes a credit that stands alone before it travels under this key, so that it is known for
    ours whoever tells of it."""
    await tx.execute(SQL["add_credit"], wire_key, amount.amount)


async def is_our_credit(tx: Tx, seen: Observation) -> bool:
    """Whether a credit that stands alone is one of ours."""
    if seen.operation is not Operation.CREDIT or not seen.attempt_key:
        return False
    return bool(await tx.fetchval(SQL["is_our_credit"], seen.attempt_key))


async def release_refund(tx: Tx, effect_key: str) -> None:
    """Gives back the claim of a refund that certainly did not take place."""
    await tx.execute(SQL["release_refund"], effect_key)


async def told_refund(database: Database, effect_key: str) -> str:
    """The payment system's id of a refund of ours that it told us of; "" when it told of none."""
    return str(await database.fetch_value(SQL["told_refund"], effect_key) or "")


async def attempt_of(tx: Tx, connection: str, seen: Observation) -> asyncpg.Record | None:
    """The attempt whose capture a refund gives back, or whose refund a void undoes; locked."""
    if seen.operation not in (Operation.REFUND, Operation.VOID) or not seen.parent_id:
        return None
    return await tx.fetchrow(SQL["lock_attempt_of"], connection, seen.parent_id)


async def observe_refund(
    tx: Tx, connection: str, attempt: Attempt, seen: Observation, number: int
) -> tuple[Event, ...] | None:
    """Counts a refund, or takes back one that was undone; answers the events that follow.

    None, and nothing done, when it tells of no refund. The attempt is locked.
    """
    if seen.operation not in (Operation.REFUND, Operation.VOID):
        return None
    entries = await _entries(tx, attempt)
    if seen.operation is Operation.REFUND and seen.verdict is Verdict.APPROVED:
        return await _count(tx, connection, attempt, entries, seen, number=number)
    about = _undone_by(entries, seen)
    if about is None and seen.operation is Operation.VOID:
        return None
    undoes = (seen.operation is Operation.VOID) == (seen.verdict is Verdict.APPROVED)
    if about is None or not undoes or about.state != "counted":
        return await _confirmed(tx, attempt, number)
    await tx.execute(SQL["undo_refund"], about.number)
    return await _moved(tx, Kind.PAYMENT_REFUND_FAILED, attempt, about, seen, number=number)


async def _count(
    tx: Tx,
    connection: str,
    attempt: Attempt,
    entries: Sequence[Entry],
    seen: Observation,
    *,
    number: int,
) -> tuple[Event, ...]:
    amount = seen.amount
    if amount is None or amount.currency != attempt.amount.currency or amount.amount <= 0:
        return await _confirmed(tx, attempt, number, "conflict")
    told = (connection, seen.request_id, seen.attempt_key)
    own = next((entry for entry in entries if seen.attempt_key in entry.keys), None)
    if await tx.fetchval(SQL["undone_before"], *told) or not _is_news(own, seen):
        return await _confirmed(tx, attempt, number)
    counted = Entry(0, "", "", (), seen.request_id, seen.parent_id, amount.amount, "counted")
    if own is not None:
        counted = replace(own, request_id=seen.request_id, amount=amount.amount)
        await tx.execute(SQL["count_refund"], own.number, seen.request_id, amount.amount)
    else:
        await _add(tx, attempt, counted)
    return await _moved(tx, Kind.PAYMENT_REFUNDED, attempt, counted, seen, number=number)


def _is_news(own: Entry | None, seen: Observation) -> bool:
    """Whether a refund is told of for the first time; of ours, under the key that counts.

    What comes under an older key has run into its fence: it is undone, or will be.
    """
    if own is None:
        return True
    return seen.attempt_key == own.keys[-1] and seen.request_id != own.request_id


def _undone_by(entries: Sequence[Entry], seen: Observation) -> Entry | None:
    """The refund that failed, or that a void is about: by its id, else by the key of its fence."""
    about = seen.parent_id if seen.operation is Operation.VOID else seen.request_id
    for entry in entries:
        if entry.request_id == about != "":
            return entry
    if seen.operation is not Operation.VOID or seen.parent_id or not seen.attempt_key:
        return None
    return next((entry for entry in entries if seen.attempt_key in entry.keys[-1:]), None)


async def _add(tx: Tx, attempt: Attempt, entry: Entry) -> None:
    await tx.execute(
        SQL["add_refund"],
        attempt.wire_key,
        entry.asked_key,
        entry.effect_key,
        list(entry.keys),
        entry.request_id,
        entry.capture_id,
        entry.amount,
        entry.state,
    )


async def _confirmed(
    tx: Tx, attempt: Attempt, number: int, meaning: str = "confirmed"
) -> tuple[Event, ...]:
    await tx.execute(PAYMENTS["mean"], number, meaning, attempt.wire_key)
    return ()


async def _entries(tx: Tx, attempt: Attempt) -> list[Entry]:
    rows = await tx.fetch(SQL["refunds_of_attempt"], attempt.wire_key)
    return [Entry(**{**row, "keys": tuple(row["keys"])}) for row in rows]


async def _left(tx: Tx, attempt: Attempt, entries: Sequence[Entry]) -> dict[str, Decimal]:
    """By capture, oldest first: what it took and no refund has given back or is about to."""
    rows = await tx.fetch(SQL["captures_of_attempt"], attempt.order_number, attempt.wire_key)
    left = {row["request_id"]: row["amount"] or Decimal(0) for row in rows}
    nameless = Decimal(0)
    for entry in entries:
        if entry.stands and entry.capture_id in left:
            left[entry.capture_id] -= entry.amount
        elif entry.stands:
            nameless += entry.amount
    for capture_id, amount in left.items():  # nobody said of which: taken as of the oldest
        part = max(min(amount, nameless), Decimal(0))
        left[capture_id] = amount - part
        nameless -= part
    return left


def _open(attempt: Attempt, entries: Sequence[Entry]) -> Decimal:
    gone = sum((entry.amount for entry in entries if entry.stands), Decimal(0))
    return attempt.captured.amount - gone


async def _refundable(
    tx: Tx, attempt: Attempt, entries: Sequence[Entry], capture_id: str
) -> list[tuple[str, Decimal]]:
    """By capture (or of the one that is named), oldest first: what may go back of it, together
    never more than is open."""
    most, found = _open(attempt, entries), []
    for each, amount in (await _left(tx, attempt, entries)).items():
        if capture_id in ("", each):
            part = max(min(amount, most), Decimal(0))
            found.append((each, part))
            most -= part
    return found


def _as_before(asked: Asked, before: Sequence[tuple[Attempt, Entry]]) -> list[Portion]:
    attempt, _ = before[0]
    total = sum((entry.amount for _, entry in before), Decimal(0))
    if asked.amount is not None and asked.amount.amount != total:
        raise Rejected(
            f"The refund of {asked.amount} for order {attempt.order_number} was asked for before,"
            f" with {Money(total, attempt.amount.currency)}.",
            reason="claimed_before",
            next_step="Give a further refund an id of its own.",
        )
    return [_portion(own, one.effect_key, one.capture_id, one.amount) for own, one in before]


def _portions(
    attempts: Sequence[Attempt], asked: Asked, left: list[tuple[Attempt, str, Decimal]]
) -> list[tuple[Attempt, Portion]]:
    first = attempts[0]
    most = sum((amount for _, _, amount in left), Decimal(0))
    wanted = most if asked.amount is None else asked.amount.amount
    other = asked.amount is not None and asked.amount.currency != first.amount.currency
    if other or not 0 < wanted <= most:
        captured = sum((one.captured for one in attempts[1:]), first.captured)
        zero = Money.zero(first.amount.currency)
        raise _over(replace(first, captured=captured), asked.amount or zero, most)
    portions: list[tuple[Attempt, Portion]] = []
    for attempt, capture_id, amount in left:
        part = min(amount, wanted)
        if part > 0:
            key = asked.key_of(len(portions) + 1)
            portions.append((attempt, _portion(attempt, key, capture_id, part)))
            wanted -= part
    return portions


def _portion(attempt: Attempt, effect_key: str, capture_id: str, amount: Decimal) -> Portion:
    of_sale = capture_id == attempt.authorization_id
    return Portion(effect_key, capture_id, Money(amount, attempt.amount.currency), of_sale)


def _over(attempt: Attempt, amount: Money, left: Decimal) -> Rejected:
    rest = Money(max(left, Decimal(0)), attempt.amount.currency)
    return Rejected(
        f"Refunding {amount} of order {attempt.order_number} would pass what was captured: {rest}"
        f" of {attempt.captured} is left.",
        reason="over_refund",
        next_step="Correct the refund's amount in the shop.",
    )


async def _moved(
    tx: Tx, kind: Kind, attempt: Attempt, entry: Entry, seen: Observation, *, number: int
) -> tuple[Event, ...]:
    """Sums up what is refunded now, and tells of it."""
    row = await tx.fetchrow(SQL["sum_refunded"], attempt.wire_key, "moved", number)
    assert row is not None, "it is locked"
    refund = Refund(
        order_number=attempt.order_number,
        id=entry.request_id,
        amount=Money(entry.amount, attempt.amount.currency),
        occurred_at=seen.occurred_at,
        reason=seen.reason,
        capture_id=entry.capture_id,
    )
    event = Event(
        id=f"{kind}:{attempt.wire_key}:{seen.request_id}",
        source=attempt.connection,
        kind=kind,
        subject=attempt.order_number,
        occurred_at=seen.occurred_at,
        data=EventData(
            order=attempt.order, payment=await whole(tx, Attempt.of(row)), refund=refund
        ),
    )
    return (event,)
