"""Runs of one flow and lane begin in their order: none overtakes one that is tried again."""

import asyncio
from pathlib import Path

import pytest
from tests.journeys.test_holding import tells
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.journeys.backlog import backlogs

BEHIND = "behind an earlier run"
LISTENS = """
flow: one
lane: chat
takes: {name: text, part: text}
subject: trigger.fields.name
steps:
  - wait: comes
    for: [payment.captured]
    timeout: 14d
    on_timeout: continue
  - write: told
    to: chat
    document: notification
    ordinal: trigger.fields.part
    fields: {title: "trigger.fields.part", level: "'note'"}
"""
TRIES_ON = """
flow: one
lane: chat
takes: {name: text, part: text}
subject: trigger.fields.name
steps:
  - write: told
    to: chat
    document: notification
    ordinal: trigger.fields.part
    fields: {title: "trigger.fields.part", level: "'note'"}
    on_error: {retries: 2, wait: 60s}
"""


def heard(shop: Workshop) -> list[str]:
    """The titles in the order in which the chat first took them."""
    return list(dict.fromkeys(str(each["title"]) for each in shop.hook.heard))


async def fails(shop: Workshop, *says: int) -> None:
    """Ada's first run is tried again later, or not answered."""
    shop.hook.says = list(says)
    await shop.ask("one", name="Ada", part="First")
    await shop.until(lambda found: any(run.waiting_for for run in found))


@pytest.mark.parametrize("says", [429, 0], ids=["is tried again", "is unknown"])
async def test_a_later_run_of_a_flow_does_not_overtake_one_that(
    tmp_path: Path, dsn: str, says: int
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one")) as shop:
        shop.hook.wait_s = 1.0
        await fails(shop, says)
        await shop.ask("one", name="Ada", part="Second")
        await shop.ask("one", name="Ada", part="Third")
        await shop.waits_for(BEHIND)
        await shop.quiet(3)
        assert heard(shop) == ["First", "Second", "Third"]


async def test_a_later_run_does_not_overtake_one_whose_step_is_tried_again_by_its_flow(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, TRIES_ON) as shop:
        await fails(shop, 400)
        await shop.ask("one", name="Ada", part="Second")
        await shop.waits_for(BEHIND)
        (backlog,) = await backlogs(shop.house.database, ())
        assert {reason.why: reason.count for reason in backlog.reasons}["before"] == 1
        await shop.quiet(2)
        assert heard(shop) == ["First", "Second"]


async def test_other_flows_other_lanes_and_flows_that_go_on_do_not_wait(
    tmp_path: Path, dsn: str
) -> None:
    flows = (tells("one", "go_on"), tells("two"))
    async with open_workshop(tmp_path, dsn, *flows) as shop:
        shop.hook.wait_s = 30.0
        await fails(shop, 429)
        await shop.house.database.execute("UPDATE gates SET state = 'open', closed_until = NULL")
        await shop.ask("one", name="Ada", part="Second")
        await shop.ask("two", name="Ada", part="Two")
        await shop.ask("two", name="Bob", part="Other")
        await shop.until(lambda found: sum(run.state == "done" for run in found) == 3)
        assert sorted(heard(shop)) == ["Other", "Second", "Two"]


async def test_one_that_waits_for_an_event_holds_up_nobody(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, LISTENS) as shop:
        await shop.ask("one", name="Ada", part="First")
        await shop.waits_for("comes")
        await shop.ask("one", name="Ada", part="Second")
        await shop.until(lambda found: sum("comes" in run.waiting_for for run in found) == 2)


async def test_when_the_earlier_one_needs_a_person_the_later_one_takes_its_place(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one")) as shop:
        shop.hook.wait_s = 1.0
        await fails(shop, 429, 400)
        await shop.ask("one", name="Ada", part="Second")
        await shop.waits_for(BEHIND)
        async with asyncio.timeout(3):
            await shop.until(lambda found: any(run.state == "done" for run in found))
        assert heard(shop) == ["Second"]
        assert [letter.subject for letter in await shop.letters()] == ["Ada"]
