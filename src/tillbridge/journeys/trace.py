"""Trace: one order's whole story across systems, in time order, found by any id it has anywhere.

    id -> order -> payments, names in each system, and every moment: events, observations,
                   effects, runs

Moments are ordered by our own clock (when we kept or did something): clocks of other systems
differ. Where the other side's time is known it stands beside ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from tillbridge.archive.parts import Part, outlines_of
from tillbridge.canonical.card_data import mask
from tillbridge.canonical.codec import shaped
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.database.database import Database
from tillbridge.journeys.subjects import RUN_PREFIX, subjects_of
from tillbridge.payments.attempts import Attempt, of_order
from tillbridge.payments.observations import Observed, observations_of
from tillbridge.references.references import Recorded, of_subject
from tillbridge.runs.history import EffectRow, EventRow, RunRow, effects_of, events_of, runs

RUNS_MAX = 1000
MomentKind: TypeAlias = Literal["payment", "event", "effect", "run"]


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One attempt as the story shows it: what is held, captured and given back.

    `card` is the brand and the last four digits.
    """

    connection: str
    shop: str
    attempt_key: str
    state: str
    amount: Money
    captured: Money
    reversed: Money
    refunded: Money
    authorization_id: str
    reason: str
    card: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        at: by our clock, UTC.
        kind: "payment" (an observation), "event", "effect" (of ours, in another system) or "run".
        where: the connection, or "tillbridge".
        what: in a few words: "authorization approved", "sales_order done".
        amount: None where no money is told of.
        id: what it can be looked up by, there or here.
        detail: who told us, why, or how it ended.
        occurred_at: the other side's own time, where it is known.
    """

    at: datetime
    kind: MomentKind
    where: str
    what: str
    amount: Money | None = None
    id: str = ""
    detail: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One order's story.

    Attributes:
        asked: the id that was asked for.
        subject: the order number it belongs to.
        others: further orders that know the same id (one customer's, say).
    """

    asked: str
    subject: str
    others: tuple[str, ...]
    payments: tuple[PaymentLine, ...]
    references: tuple[Recorded, ...]
    moments: tuple[Moment, ...]


async def trace(database: Database, any_id: str) -> Trace:
    """The story an id belongs to, as far as the database knows it (see `subjects_of` for what may
    be given).

    Raises:
        Rejected: nobody here has heard of that id.
    """
    subjects = await subjects_of(database, any_id)
    if not subjects:
        raise unknown_id(any_id)
    past = runs_in(await outlines_of(database, subjects[0]))
    return await story_of(database, any_id, subjects, past)


def unknown_id(any_id: str) -> Rejected:
    """What is raised when nobody has heard of an id."""
    return Rejected(
        f"Nothing is known under {mask(any_id)!r}.",
        reason="unknown_id",
        next_step="Give an order number, or an id exactly as the other system writes it.",
    )


async def story_of(
    database: Database, asked: str, subjects: Sequence[str], past: Sequence[RunRow]
) -> Trace:
    """The story of the first subject; `past` are its runs that have left the working tables."""
    subject, *others = subjects
    here = await runs(database, subject=subject, limit=RUNS_MAX)
    known = {row.id for row in here}
    moments = [
        *(_told(seen) for seen in await observations_of(database, subject)),
        *(_happened(event) for event in await events_of(database, subject)),
        *_runs([*here, *(row for row in past if row.id not in known)]),
        *_effects(await effects_of(database, subject)),
    ]
    return Trace(
        asked=asked,
        subject=subject,
        others=tuple(others),
        payments=tuple(_line(attempt) for attempt in await of_order(database, subject)),
        references=tuple(await of_subject(database, subject)),
        moments=tuple(sorted(moments, key=lambda moment: moment.at)),
    )


def runs_in(parts: Sequence[Part]) -> list[RunRow]:
    """The runs among parts of the past."""
    return [shaped(part.content, RunRow) for part in parts if part.kind == "run"]


def _line(attempt: Attempt) -> PaymentLine:
    card = f"{attempt.card.brand} {attempt.card.last4}".strip()
    return PaymentLine(
        connection=attempt.connection,
        shop=attempt.shop,
        attempt_key=attempt.attempt_key,
        state=attempt.state.value,
        amount=attempt.amount,
        captured=attempt.captured,
        reversed=attempt.reversed,
        refunded=attempt.refunded,
        authorization_id=attempt.authorization_id,
        reason=attempt.reason,
        card=card,
    )


def _told(seen: Observed) -> Moment:
    said = [f"by {seen.source}", seen.meaning, seen.reason]
    return Moment(
        at=seen.observed_at,
        kind="payment",
        where=seen.connection,
        what=f"{seen.operation} {seen.verdict}",
        amount=seen.amount,
        id=seen.request_id,
        detail=", ".join(part for part in said if part),
        occurred_at=seen.occurred_at,
    )


def _happened(event: EventRow) -> Moment:
    return Moment(
        at=event.kept_at,
        kind="event",
        where=event.source,
        what=event.kind,
        id=f"event {event.number}",
        occurred_at=event.occurred_at,
    )


def _runs(rows: Sequence[RunRow]) -> list[Moment]:
    moments = []
    for row in rows:
        name = row.flow or row.journey
        number = f"{RUN_PREFIX}{row.id}"
        again = f"replay of run {row.replay_of}" if row.replay_of else ""
        began = Moment(row.started_at, "run", row.target, f"{name} started", None, number, again)
        moments.append(began)
        if row.ended_at is not None:
            moments.append(
                Moment(
                    row.ended_at, "run", row.target, f"{name} {row.state}", None, number, row.ending
                )
            )
    return moments


def _effects(rows: Sequence[EffectRow]) -> list[Moment]:
    moments = []
    for row in rows:
        name = row.effect if row.ordinal == "1" else f"{row.effect} {row.ordinal}"
        tries = f"try {row.tries}" if row.tries > 1 else ""
        intended = Moment(
            row.intended_at, "effect", row.connection, f"{name} intended", None, row.key, tries
        )
        moments.append(intended)
        if row.ended_at is not None or row.state == "unknown":
            by = f"by {row.resolved_by}" if row.resolved_by else ""
            detail = ", ".join(part for part in (by, row.reason) if part)
            at = row.ended_at or row.intended_at
            ended = Moment(
                at, "effect", row.connection, f"{name} {row.state}", None, row.key, detail
            )
            moments.append(ended)
    return moments
