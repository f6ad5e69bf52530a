"""The connector for notifications keeps a connector's promises, against a channel that listens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tests.notify.channels import open_hook

from tillbridge.canonical.errors import Place
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_notify.connector import CONNECTOR, NotifySession


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    async with open_hook() as hook:
        settings = parse_settings(
            CONNECTOR.settings, {"channel": "webhook", "url": hook.url}, Place()
        )
        session = CONNECTOR.open(settings, Opening("chat", lambda: datetime.now(UTC)))
        assert isinstance(session, NotifySession)

        def answer(status: int, wait_s: float) -> None:
            hook.says = [status]
            hook.wait_s = wait_s

        try:
            yield Bench(
                session,
                "chat",
                count_effects=lambda _: len(hook.told),
                lose_next_answer=lambda _: answer(0, 0),
                answer_status=lambda _, status, wait_s: answer(status, wait_s),
            )
        finally:
            await session.close()


def late(_: Bench) -> Fields:
    return {"title": "Order 1042 is late", "text": "Three days.", "level": "warning"}


HARNESS = Harness(
    connector=CONNECTOR,
    settings={
        "channel": "webhook",
        "url": "https://chat.example.com/hooks/made-up-path",
        "token": "made-up-token",
        "password": "made-up-password",
    },
    open=bench,
    documents={"notification": late},
)

TestNotify = conformance_suite(HARNESS)
