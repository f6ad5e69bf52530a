"""A person is told by webhook or e-mail, at least once, under a key."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from tests.notify.channels import open_hook, open_post

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient
from tillbridge.connector.abilities import Call, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import parse_settings
from tillbridge_notify.connector import CONNECTOR, NotifySession

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
MAIL = {
    "channel": "email",
    "host": "127.0.0.1",
    "security": "none",
    "sender": "books@example.com",
    "recipients": "ada@example.com, bob@example.com",
}
LATE = {"title": "Order 1042 is late", "text": "Three days.", "level": "urgent"}


def session(given: Mapping[str, object]) -> NotifySession:
    settings = parse_settings(CONNECTOR.settings, given, Place())
    return NotifySession(settings, Opening("chat", lambda: NOW))


async def tell(given: Mapping[str, object], timeout_s: float = 5.0) -> Receipt:
    opened = session(given)
    call = Call(KEY, NOW, timeout_s, "1042/7", lambda: None)
    try:
        return await opened.writes["notification"].send(call, LATE)
    finally:
        await opened.close()


async def test_a_webhook_is_told_in_words_with_a_key_and_its_token() -> None:
    async with open_hook() as hook:
        receipt = await tell({"channel": "webhook", "url": hook.url, "token": "t-1"})

        (heard,) = hook.heard
        assert heard["text"] == "URGENT: Order 1042 is late\nThree days."
        assert (heard["key"], heard["correlation"]) == (KEY, "1042/7")
        assert heard["authorization"] == "Bearer t-1"
        assert receipt.references[0].id == KEY


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (401, Misconfigured), (503, Transient), (0, Transient)]
)
async def test_a_webhooks_no_is_classed_and_its_address_is_not_shown(
    status: int, error: type[Exception]
) -> None:
    async with open_hook() as hook:
        hook.says = [status]
        with pytest.raises(error) as found:
            await tell({"channel": "webhook", "url": hook.url})

        assert "secret-path" not in str(found.value)
        if isinstance(found.value, Transient):
            assert found.value.sent == "perhaps"


async def test_a_busy_webhook_was_told_nothing() -> None:
    async with open_hook() as hook:
        hook.says = [429]
        hook.wait_s = 1
        with pytest.raises(Transient) as found:
            await tell({"channel": "webhook", "url": hook.url})

        assert (found.value.sent, found.value.wait_s) == ("no", 1.0)


async def test_an_email_says_it_all_and_its_message_id_is_the_key() -> None:
    async with open_post() as post:
        await tell(MAIL | {"port": post.port, "user": "books", "password": "p"})

        (message,) = post.messages
        assert message["Subject"] == "URGENT: Order 1042 is late"
        assert message["Message-ID"] == f"<{KEY.lower()}@example.com>"
        assert message["To"] == "ada@example.com, bob@example.com"
        assert "Three days." in str(message.get_payload())


@pytest.mark.parametrize(
    ("refuses", "error"),
    [
        ({"RCPT": "550 no such user"}, Rejected),
        ({"MAIL": "451 later"}, Transient),
        ({"AUTH": "535 who are you"}, Misconfigured),
    ],
)
async def test_a_mail_servers_no_is_classed(
    refuses: dict[str, str], error: type[Exception]
) -> None:
    async with open_post() as post:
        post.refuses = refuses
        with pytest.raises(error) as found:
            await tell(MAIL | {"port": post.port, "user": "books", "password": "p"})

        assert post.messages == []
        assert not isinstance(found.value, Transient) or found.value.sent == "no"


async def test_a_mail_server_that_hangs_up_may_have_taken_it() -> None:
    async with open_post() as post:
        post.hangs_up = True
        with pytest.raises(Transient) as found:
            await tell(MAIL | {"port": post.port})

        assert found.value.sent == "perhaps"


async def test_a_mail_server_that_is_not_there_was_told_nothing() -> None:
    async with open_post() as post:
        port = post.port
    await asyncio.sleep(0)
    with pytest.raises(Transient) as found:
        await tell(MAIL | {"port": port})

    assert found.value.sent == "no"


async def test_the_check_signs_in_and_sends_nothing() -> None:
    async with open_post() as post:
        opened = session(MAIL | {"port": post.port, "user": "books", "password": "p"})
        (line,) = await opened.check(Call("", NOW, 5.0, "check", lambda: None))

        assert line.passed
        assert post.messages == []


@pytest.mark.parametrize(
    "given",
    [
        {"channel": "webhook", "url": "chat.example.com"},
        {"channel": "email"},
        MAIL | {"sender": "books"},
        MAIL | {"recipients": " , "},
    ],
)
def test_what_is_not_complete_is_told_at_once(given: dict[str, object]) -> None:
    with pytest.raises(Misconfigured) as found:
        session(given)

    assert found.value.next_step


async def test_a_title_cannot_smuggle_headers() -> None:
    async with open_post() as post:
        opened = session(MAIL | {"port": post.port})
        call = Call(KEY, NOW, 5.0, "1042/7", lambda: None)
        fields = {"title": "Hi\r\nBcc: eve@example.com", "text": "", "level": "note"}
        await opened.writes["notification"].send(call, fields)

        assert post.messages[0]["Bcc"] is None


async def test_a_webhook_without_its_secret_address_opens_and_tells_nobody() -> None:
    opened = session({"channel": "webhook"})

    (line,) = await opened.check(Call(KEY, NOW, 5.0, "1042/7", lambda: None))
    await opened.close()
    assert (line.passed, line.next_step) == (False, "Set url.")
    with pytest.raises(Misconfigured, match="no webhook address"):
        await tell({"channel": "webhook"})
