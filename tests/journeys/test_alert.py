"""What people have to know of is found by the user's thresholds, and told once."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.api.history import ORDER, bury, whole_story
from tests.api.site import give_secrets, make_site
from tests.notify.channels import Hook, Post, open_hook, open_post

from tillbridge.access.audit import entries
from tillbridge.alerts.alerts import alerts
from tillbridge.assembly import close_house, open_house
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.delivery import Delivery
from tillbridge.database.database import Database
from tillbridge.inbox.inbox import keep
from tillbridge.journeys.alert import acknowledge_alert, conditions, look_for_alerts
from tillbridge.journeys.house import House

OpenBooks: TypeAlias = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with open_hook() as opened:
        yield opened


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with open_post() as opened:
        yield opened


@pytest.fixture
def books(
    tmp_path: Path, dsn: str, hook: Hook, post: Post, monkeypatch: pytest.MonkeyPatch
) -> OpenBooks:
    """Opens a house that tells a chat, with what is given under `alerts:`."""
    give_secrets(monkeypatch)
    monkeypatch.setenv("TILLBRIDGE_SECRET_HOOK", hook.url)
    site = make_site(tmp_path / "books")
    file = site.folder / "tillbridge.yaml"
    chat = "  chat:\n    connector: notify\n    settings: {channel: webhook, url: hook}\n"
    address = f"host: 127.0.0.1, port: {post.port}, security: none"
    people = "sender: till@example.com, recipients: ada@example.com"
    mail = (
        f"  mail:\n    connector: notify\n    settings: {{channel: email, {address}, {people}}}\n"
    )
    before = file.read_text() + chat + mail

    @asynccontextmanager
    async def open_books(
        thresholds: str, tell: str = "chat", more: str = ""
    ) -> AsyncIterator[House]:
        """`more`: settings of the till."""
        address = "      base_url: http://127.0.0.1:1\n"
        configuration = before.replace(address, address + more)
        file.write_text(f"{configuration}alerts:\n  tell: [{tell}]\n{thresholds}")
        house = await open_house(site, dsn, role="a test")
        try:
            yield house
        finally:
            await close_house(house)

    return open_books


async def look_again(house: House) -> None:
    """Another round, as if its time had come."""
    await house.database.execute("DELETE FROM chores")
    await look_for_alerts(house)


async def test_dead_letters_unknowns_and_holds_that_end_soon_are_found(
    books: OpenBooks, database: Database
) -> None:
    await whole_story(database)
    async with books("  unknown_age: 1s\n") as house:
        await database.execute("UPDATE effects SET intended_at = now() - interval '2 hours'")
        found = {(one.name, one.about): one for one in await conditions(house)}

    assert set(found) == {
        ("dead_letters", "invalid_data"),
        ("unknown_age", "till"),
        ("hold_expiry", "till USD"),
    }
    letters = found["dead_letters", "invalid_data"]
    assert "Correct the data where it comes from" in letters.content
    assert "tillbridge dead-letters list --class invalid_data" in letters.content
    hold = found["hold_expiry", "till USD"]
    assert "25.00 USD" in hold.title
    assert f"order {ORDER}" in hold.content
    assert "2.0 h" in found["unknown_age", "till"].title


@pytest.mark.complaint("I1", "I29")
async def test_work_that_makes_no_progress_is_found_and_what_waits_for_an_event_is_not(
    books: OpenBooks, database: Database
) -> None:
    """Complaint I1: nothing fails, and nothing moves; only the age of the oldest work tells."""
    old = "now() - interval '20 minutes'"
    values = f"'deliver', '', 'waiting', now(), {old}"
    columns = "subject, target, sequence, journey, input, state, wake_at, started_at"
    await database.execute(f"INSERT INTO runs ({columns}) VALUES ('1', 'till', 1, {values})")  # noqa: S608 (our own words)
    await database.execute(
        f"INSERT INTO runs ({columns}, waits) VALUES ('2', 'webshop', 1, {values}, '{{x}}')"  # noqa: S608 (our own words)
    )
    async with books("  oldest_waiting: 15m\n") as house:
        (one,) = await conditions(house)
    assert (one.name, one.about) == ("oldest_waiting", "till")
    assert "20 min" in one.title


async def test_a_gate_that_stays_closed_is_found(books: OpenBooks, database: Database) -> None:
    async with books("  gate_closed: 5m\n") as house:
        await house.gates.pause("till", "a test", "ada")
        assert await conditions(house) == []
        await database.execute("UPDATE gates SET changed_at = now() - interval '6 minutes'")
        (one,) = await conditions(house)
    assert (one.name, one.about, one.level) == ("gate_closed", "till", "urgent")


async def test_an_id_that_comes_again_with_another_content_is_found_for_a_day(
    books: OpenBooks, database: Database
) -> None:
    delivery = Delivery("webshop", "POST", "/doors/webshop", {}, b"", datetime.now(UTC))
    for body in (b"10.00", b"10.00", b"99.00"):
        async with database.transaction() as tx:
            await keep(tx, replace(delivery, body=body), "evt-1")
    async with books("") as house:
        (one,) = await conditions(house)
        assert (one.name, one.about) == ("altered_delivery", "webshop")
        assert "evt-1" in one.content
        await database.execute("UPDATE delivery_bodies SET received_at = now() - interval '25 h'")
        assert await conditions(house) == []


@pytest.mark.complaint("I40")
async def test_an_alert_is_told_once_and_again_only_when_it_was_not_heard(
    books: OpenBooks, database: Database, hook: Hook
) -> None:
    await database.execute("DELETE FROM chores")
    async with books("  unknown_age: 400d\n  hold_life: 400d\n") as house:
        await whole_story(database)
        hook.says = [500]
        await look_again(house)
        assert hook.heard == []
        await database.execute("UPDATE gates SET state = 'open', closed_until = NULL, failures = 0")
        await house.gates.all()
        await look_again(house)
        await look_again(house)

        (told,) = hook.heard
        assert told["title"] == "Dead letters of the class invalid_data: 1"
        assert told["level"] == "warning"
        (alert,) = await alerts(database)
        assert alert.told == ("chat",)


async def test_every_channel_hears_of_an_alert_by_webhook_and_by_mail(
    books: OpenBooks, database: Database, hook: Hook, post: Post
) -> None:
    await bury(database)
    async with books("", "chat, mail") as house:
        await look_again(house)
        await look_again(house)
        (alert,) = await alerts(database)
    (message,) = post.messages
    assert message["Subject"] == "Warning: Dead letters of the class invalid_data: 1"
    assert [told["title"] for told in hook.heard] == ["Dead letters of the class invalid_data: 1"]
    assert set(alert.told) == {"chat", "mail"}


async def test_who_takes_an_alert_up_stands_in_the_audit(
    books: OpenBooks, database: Database
) -> None:
    await whole_story(database)
    async with books("  hold_life: 400d\n") as house:
        await look_again(house)
        (alert,) = await alerts(database)
        await acknowledge_alert(house, alert.id, "ada", "calling the shop")
    async with database.connection() as connection:
        (entry,) = await entries(connection)
    assert (entry.who, entry.action, entry.why) == ("ada", "acknowledge", "calling the shop")
    assert entry.subject == f"alert {alert.id}"


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ("  dead_letter: 1\n", "dead_letter"),
        ("  oldest_waiting: soon\n", "not a duration"),
        ("  hold_expiry: 8d\n", "not shorter than hold_life"),
    ],
)
async def test_what_is_wrong_in_the_text_is_said_with_its_line(
    books: OpenBooks, thresholds: str, message: str
) -> None:
    with pytest.raises(Misconfigured, match=message) as error:
        async with books(thresholds):
            pass
    assert error.value.place is not None
    assert error.value.place.line


async def test_a_connection_that_tells_nobody_anything_is_no_channel(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_secrets(monkeypatch)
    site = make_site(tmp_path / "books")
    file = site.folder / "tillbridge.yaml"
    file.write_text(file.read_text() + "alerts:\n  tell: [till]\n")
    with pytest.raises(Misconfigured, match="writes no 'notification'"):
        await open_house(site, dsn, role="a test")


async def test_a_month_that_cannot_be_archived_is_found(
    books: OpenBooks, database: Database
) -> None:
    await database.execute(
        "INSERT INTO past_months (month, state) VALUES ('2020-01-01', 'sealed'),"
        " ('2020-02-01', 'dropped'), (date_trunc('month', now()), 'open')"
    )
    async with books("") as house:
        (one,) = await conditions(house)
    assert (one.name, one.about) == ("archive_late", "2020-01")


async def test_people_are_told_long_before_a_key_ends(books: OpenBooks) -> None:
    day = datetime.now(UTC) + timedelta(days=40)
    setting = f"      key_expires_on: {day:%Y-%m-%d}\n"
    async with books("  every: 1s\n", more=setting) as house:
        (found,) = [one for one in await conditions(house) if one.name == "key_end"]
        assert (found.level, found.title) == ("warning", "A key of till ends in 39 days")
        assert found.about == "till: Shared secret key-1"
        assert "Key Management" in found.content
    async with books("  every: 1s\n") as house:
        assert "key_end" not in {one.name for one in await conditions(house)}
