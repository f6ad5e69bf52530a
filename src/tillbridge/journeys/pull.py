"""Pull: what a payment system did and no webhook, no reply has told, is found and taken in.

    every interval, one worker: what was done there since -> which of it is unheard of -> asked for,
    one by one -> taken in as if its webhook had come -> the cursor moves

A find goes the way of a webhook: the same keys, the same consequences; the webhook that comes
later after all adds nothing. What fits no payment of ours is kept, unplaced, and shown to people:
nobody guesses whose it is.
"""

import logging
from dataclasses import dataclass, replace

from tillbridge.access.audit import record
from tillbridge.canonical.card_text import mask
from tillbridge.canonical.errors import Rejected, TillbridgeError, Transient, Unreconciled
from tillbridge.canonical.payments import Observation
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, Changes, Pull, PullsPayments
from tillbridge.database.database import Database
from tillbridge.desk.notices import keep_notice
from tillbridge.inbox.sightings import note_sighting
from tillbridge.journeys.following import follow_subject
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.journeys.steer import reason_of
from tillbridge.payments.finds import (
    Find,
    keep_find,
    keep_unread,
    set_aside,
    unheard,
    unread_again,
)
from tillbridge.triggers.pulls import Look, end_pull, keep_pull, move_pull, take_pull

PAGES_MAX = 20
ASKED_MAX = 200
"""Pages read and operations asked for in one go; after a pause the next goes on behind them."""
LEASE_S = 30.0
UNREAD_MAX_S = 86_400.0
_LOG = logging.getLogger(__name__)


async def pull_payments(house: House) -> None:
    """Looks at every payment system whose time has come; of all workers one looks at a time."""
    for at in house.connections.all():
        if not isinstance(at.session, PullsPayments) or at.session.pull is None:
            continue
        lease_s = 2 * at.timeout_s + max(LEASE_S / house.factor, 5.0)
        look = await take_pull(house.database, at.name, lease_s)
        if look is not None:
            await _Pulling(house, at, at.session.pull, look).run()


async def set_find_aside(database: Database, number: int, operator: str, why: str) -> Find:
    """A person knows what an unplaced or unread find is: nobody is told of it any more.

    Raises:
        Rejected: no reason, or no such find waits.
    """
    why = reason_of(why)
    async with database.transaction() as tx:
        find = await set_aside(tx, number, why)
        about = {"connection": find.connection, "request_id": find.request_id}
        await record(tx, operator, "set aside", f"find {number}", why=why, after=about)
        return find


class _Lost(Exception):
    """Another worker has the right to look by now."""


