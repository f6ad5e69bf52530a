"""Webhooks as they stand at other systems, and whose turn it is to look at them."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.connector.webhooks import Subscribed
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.connections", "webhooks.sql")


@dataclass(frozen=True, slots=True)
class WebhookLook:
    """The right to look at one connection's webhooks now, under a numbered lease.

    Attributes:
        webhook_id: the subscription as it was kept last; "" the first time.
        unknown_key: deliveries came that are signed with a key nobody knows, and it is time to
            make another.
    """

    connection: str
    lease: int
    webhook_id: str
    unknown_key: bool


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """How the webhooks of one connection stand.

    Attributes:
        telling: "telling", "waiting", "suspended", "blocked", "off" or "none"; `since_s`: for how
            long.
        status: the other system's own word.
        trouble: why the last look ended early; "" when it did not.
        unseen_s: seconds since the last whole look, or since the first try.
        unknown_key_id: of a key that deliveries are signed with and nobody knows; "" for none.
    """

    connection: str
    webhook_id: str
    url: str
    telling: str
    telling_since: datetime
    status: str
    events: int
    keys_expire_at: datetime | None
    trouble: str
    looked_at: datetime | None
    next_at: datetime
    unknown_key_id: str
    unknown_key_at: datetime | None
    since_s: float
    unseen_s: float


async def take_webhooks(
    database: Database, connection: str, lease_s: float, *, at_any_time: bool, renew_s: float
) -> WebhookLook | None:
    """The right to look now; None when it is not due, or somebody else is at it.

    `renew_s`: a key that is not known leads to another at most once in so many seconds.
    """
    row = await database.fetch_row(SQL["take_webhooks"], connection, lease_s, at_any_time, renew_s)
    if row is None:
        return None
    return WebhookLook(connection, row["lease"], row["webhook_id"], row["unknown_key"])


async def end_webhooks(
    database: Database, look: WebhookLook, found: Subscribed, wait_s: float
) -> None:
    """Keeps how they stand, and gives the right back; the next look is in so many seconds."""
    await database.execute(
        SQL["end_webhooks"],
        look.connection,
        look.lease,
        wait_s,
        found.id,
        found.url,
        found.telling,
        found.status,
        found.events,
        found.keys_expire_at,
        look.unknown_key,
    )


async def fail_webhooks(database: Database, look: WebhookLook, wait_s: float, trouble: str) -> None:
    """Gives the right back after a look that came to nothing."""
    values = (look.connection, look.lease, wait_s, trouble, look.unknown_key)
    await database.execute(SQL["fail_webhooks"], *values)


async def note_unknown_key(database: Database, connection: str, key_id: str) -> None:
    """A delivery was signed with a key that nobody knows."""
    await database.execute(SQL["note_unknown_key"], connection, key_id)


async def all_webhooks(database: Database) -> list[WebhookRow]:
    """Every connection whose webhooks are kept, by name."""
    return [WebhookRow(**dict(row)) for row in await database.fetch(SQL["all_webhooks"])]
