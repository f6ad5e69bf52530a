"""The inbox: each delivery once, by its sender and its own id."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tillbridge.connector.delivery import Delivery
from tillbridge.database.database import Database
from tillbridge.inbox.inbox import counts, forget, keep, kept_back

NOW = datetime.now(UTC)


def delivery(
    body: bytes = b'{"id": 1}',
    source: str = "webshop",
    *,
    at: datetime = NOW,
    headers: dict[str, str] | None = None,
) -> Delivery:
    return Delivery(source, "POST", f"/doors/{source}", headers or {}, body, at)


async def put(
    database: Database,
    item: Delivery,
    number: str = "1",
    *,
    meaning: bytes | None = None,
    why: str = "",
    masked: bool = False,
) -> str:
    async with database.transaction() as tx:
        kept = await keep(tx, item, number, meaning=meaning, kept_back=why, masked=masked)
    return kept.verdict


async def bodies(database: Database) -> list[bytes]:
    rows = await database.fetch("SELECT body FROM delivery_bodies ORDER BY number")
    return [row["body"] for row in rows]


async def test_the_bytes_are_kept_as_they_came(database: Database) -> None:
    assert await put(database, delivery(b"\x00\xff any bytes")) == "new"

    assert await bodies(database) == [b"\x00\xff any bytes"]


async def test_a_repeat_is_counted_and_not_kept_again(database: Database) -> None:
    verdicts = [await put(database, delivery()) for _ in range(3)]

    assert verdicts == ["new", "repeat", "repeat"]
    assert len(await bodies(database)) == 1
    assert (await counts(database)).repeats == 2


async def test_an_altered_repeat_keeps_both_bodies(database: Database) -> None:
    await put(database, delivery(b"one"))

    assert await put(database, delivery(b"two")) == "altered"
    assert await put(database, delivery(b"one")) == "repeat"
    assert await bodies(database) == [b"one", b"two"]
    assert (await counts(database)).altered == 1


async def test_another_body_of_the_same_meaning_is_a_repeat(database: Database) -> None:
    await put(database, delivery(b"attempt 1"), meaning=b"shipped")

    assert await put(database, delivery(b"attempt 2"), meaning=b"shipped") == "repeat"
    assert await put(database, delivery(b"attempt 3"), meaning=b"cancelled") == "altered"


async def test_two_senders_may_use_the_same_id(database: Database) -> None:
    assert await put(database, delivery()) == "new"
    assert await put(database, delivery(source="cybersource")) == "new"


async def test_what_nothing_was_made_of_is_shown_newest_first(database: Database) -> None:
    await put(database, delivery(at=NOW - timedelta(hours=1)), "1", why="unknown event")
    await put(database, delivery(), "2", why="another")
    await put(database, delivery(), "3")

    shown = await kept_back(database)

    assert [(one.delivery_id, one.why) for one in shown] == [
        ("2", "another"),
        ("1", "unknown event"),
    ]
    assert (await counts(database)).kept_back == 2


@pytest.mark.parametrize(
    "name", ["authorization", "cookie", "tillbridge-signature", "v-c-signature"]
)
@pytest.mark.complaint("I34b")
async def test_headers_that_prove_who_sends_are_not_kept(database: Database, name: str) -> None:
    await put(database, delivery(headers={name: "secret", "user-agent": "shop/1"}))

    headers = json.loads(str(await database.fetch_value("SELECT headers FROM delivery_bodies")))

    assert headers == {"user-agent": "shop/1"}


async def test_that_card_data_was_masked_is_remembered(database: Database) -> None:
    await put(database, delivery(), masked=True)

    assert await database.fetch_value("SELECT card_data_masked FROM delivery_bodies")


async def test_ids_are_forgotten_after_half_a_year_and_never_before(database: Database) -> None:
    await put(database, delivery(at=NOW - timedelta(days=179)), "young")
    await put(database, delivery(at=NOW - timedelta(days=181)), "old")

    async with database.connection() as tx:
        assert await forget(tx, 1) == 0, "its body is still here"
        await tx.execute("DELETE FROM delivery_bodies")
        assert await forget(tx, 1) == 1

    assert await put(database, delivery(), "young") == "repeat"
    assert await put(database, delivery(), "old") == "new"
