"""Webhooks: the other system goes on telling us what happens there.

    now and then, one process at a time: what is subscribed -> what is needed -> mended -> noted

However many ask at once, they look one after the other, and each looks before it acts: one
subscription is left. A delivery that is signed with a key nobody knows is refused, and its sender
comes again; meanwhile the keys are read anew, and if nobody has made it, another is made.
"""

import asyncio
import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence

from tillbridge.alerts.alerts import Condition, Level
from tillbridge.canonical.card_text import mask
from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connections.webhooks import (
    WebhookLook,
    WebhookRow,
    all_webhooks,
    end_webhooks,
    fail_webhooks,
    note_unknown_key,
    take_webhooks,
)
from tillbridge.connector.abilities import Call, VerifiesDeliveries
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.keyring import UnknownKeyError
from tillbridge.connector.webhooks import KeepsWebhooks, Subscribed, WebhookKeeping, Wish
from tillbridge.database.database import keepable
from tillbridge.journeys.house import House

LEASE_S = 30.0
WAIT_MAX_S = 120.0
"""So long a person waits for others who look at the same webhooks."""
_TURN_S = (0.02, 0.2)
"""Between two looks whether it is our turn."""
RENEW_S = 21_600.0
"""A key that nobody knows leads to a new one at most so often: whoever finds a door may make up
ids."""
FAILED_S = 60.0
WAITING_MAX_S = 3 * 86_400.0
UNSEEN_MAX_S = 3_600.0
_LOG = logging.getLogger(__name__)
_URGENT: Mapping[str, Level] = {
    "suspended": "urgent",
    "blocked": "urgent",
    "none": "urgent",
    "off": "warning",
}
_WHY = {
    "suspended": "it cannot reach us, and keeps what it has to tell",
    "blocked": "it refuses our address",
    "none": "nothing is subscribed",
    "off": "its subscription is not active",
    "waiting": "our address is still under review",
}


async def watch_webhooks(house: House) -> None:
    """Looks at every connection's webhooks whose time has come."""
    for at in house.connections.all():
        keeping = keeping_of(at)
        if keeping is None:
            continue
        look = await _take(house, at, at_any_time=False)
        if look is None:
            continue
        try:
            await house.gates.enter(at.name)
            await _look(house, at, keeping, look, rotate=False)
        except GateClosed as closed:
            wait_s = min(closed.wait_s, keeping.every_s)
            await fail_webhooks(house.database, look, wait_s, closed.reason)
        except TillbridgeError as error:
            if isinstance(error, Transient):  # a key that may not manage webhooks may well pay
                await house.gates.failed(at.name, error)
            _LOG.warning("the webhooks of %s: %s", at.name, error)


async def keep_webhooks(house: House, at: Connection, *, rotate: bool = False) -> Subscribed:
    """Looks now, after others who do, and mends what is not as it should be.

    Raises:
        Misconfigured: this connection's webhooks are not kept by us.
        Transient: others were at it all the time, or a call was not answered.
    """
    keeping = _expect_keeping(at)
    until = time.monotonic() + WAIT_MAX_S
    while (look := await _take(house, at, at_any_time=True)) is None:
        if time.monotonic() > until:
            raise Transient(
                f"Others have looked at the webhooks of {at.name} for {WAIT_MAX_S:.0f} seconds.",
                reason="in_hand",
                next_step="See tillbridge webhooks.",
            )
        await asyncio.sleep(random.uniform(*_TURN_S))  # noqa: S311 (whose turn is next is no secret)
    return await _look(house, at, keeping, look, rotate=rotate)


async def sample_webhook(house: House, at: Connection) -> str:
    """Has the other system send a sample through the subscription; answers which event it is of.

    It comes to the door like any other, is verified, and is kept back: it means nothing.

    Raises:
        Misconfigured: nothing is subscribed, or not by us.
        Rejected, Transient: the other side refuses, or does not answer.
    """
    keeping = _expect_keeping(at)
    rows = {row.connection: row for row in await all_webhooks(house.database)}
    if at.name not in rows or not rows[at.name].webhook_id:
        raise Misconfigured(
            f"Nothing is subscribed at {at.name!r} yet.",
            reason="no_subscription",
            next_step=f"Run: tillbridge provision {at.name}",
        )
    call = Call("", house.clock(), at.timeout_s, f"webhooks {at.name}", lambda: None)
    return await keeping.sample(call, rows[at.name].webhook_id)


