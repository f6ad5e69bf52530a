"""From where, and with which version, a dead letter runs again; and many of them at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.assembly import Site, close_house, open_house
from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.clerking import count_like, replay_like
from tillbridge.journeys.replay_ways import Start, Version
from tillbridge.journeys.steer import replay
from tillbridge.runs.dead_letters import LettersLike

FLOW = """
flow: told
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - notify: greeted
    to: chat
    title: concat('Hello ', trigger.fields.name)
  - notify: told
    to: chat
    title: concat('WORD, ', trigger.fields.name)
"""


def spoken(word: str) -> str:
    return FLOW.replace("WORD", word)


async def publish(shop: Workshop, text: str) -> None:
    """As a deploy does it: another process opens the changed folder."""
    (shop.folder / "flows" / "0.yaml").write_text(text)
    site = Site(shop.folder, factor=shop.house.factor)
    await close_house(await open_house(site, shop.dsn, role="a deploy", pool=2))


async def versions(shop: Workshop) -> Sequence[str]:
    return await shop.column("SELECT flow_version FROM runs ORDER BY id")


@pytest.mark.parametrize(("start", "version"), [("start", "now"), ("start", "then")])
async def test_a_failed_run_is_run_again_from_its_start_with_the_version_that_is_asked_for(
    tmp_path: Path, dsn: str, start: Start, version: Version
) -> None:
    """Complaints I15, I17. What was done is found by its key, whichever version asks for it."""
    async with open_workshop(tmp_path, dsn, spoken("Bye")) as shop:
        shop.hook.says = [200, 400]
        await shop.ask("told", name="Ada")
        await shop.quiet()
        [letter] = await shop.letters()
        await publish(shop, spoken("Farewell"))

        await replay(shop.house, letter.run_id, "ada", "mended", start=start, version=version)
        await shop.quiet(2)

        word = {"now": "Farewell", "then": "Bye"}[version]
        assert shop.told == [f"{word}, Ada", "Hello Ada"]
        first, again = await versions(shop)
        assert (first == again) == (version == "then")


async def test_a_failed_run_goes_on_from_its_failed_step(tmp_path: Path, dsn: str) -> None:
    """Complaint I50."""
    async with open_workshop(tmp_path, dsn, spoken("Bye")) as shop:
        shop.hook.says = [200, 400]
        await shop.ask("told", name="Ada")
        await shop.quiet()
        [letter] = await shop.letters()

        await replay(shop.house, letter.run_id, "ada", "mended", start="failed_step")
        await shop.quiet(2)

        assert shop.told == ["Bye, Ada", "Hello Ada"]
        assert len(shop.hook.heard) == 2


@pytest.mark.complaint("I15")
async def test_a_way_that_would_use_old_answers_for_new_steps_is_refused_with_those_that_are_safe(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, spoken("Bye")) as shop:
        shop.hook.says = [200, 400]
        await shop.ask("told", name="Ada")
        await shop.quiet()
        [letter] = await shop.letters()
        await publish(shop, spoken("Farewell"))

        with pytest.raises(Rejected) as refused:
            await replay(
                shop.house, letter.run_id, "ada", "why", start="failed_step", version="now"
            )
        assert refused.value.reason == "unsafe_replay"
        assert "--from start --version now" in refused.value.next_step


async def test_many_are_replayed_by_a_filter_on_the_newest_version(
    tmp_path: Path, dsn: str
) -> None:
    """Complaint I50: not one by one, and not on the version they failed with."""
    async with open_workshop(tmp_path, dsn, spoken("Bye")) as shop:
        shop.hook.says = [400] * 6
        for number in range(6):
            await shop.ask("told", name=f"Ada {number}")
        await shop.quiet(6)
        await publish(shop, spoken("Farewell"))
        like = LettersLike(flow="told")

        assert (await count_like(shop.house.database, like)).count == 6
        many = await replay_like(shop.house, like, "ada", "the chat is back")
        await shop.quiet(12)

        assert (many.count, many.replayed, many.left) == (6, 6, [])
        assert [title for title in shop.told if "Farewell" in title] == [
            f"Farewell, Ada {number}" for number in range(6)
        ]
        assert (await count_like(shop.house.database, like)).count == 0


async def test_a_replay_that_lost_a_deadlock_is_begun_again(tmp_path: Path, dsn: str) -> None:
    """With a worker, say: PostgreSQL ends it by whoever began to wait first."""
    async with open_workshop(tmp_path, dsn, spoken("Bye")) as shop:
        shop.hook.says = [400]
        await shop.ask("told", name="Ada")
        await shop.quiet()
        [letter] = await shop.letters()
        async with shop.house.database.transaction() as other:
            await other.execute("SELECT 1 FROM lanes FOR UPDATE")
            replaying = asyncio.create_task(replay(shop.house, letter.run_id, "ada", "why"))
            await asyncio.sleep(0.3)
            await other.execute("SELECT 1 FROM subjects FOR UPDATE")
        await replaying
        await shop.quiet(2)
        assert shop.told == ["Bye, Ada", "Hello Ada"]
