"""The room `payments` of one order, in a transaction that is never committed.

What the engine does with what it is told is done here by the engine's own statements: observations
are kept once and move attempts, and a hold that nobody wants any more waits to be released.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from asyncpg.transaction import Transaction
from tests.payments.book import order

from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation, Operation, Source, Verdict
from tillbridge.database.statements import load_statements
from tillbridge.payments import attempts
from tillbridge.payments.attempts import Attempt, Opening
from tillbridge.payments.claims import claim_reversal, release_claim
from tillbridge.payments.observe import observe

CONNECTION: Final = "cards"
NUMBER: Final = "1042"
_FINDS: Final = load_statements("tillbridge.payments", "finds.sql")
_RELEASED_AFTER: Final = (Kind.PAYMENT_STRAY, Kind.PAYMENT_REVIEW_REJECTED)


@dataclass
class Room:
    """One order's attempts and what was observed of them.

    Attributes:
        keys: of its attempts, the newest last.
        releases: by authorization, what the built-in flow release-hold is about to reverse.
    """

    tx: "asyncpg.Connection[asyncpg.Record]"
    _transaction: Transaction
    keys: list[str] = field(default_factory=list)
    releases: dict[str, Money] = field(default_factory=dict)
    _events: dict[str, Event] = field(default_factory=dict)

    @classmethod
    async def open(cls, dsn: str) -> "Room":
        """A room without attempts."""
        tx = await asyncpg.connect(dsn)
        transaction = tx.transaction()
        await transaction.start()
        return cls(tx, transaction)

    async def close(self) -> None:
        """Forgets everything."""
        await self._transaction.rollback()
        await self.tx.close()

    async def begin(self, wire_key: str, amount: Money) -> None:
        """A checkout begins its attempt."""
        asked = order(NUMBER, amount.text)
        opening = Opening(wire_key, CONNECTION, "shop", wire_key, asked, b"")
        assert await attempts.open_attempt(self.tx, opening), "the order is not payable"
        self.keys.append(wire_key)

    async def attempt(self) -> Attempt:
        """The newest."""
        found = await attempts.by_wire_key(self.tx, self.keys[-1])
        assert found is not None
        return found

    async def all(self) -> dict[str, Attempt]:
        """Every attempt that held something once, by its authorization."""
        rows = await self.tx.fetch(attempts.SQL["attempts_of_order"], NUMBER)
        return {one.authorization_id: one for one in map(Attempt.of, rows) if one.authorization_id}

    async def lost(self) -> None:
        """The newest attempt was sent and not answered."""
        await attempts.mark_unknown(self.tx, self.keys[-1])

    async def may_fence(self) -> bool:
        """Whether the newest attempt is still not proven; from here on nobody wants it."""
        return await attempts.begin_fence(self.tx, self.keys[-1])

    async def abandon(self, why: str) -> None:
        """The newest attempt is over, unless it is proven meanwhile."""
        await attempts.abandon(self.tx, self.keys[-1], why)

    async def take(self, seen: Iterable[Observation]) -> bool:
        """Observations in their order; whether any of them started something."""
        started = False
        for one in seen:
            for event in (await observe(self.tx, CONNECTION, one)).events:
                started |= event.id not in self._events
                self._follow(event)
        return started

    async def claim_reversal(self, authorization_id: str) -> bool:
        """Whether the hold is there to be released."""
        claim = await claim_reversal(self.tx, _release(authorization_id), authorization_id)
        return claim is not None

    async def give_back(self, authorization_id: str) -> None:
        """A release that was refused is on somebody's desk."""
        await release_claim(self.tx, NUMBER, _release(authorization_id))

    async def unheard(self, ids: list[str]) -> list[str]:
        """Of these operations those that a pull asks for."""
        rows = await self.tx.fetch(_FINDS["unheard"], CONNECTION, ids)
        return [row["id"] for row in rows if not row["is_told"]]

    def _follow(self, event: Event) -> None:
        """Each event starts its flow once."""
        payment = event.data.payment
        if event.id not in self._events and event.kind in _RELEASED_AFTER and payment is not None:
            self.releases[payment.authorization_id] = payment.authorized
        self._events[event.id] = event


def decided_here(attempt: Attempt, *, accept: bool) -> Observation:
    """A person's decision about a hold that is no case anywhere (journeys/review.py)."""
    assert attempt.authorized_at is not None
    return Observation(
        operation=Operation.REVIEW,
        verdict=Verdict.APPROVED if accept else Verdict.DECLINED,
        source=Source.PERSON,
        order_number=attempt.order_number,
        request_id=attempt.authorization_id,
        parent_id=attempt.authorization_id,
        occurred_at=attempt.authorized_at,
        reason="" if accept else "REJECTED_BY_OPERATOR",
        review=attempt.review,
    )


def is_over(attempt: Attempt) -> bool:
    """Whether the order may be paid anew."""
    return attempt.state in attempts.ENDED


def wants_decision(attempt: Attempt, *, elsewhere: bool) -> bool:
    """Whether somebody has to decide: in Decision Manager, or here."""
    in_review = attempt.state is AttemptState.IN_REVIEW
    return in_review and (attempt.review == "decision_manager") == elsewhere


def _release(authorization_id: str) -> str:
    return f"release {authorization_id}"
