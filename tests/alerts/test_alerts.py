"""A condition that holds is one alert until it has not been found for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from tillbridge.alerts.alerts import (
    Condition,
    acknowledge,
    alerts,
    keep_alerts,
    mark_told,
    open_counts,
    untold,
)
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
QUIET = timedelta(minutes=5)
DEAD = Condition(
    "dead_letters", "bug", "warning", "Dead letters: 1", "See tillbridge dead-letters."
)
CLOSED = Condition("gate_closed", "dynamics", "urgent", "dynamics takes no work", "Look.")


async def look(database: Database, minute: float, *found: Condition) -> None:
    now = NOW + timedelta(minutes=minute)
    await keep_alerts(database, found, now, now - QUIET)


async def test_a_condition_found_again_is_the_same_alert_with_newer_words(
    database: Database,
) -> None:
    await look(database, 0, DEAD)
    worse = Condition("dead_letters", "bug", "warning", "Dead letters: 9", DEAD.content)
    await look(database, 1, worse)

    (alert,) = await alerts(database)
    assert (alert.title, alert.began_at) == ("Dead letters: 9", NOW)
    assert alert.found_at == NOW + timedelta(minutes=1)


async def test_an_alert_ends_when_it_was_not_found_for_a_while_and_may_begin_anew(
    database: Database,
) -> None:
    await look(database, 0, DEAD)
    await look(database, 4)
    assert len(await alerts(database)) == 1, "it may be back at once: that is no news"
    await look(database, 6)
    assert await alerts(database) == []
    await look(database, 7, DEAD)

    newest, ended = await alerts(database, also_ended=True)
    assert (newest.ended_at, ended.ended_at) == (None, NOW + timedelta(minutes=6))
    assert newest.id > ended.id


async def test_each_channel_hears_of_an_alert_once(database: Database) -> None:
    await look(database, 0, DEAD, CLOSED)
    for alert in await untold(database, "chat"):
        await mark_told(database, alert.id, "chat")
    await look(database, 1, DEAD, CLOSED)

    assert await untold(database, "chat") == []
    assert [alert.about for alert in await untold(database, "mail")] == ["bug", "dynamics"]
    assert await open_counts(database) == {"dead_letters": 1, "gate_closed": 1}


async def test_an_alert_that_somebody_took_up_is_told_to_nobody_and_taken_up_once(
    database: Database,
) -> None:
    await look(database, 0, DEAD)
    (alert,) = await alerts(database)
    async with database.transaction() as tx:
        taken = await acknowledge(tx, alert.id, NOW, "ada", "on it")
    assert (taken.acknowledged_by, taken.why) == ("ada", "on it")
    assert await untold(database, "chat") == []

    async with database.transaction() as tx:
        with pytest.raises(Rejected, match="is with ada"):
            await acknowledge(tx, alert.id, NOW, "bob", "me too")
        with pytest.raises(Rejected, match="There is no alert 99"):
            await acknowledge(tx, 99, NOW, "bob", "me too")


async def test_an_alert_that_is_over_cannot_be_taken_up(database: Database) -> None:
    await look(database, 0, DEAD)
    (alert,) = await alerts(database)
    await look(database, 6)
    async with database.transaction() as tx:
        with pytest.raises(Rejected, match="has ended"):
            await acknowledge(tx, alert.id, NOW, "ada", "late")
