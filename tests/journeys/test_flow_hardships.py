"""Flows in the company of others: what one run, one step or one pause may not take from another."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.journeys.workshop import open_workshop

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.journeys.heard import PAGE
from tillbridge.journeys.steer import cancel, pause_flow, resume_flow
from tillbridge.runs.lanes import accept

AT = datetime(2026, 1, 1, tzinfo=UTC)

NESTED = """
flow: nested
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - write: first
    to: chat
    document: notification
    ordinal: trigger.fields.name
    fields: {title: "'First'", level: "'note'"}
    on_error:
      retries: 0
      steps:
        - write: second
          to: chat
          document: notification
          ordinal: "concat('second ', trigger.fields.name)"
          fields: {title: "concat('Second, not ', failure.step)", level: "'note'"}
          on_error: {retries: 0, then: continue}
        - notify: third
          to: chat
          title: concat('Third, not ', failure.step)
  - notify: last
    to: chat
    title: "'Last'"
"""


@pytest.mark.complaint("I40")
async def test_another_way_that_fails_too_leaves_the_first_failure_known(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, NESTED) as shop:
        shop.hook.says = [400, 400]
        await shop.ask("nested", name="Ada")
        await shop.quiet()

        assert [letter.message for letter in await shop.letters()] == []
        assert shop.told == ["Last", "Third, not first"]


SHARED = """
flow: shares
lane: chat
takes: {name: text, part: text}
subject: trigger.fields.name
steps:
  - write: one
    to: chat
    document: notification
    ordinal: trigger.fields.name
    fields: {title: "'One'", level: "'note'"}
    undo:
      - write: one_undone
        to: chat
        document: notification
        ordinal: "concat('undone ', trigger.fields.name)"
        fields: {title: "'Undo one'", level: "'note'"}
  - write: two
    to: chat
    document: notification
    ordinal: "concat('part ', trigger.fields.part)"
    fields: {title: "concat('Two ', trigger.fields.part)", level: "'note'"}
"""


async def test_what_another_run_did_is_not_undone(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, SHARED) as shop:
        await shop.ask("shares", name="Ada", part="A")
        await shop.quiet()
        shop.hook.says = [400]
        await shop.ask("shares", name="Ada", part="B")
        await shop.quiet(2)
        [letter] = await shop.letters()
        await cancel(shop.house, letter.run_id, "ada", "not wanted")
        await shop.quiet(3)

        assert shop.told == ["One", "Two A"]


IMPATIENT = """
flow: impatient
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - each: parts
    in: "['tried', 'awaited']"
    as: part
    key: part
    at_once: 2
    steps:
      - branch: which
        cases:
          - when: part == 'tried'
            steps:
              - notify: told
                to: chat
                title: concat('Part ', part)
                on_error: {retries: 1, wait: 60s, then: continue}
          - else: true
            steps:
              - wait: shipped
                for: [order.fulfilled]
                timeout: 30s
                on_timeout: continue
"""


@pytest.mark.complaint("I18")
async def test_a_try_is_not_made_early_because_its_run_was_woken_for_something_else(
    tmp_path: Path, dsn: str
) -> None:
    """60 s are 3 s here: the other item's wait ends after half of that."""
    async with open_workshop(tmp_path, dsn, IMPATIENT) as shop:
        shop.hook.says = [400]
        await shop.ask("impatient", name="Ada")
        await shop.quiet()
        [run] = await shop.runs("impatient")

        assert run.ended_at is not None
        assert (run.ended_at - run.started_at).total_seconds() > 2.9
        assert shop.told == ["Part tried"]


SLEEPS = """
flow: sleeps
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - wait: a_while
    timeout: 60s
  - notify: told
    to: chat
    title: concat('Hello ', trigger.fields.name)
"""


async def test_a_wait_is_no_longer_for_a_pause_that_came_between(tmp_path: Path, dsn: str) -> None:
    """60 s are 3 s here; a paused run looks again after 3 s, and its time is up then."""
    async with open_workshop(tmp_path, dsn, SLEEPS) as shop:
        await shop.ask("sleeps", name="Ada")
        begun = (await shop.waits_for("a_while")).started_at
        await pause_flow(shop.house, "sleeps", "ada", "a look at it")
        await shop.until(lambda found: (shop.house.clock() - begun).total_seconds() > 3.3)
        await resume_flow(shop.house, "sleeps", "ada", "looked at")
        await shop.quiet()
        [run] = await shop.runs("sleeps")

        assert run.ended_at is not None
        assert 3.0 < (run.ended_at - run.started_at).total_seconds() < 7.5


QUEUES = """
flow: queues
lane: chat
concurrency: 1
takes: {name: text}
subject: trigger.fields.name
steps:
  - notify: before
    to: chat
    title: concat('Before ', trigger.fields.name)
  - wait: a_while
    timeout: 20s
  - notify: after
    to: chat
    title: concat('After ', trigger.fields.name)
"""


async def test_a_wait_is_no_longer_for_a_slot_that_others_had(tmp_path: Path, dsn: str) -> None:
    """20 s are one second here; when it is over, the only slot is taken for another half."""
    async with open_workshop(tmp_path, dsn, QUEUES) as shop:
        await shop.ask("queues", name="Ada")
        await shop.waits_for("a_while")
        shop.hook.takes_s = 1.5
        await shop.ask("queues", name="Bob")
        while shop.hook.busiest < 1 or len(shop.hook.heard) < 2:  # noqa: ASYNC110 (nothing rings)
            await asyncio.sleep(0.01)
        shop.hook.takes_s = 0
        await shop.until(lambda found: any(run.ended_at for run in found))
        [ended] = [run for run in await shop.runs() if run.ended_at]

        assert ended.subject == "Ada"
        assert ended.ended_at is not None
        assert (ended.ended_at - ended.started_at).total_seconds() < 2.4


LISTENS = """
flow: listens
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - wait: called
    for: [order.cancelled]
    where: candidate.id == 'e7'
    timeout: 60s
  - notify: told
    to: chat
    title: concat('Heard ', called.id)
"""


async def test_an_event_is_heard_however_many_came_after_it(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, LISTENS) as shop:
        async with shop.house.database.transaction() as tx:
            for number in range(2 * PAGE + 30):
                event = Event(f"e{number}", "webshop", Kind.ORDER_CANCELLED, "Ada", AT, EventData())
                await accept(tx, event, [])
        await shop.ask("listens", name="Ada")
        await shop.quiet()

        assert shop.told == ["Heard e7"]