@dataclass(slots=True)
class _Pulling:
    """One worker's look at one connection."""

    house: House
    at: Connection
    pull: Pull
    look: Look
    asked: int = 0

    async def run(self) -> None:
        """Looks, and says when the next look is and why this one ended early."""
        trouble, wait_s = "", self.pull.every_s
        try:
            await self._ask_again()
            if not await self._pages():
                wait_s = 0.0
        except _Lost:
            return
        except GateClosed as closed:
            trouble, wait_s = closed.reason, min(closed.wait_s, self.pull.every_s)
        except TillbridgeError as error:
            await self.house.gates.failed(self.at.name, error)
            _LOG.warning("looking at %s for what was lost: %s", self.at.name, error)
            trouble = mask(str(error))
        await end_pull(self.house.database, self.look, wait_s, trouble)

    async def _pages(self) -> bool:
        """Page by page; whether that was all there is now."""
        for _ in range(PAGES_MAX):
            await self._enter()
            changes = await self.pull.operations.call(self._call(), {}, self.look.cursor)
            await self.house.gates.succeeded(self.at.name)
            if changes.looked is not None:
                await self._note_gap(changes)
            new = await self._take(changes)
            if new is None:
                return False
            if not await self._move(changes, new):
                raise _Lost
            if not changes.more:
                return True
        return False

    async def _take(self, changes: Changes) -> int | None:
        """How many of a page nobody had told of; None when there are too many for one go."""
        new = 0
        ids = [listed.id for listed in changes.records]
        for one in await unheard(self.house.database, self.at.name, ids):
            if one.is_told:
                async with self.house.database.transaction() as tx:
                    await keep_find(tx, self.at.name, one.request_id)
                continue
            if self.asked >= ASKED_MAX:
                return None
            new += 1
            await self._ask(one.request_id)
        return new

    async def _ask_again(self) -> None:
        for request_id in await unread_again(self.house.database, self.at.name, ASKED_MAX):
            await self._ask(request_id)

    async def _ask(self, request_id: str) -> None:
        """Asks for one operation and takes it in, or notes why it could not be.

        One that is not answered is asked for later, so that it does not stand in the way for ever
        of what comes behind it; the look ends all the same: others would not be answered either.
        """
        self.asked += 1
        await self._enter()
        try:
            seen = await self.pull.observe(self._call(), request_id)
        except (Rejected, Unreconciled) as error:
            await self._unread(request_id, mask(str(error)))
            return
        except Transient as error:
            await self._unread(request_id, mask(str(error)))
            raise
        await self.house.gates.succeeded(self.at.name)
        if not seen:
            await self._unread(request_id, "It is listed, and nothing proves yet how it ended.")
            return
        clean = [await self._without_card_data(one) for one in seen]
        await follow_subject(self.house, clean[0].order_number)
        async with self.house.database.transaction() as tx:
            await take_in(self.house, tx, self.at.name, clean, ())
            await keep_find(tx, self.at.name, request_id)
        _LOG.info("%s: %s was found, of which nobody had told us", self.at.name, request_id)

    async def _unread(self, request_id: str, why: str) -> None:
        waits_s = (self.pull.every_s, UNREAD_MAX_S / self.house.factor)
        await keep_unread(self.house.database, self.at.name, request_id, why, waits_s)

    async def _enter(self) -> None:
        """Before each call: leave to make it, and to go on looking."""
        await self.house.gates.enter(self.at.name)
        if not await keep_pull(self.house.database, self.look):
            raise _Lost

    async def _move(self, changes: Changes, new: int) -> bool:
        """Behind a page whose finds are kept. A poll by time that finds it too early has not
        looked."""
        by_time = self.look.settled_until is not None
        if by_time and changes.looked is None and changes.cursor == self.look.cursor:
            return True
        counts = (len(changes.records), new)
        return await move_pull(
            self.house.database, self.look, changes.cursor, changes.looked, counts
        )

    async def _note_gap(self, changes: Changes) -> None:
        """A window that begins after the end of the last: nobody has looked in between."""
        before, looked = self.look.settled_until, changes.looked
        if before is None or looked is None or looked.since <= before:
            return
        between = f"{before:%Y-%m-%d %H:%M} and {looked.since:%Y-%m-%d %H:%M} UTC"
        _LOG.warning("%s was not looked at between %s", self.at.name, between)
        async with self.house.database.transaction() as tx:
            await keep_notice(
                tx,
                f"pull gap {self.at.name} {before.isoformat()}",
                flow="",
                subject=self.at.name,
                level="warning",
                title=f"{self.at.name} was not looked at for a time",
                content=f"Between {between} nobody looked for what its webhooks lost: the pause was"
                " longer than its setting says how far back. Compare its own reports of that time.",
            )

    async def _without_card_data(self, seen: Observation) -> Observation:
        """What a payment system sends is masked, and kept. Its ids are ids."""
        clean = replace(
            seen,
            order_number=mask(seen.order_number),
            attempt_key=mask(seen.attempt_key),
            reason=mask(seen.reason),
        )
        if clean != seen:
            place = "order_number, attempt_key or reason"
            await note_sighting(self.house.database, f"pull of {self.at.name}", place, "masked")
        return clean

    def _call(self) -> Call:
        return Call("", self.house.clock(), self.at.timeout_s, f"pull {self.at.name}", _allowed)


def _allowed() -> None:
    """A read may leave at any time."""
