"""Authenticate: the card's issuer is asked who the shopper is, before a checkout asks for money.

    post without more        -> set up           -> "challenge": the page collects browser data
    post after "collect"     -> enrolment        -> goes on, or "challenge": the shopper confirms
    post after "confirm"     -> validation       -> goes on to the authorization, or "declined"

All with one key of the attempt. None of these calls moves money, so each is simply made again when
its answer was lost; the attempt waits as a challenge meanwhile, and makes way for another one.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.payments import AttemptState
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Call, CheckoutRequest
from tillbridge.connector.authentication import (
    AuthenticatesShoppers,
    Authentication,
    Challenge,
    NotAuthenticated,
    Proof,
)
from tillbridge.connector.documents import Fields
from tillbridge.database.database import Tx
from tillbridge.journeys.answer import Answer, answer_for, in_the_way, may_reopen, not_attempted
from tillbridge.journeys.authorization import asked_of
from tillbridge.journeys.house import House
from tillbridge.journeys.opening import not_owed, what_stands_in_the_way
from tillbridge.journeys.receive import take_in
from tillbridge.payments.attempts import Attempt, Opening, by_shop_key, live
from tillbridge.payments.authentications import (
    Standing,
    digest_of,
    keep_authentication,
    open_challenge,
    standing_authentication,
)
from tillbridge.payments.authentications import forget_authentications as forget

_LOG = logging.getLogger(__name__)


def authenticates(payments: Connection) -> bool:
    """Whether checkouts through this connection authenticate their shoppers."""
    session = payments.session
    return isinstance(session, AuthenticatesShoppers) and session.authenticates


async def authenticate(
    house: House,
    payments: Connection,
    request: CheckoutRequest,
    opening: Opening,
    received_at: datetime,
) -> "Answer | Attempt | Fields":
    """The proof that goes out with the authorization; else what the shop is told, or the attempt
    that has this key and waits for no shopper.

    Raises Rejected when the payment system refuses the request as such; nothing is held.
    """
    return await _Authenticating(house, payments, request, opening, received_at).run()


async def with_page(house: House, answer: Answer) -> Answer:
    """The answer; a challenge with what the shop's page needs for it."""
    attempt = answer.attempt
    if answer.status != "challenge" or attempt is None:
        return answer
    if not authenticates(house.connections[attempt.connection]):
        return answer
    standing = await standing_authentication(house.database, attempt.wire_key)
    if standing is None or standing.is_used:
        return answer
    return replace(answer, page=_page(standing))


async def forget_authentications(house: House) -> None:
    """Chore: those whose shoppers do not come back."""
    await forget(house.database)