async def verify_anew(house: House, at: Connection, delivery: Delivery) -> None:
    """Verifies a delivery that was signed with a key this process does not know: another process
    may have made it, so the keys are read anew, at most once a second.

    Raises:
        UnknownKeyError: nobody knows it. It is noted, so that a worker sees to another.
    """
    assert isinstance(at.session, VerifiesDeliveries), "a door asks who is there"
    is_read = house.keyrings is not None and await house.keyrings.read_again()
    try:
        at.session.verify(delivery)
    except UnknownKeyError as unknown:
        if is_read and keeping_of(at) is not None:
            await note_unknown_key(house.database, at.name, keepable(unknown.key_id[:100]))
        raise


def keeping_of(at: Connection) -> WebhookKeeping | None:
    """How a connection's webhooks are kept; None where they are not."""
    return at.session.webhooks if isinstance(at.session, KeepsWebhooks) else None


def webhook_conditions(rows: Sequence[WebhookRow], house: House) -> Iterator[Condition]:
    """What people have to be told of webhooks that do not come."""
    for row in rows:
        if row.connection not in house.connections:
            continue
        late = row.telling == "waiting" and row.since_s > WAITING_MAX_S / house.factor
        if row.looked_at is not None and (row.telling in _URGENT or late):
            yield Condition(
                "webhooks",
                row.connection,
                _URGENT.get(row.telling, "warning"),
                f"{row.connection} does not tell us what happens there",
                f"Its webhooks are {row.status or row.telling}: {_WHY[row.telling]}. What is missed"
                " is asked for. See tillbridge webhooks, tillbridge check.",
            )
        if row.trouble and row.unseen_s > UNSEEN_MAX_S / house.factor:
            yield Condition(
                "webhooks_unseen",
                row.connection,
                "warning",
                f"The webhooks of {row.connection} cannot be looked at",
                f"{row.trouble} Whether it tells us what happens there is not known; what is missed"
                " is asked for. See tillbridge webhooks.",
            )
        if row.unknown_key_id:
            yield Condition(
                "webhook_key",
                row.connection,
                "warning",
                f"Webhooks of {row.connection} are signed with a key that is not known",
                f"The key is {mask(row.unknown_key_id)}. They are refused and come again; if"
                " another installation made it, let each have an account of its own. See"
                " tillbridge webhooks.",
            )


def _expect_keeping(at: Connection) -> WebhookKeeping:
    keeping = keeping_of(at)
    if keeping is None:
        raise Misconfigured(
            f"The webhooks of {at.name!r} are not kept by Tillbridge.",
            reason="webhooks_not_kept",
            next_step="Set webhook_url for it in tillbridge.yaml.",
        )
    return keeping


async def _take(house: House, at: Connection, *, at_any_time: bool) -> WebhookLook | None:
    return await take_webhooks(
        house.database,
        at.name,
        _lease_s(house, at),
        at_any_time=at_any_time,
        renew_s=RENEW_S / house.factor,
    )


def _lease_s(house: House, at: Connection) -> float:
    return 4 * at.timeout_s + max(LEASE_S / house.factor, 5.0)


async def _look(
    house: House, at: Connection, keeping: WebhookKeeping, look: WebhookLook, *, rotate: bool
) -> Subscribed:
    ends = time.monotonic() + _lease_s(house, at)

    def guard() -> None:
        if time.monotonic() > ends:
            raise Transient("It takes too long: somebody else may be at it.", reason="in_hand")

    call = Call("", house.clock(), at.timeout_s, f"webhooks {at.name}", guard)
    wish = Wish(look.webhook_id, rotate=rotate, unknown_key=look.unknown_key)
    try:
        if house.keyrings is not None:  # whoever looked before may have made keys
            await house.keyrings.read()
        found = await keeping.keep(call, wish)
    except TillbridgeError as error:
        wait_s = min(keeping.every_s, FAILED_S / house.factor)
        await fail_webhooks(house.database, look, wait_s, mask(str(error)))
        raise
    except asyncio.CancelledError:
        await fail_webhooks(house.database, look, 0.0, "interrupted")
        raise
    await house.gates.succeeded(at.name)
    await end_webhooks(house.database, look, found, keeping.every_s)
    return found