@dataclass(frozen=True, slots=True)
class _Authenticating:
    """One post of a checkout whose shopper is authenticated."""

    house: House
    payments: Connection
    request: CheckoutRequest
    opening: Opening
    received_at: datetime

    async def run(self) -> "Answer | Attempt | Fields":
        """Makes the one call that is due, and keeps what it gave."""
        known = await self._attempt()
        if known is not None and not self._goes_on(known):
            return known
        if known is None:
            stopped = await self._stopped()
            if stopped is not None:
                return stopped
        standing = None
        if known is not None:
            standing = await standing_authentication(self.house.database, known.wire_key)
            if standing is not None and not may_reopen(known) and self._has_gone_on(standing):
                return await self._attempt() or known  # perhaps since the look
        try:
            told = await self._ask(standing)
        except (Transient, Misconfigured) as error:
            await self.house.gates.failed(self.payments.name, error)
            _LOG.warning("authentication of %s: %s", self.opening.wire_key, error)
            return not_attempted("The card's issuer could not be asked.")
        except Rejected as error:
            await self.house.gates.failed(self.payments.name, error)
            raise
        await self.house.gates.succeeded(self.payments.name)
        if isinstance(told, Proof):
            return told.fields
        if isinstance(told, Challenge):
            waits = known if known is not None and not may_reopen(known) else None
            return await self._wait_for_shopper(told, waits, standing)
        return await self._decline(told, known)

    def _goes_on(self, known: Attempt) -> bool:
        """Whether this request goes on with an attempt that waits, or that never left."""
        if known.request_sha256 != self.opening.request_sha256:
            return False
        return known.state is AttemptState.CHALLENGE or may_reopen(known)

    def _has_gone_on(self, standing: Standing) -> bool:
        """Whether the authorization was asked for, or this post repeats an enrolment after which
        the bank has a question: what its shopper sees stays as it is."""
        returned = self.request.returned
        return standing.is_used or (
            returned is not None
            and (returned.step, standing.step) == ("collect", "confirm")
            and standing.token_sha256 == digest_of(self.request.token)
        )

    async def _ask(self, standing: Standing | None) -> Authentication:
        """The next call. What came back from the page counts only for the step it was sent to do,
        and for the token it was done with; else everything begins again."""
        session, request, house = self.payments.session, self.request, self.house
        assert isinstance(session, AuthenticatesShoppers), "asked before"
        returned, kept = None, {}
        if (
            request.returned is not None
            and standing is not None
            and standing.step == request.returned.step
            and standing.token_sha256 == digest_of(request.token)
        ):
            returned, kept = request.returned, dict(standing.kept)
        age_s = (house.clock() - self.received_at).total_seconds()
        call = Call(
            key=self.opening.wire_key,
            now=house.clock(),
            timeout_s=max(min(self.payments.timeout_s, house.pace.answer_s - age_s), 0.0),
            correlation=f"{request.order.number}/authentication",
            guard=_allowed,
        )
        fields = asked_of(house, self.opening.shop, request, self.opening.wire_key)
        return await session.authenticate(call, fields, returned, kept)

    async def _wait_for_shopper(
        self, challenge: Challenge, waits: Attempt | None, before: Standing | None
    ) -> Answer | Attempt:
        """Keeps what the page has to do. Of two posts of one step the first counts: the other is
        told what that one was."""
        token = digest_of(self.request.token)
        standing = Standing(challenge.step, challenge.page, challenge.kept, token)
        opening = self.opening

        async def keep(tx: Tx) -> bool:
            goes_on_from = before if challenge.step == "confirm" else None
            if waits is None and not await open_challenge(tx, opening):
                return False
            return await keep_authentication(tx, opening.wire_key, standing, goes_on_from)

        try:
            kept = await self.house.database.commit(keep)
        except asyncpg.UniqueViolationError:  # another attempt of the same debt was opened just now
            kept = False
        attempt = await self._attempt()
        if not kept:
            return attempt or await self._in_the_way()
        return Answer("challenge", attempt, page=_page(standing))

    async def _decline(self, told: NotAuthenticated, known: Attempt | None) -> Answer | Attempt:
        """The attempt ends as declined: flows and shop hear of it as of any other decline."""

        async def take(tx: Tx) -> None:
            if known is None:
                await open_challenge(tx, self.opening)
            await take_in(self.house, tx, self.payments.name, [told.observation], ())

        await self.house.database.commit(take)
        attempt = await self._attempt()
        if attempt is None or attempt.state is not AttemptState.DECLINED:
            return attempt or await self._in_the_way()
        return answer_for(attempt)

    async def _attempt(self) -> Attempt | None:
        opening = self.opening
        return await by_shop_key(self.house.database, opening.shop, opening.attempt_key)

    async def _stopped(self) -> Answer | None:
        """What stands in its way already; no challenge does."""
        opening = self.opening
        if opening.owed is not None:
            async with self.house.database.transaction() as tx:
                return await not_owed(tx, opening)
        other = await live(self.house.database, self.payments.name, opening.order.number)
        if other is None or other.state is AttemptState.CHALLENGE:
            return None
        return in_the_way(other, opening.order.number)

    async def _in_the_way(self) -> Answer:
        async with self.house.database.transaction() as tx:
            return await what_stands_in_the_way(tx, self.opening)


def _page(standing: Standing) -> dict[str, str]:
    return {"step": standing.step, **standing.page}


def _allowed() -> None:
    """Nothing is owed: such a call may always leave."""
