"""A dead letter holds its lane, as its flow says; what was done later resolves it by itself."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.journeys.mended import resolve_mended
from tillbridge.journeys.steer import cancel, replay, resume_flow
from tillbridge.runs.dead_letters import dead_letters

TELLS = """
flow: NAME
lane: chat
takes: {name: text, part: text}
subject: trigger.fields.name
POLICY
steps:
  - write: told
    to: chat
    document: notification
    ordinal: ORDINAL
    fields: {title: "trigger.fields.part", level: "'note'"}
"""
HELD = "held by a dead letter"


def tells(name: str, policy: str = "", ordinal: str = "trigger.fields.part") -> str:
    said = f"on_failure: {policy}" if policy else ""
    return TELLS.replace("NAME", name).replace("POLICY", said).replace("ORDINAL", ordinal)


async def dead(shop: Workshop, flow: str, part: str = "Bad") -> int:
    """A run of Ada's lane goes onto the desk; its number."""
    shop.hook.says = [400]
    await shop.ask(flow, name="Ada", part=part)
    await shop.until(lambda found: any(run.state == "dead" for run in found))
    (letter,) = await shop.letters()
    return letter.run_id


@pytest.mark.complaint("I47")
async def test_later_runs_of_its_lane_wait_for_a_dead_letter_and_other_lanes_do_not(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one"), tells("two")) as shop:
        letter = await dead(shop, "one")
        await shop.ask("two", name="Ada", part="After")
        await shop.ask("two", name="Bob", part="Elsewhere")
        held = await shop.waits_for(HELD)
        await shop.until(lambda found: any(run.subject == "Bob" and run.ended_at for run in found))
        assert (held.flow, held.wake_at) == ("two", None)
        assert shop.told == ["Elsewhere"]

        await replay(shop.house, letter, "ada", "mended")
        await shop.quiet(4)

        assert shop.told == ["After", "Bad", "Elsewhere"]
        titles = [str(each["title"]) for each in shop.hook.heard]
        assert titles.index("After") > max(at for at, each in enumerate(titles) if each == "Bad")


async def test_a_letter_that_is_given_up_holds_nothing_any_more(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, tells("one"), tells("two")) as shop:
        letter = await dead(shop, "one")
        await shop.ask("two", name="Ada", part="After")
        await shop.waits_for(HELD)

        await cancel(shop.house, letter, "ada", "not needed")
        await shop.quiet(2)

        assert shop.told == ["After"]


async def test_of_two_letters_in_a_lane_each_holds_it(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, tells("one", "go_on"), tells("two")) as shop:
        await dead(shop, "one")
        shop.hook.says = [400, 400]
        await shop.ask("two", name="Ada", part="Two")
        await shop.ask("two", name="Ada", part="Three")
        await shop.until(lambda found: sum(run.state == "dead" for run in found) == 3)
        await shop.ask("one", name="Ada", part="After")
        await shop.waits_for(HELD)
        letters = [one for one in await shop.letters() if one.flow == "two"]

        await cancel(shop.house, letters[0].run_id, "ada", "not needed")
        assert (await shop.waits_for(HELD)).flow == "one"
        await cancel(shop.house, letters[1].run_id, "ada", "not needed")
        await shop.quiet(4)

        assert shop.told == ["After"]


@pytest.mark.parametrize(("policy", "goes_on"), [("hold", True), ("hold_all", False)])
async def test_a_later_run_of_the_same_flow_takes_its_place_unless_the_flow_says_otherwise(
    tmp_path: Path, dsn: str, policy: str, goes_on: bool
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one", policy)) as shop:
        await dead(shop, "one")
        await shop.ask("one", name="Ada", part="After")
        if goes_on:
            await shop.quiet(2)
            assert shop.told == ["After"]
        else:
            await shop.waits_for(HELD)
            assert shop.told == []


@pytest.mark.complaint("I48")
async def test_a_flow_may_go_on_past_its_dead_letters(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, tells("one", "go_on"), tells("two")) as shop:
        await dead(shop, "one")
        await shop.ask("two", name="Ada", part="After")
        await shop.quiet(2)
        assert shop.told == ["After"]


@pytest.mark.complaint("I48")
async def test_a_flow_may_stop_as_a_whole_until_a_person_resumes_it(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one", "stop_all"), tells("two")) as shop:
        letter = await dead(shop, "one")
        await asyncio.sleep(2 * shop.house.pauses.seen_s)
        await shop.ask("one", name="Bob", part="Other")
        paused = await shop.waits_for("paused")
        assert (paused.subject, f"dead letter {letter}" in paused.waiting_for) == ("Bob", True)
        await shop.ask("two", name="Bob", part="Two")
        await shop.until(lambda found: any(run.flow == "two" and run.ended_at for run in found))

        await cancel(shop.house, letter, "ada", "not needed")
        await resume_flow(shop.house, "one", "ada", "mended")
        await shop.quiet(3)

        assert shop.told == ["Other", "Two"]


async def test_when_a_later_run_has_done_it_the_letter_is_resolved_and_says_by_what(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, tells("one", ordinal="trigger.fields.name")) as shop:
        letter = await dead(shop, "one")
        await shop.ask("one", name="Ada", part="Corrected")
        await shop.quiet(2)
        done = next(run for run in await shop.runs() if run.state == "done")

        await shop.until_no_letters()

        (resolved,) = await dead_letters(shop.house.database, also_resolved=True)
        assert (resolved.run_id, resolved.resolution) == (letter, f"run {done.id} has done it")
        assert resolved.state == "resolved"
        who = await shop.column("SELECT who FROM audit WHERE action = 'resolve'")
        assert who == ["tillbridge"]
        assert shop.told == ["Corrected"]


async def test_what_another_run_did_of_another_kind_resolves_nothing(
    tmp_path: Path, dsn: str
) -> None:
    """The second shipment's capture does not stand for the first one's."""
    async with open_workshop(tmp_path, dsn, tells("one")) as shop:
        letter = await dead(shop, "one", part="First")
        await shop.ask("one", name="Ada", part="Second")
        await shop.quiet(2)
        await shop.house.database.execute("DELETE FROM chores WHERE name = 'mended'")
        await resolve_mended(shop.house)

        assert [one.run_id for one in await shop.letters()] == [letter]


TWO_WRITES = """
flow: twice
lane: chat
takes: {name: text, ok: text}
subject: trigger.fields.name
on_failure: go_on
steps:
  - write: first
    to: chat
    document: notification
    ordinal: "concat('first ', trigger.fields.name)"
    fields: {title: "'First'", level: "'note'"}
  - branch: maybe
    cases:
      - when: trigger.fields.ok == 'yes'
        steps:
          - write: second
            to: chat
            document: notification
            ordinal: "concat('second ', trigger.fields.name)"
            fields: {title: "'Second'", level: "'note'"}
"""


async def test_a_run_that_may_have_owed_more_is_a_persons_to_resolve(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, TWO_WRITES) as shop:
        shop.hook.says = [400]
        await shop.ask("twice", name="Ada", ok="yes")
        await shop.quiet(1)
        await shop.ask("twice", name="Ada", ok="no")
        await shop.quiet(2)
        await shop.house.database.execute("DELETE FROM chores WHERE name = 'mended'")
        await resolve_mended(shop.house)

        assert len(await shop.letters()) == 1


async def test_what_is_resolved_stays_so_whoever_asks(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, tells("one")) as shop:
        letter = await dead(shop, "one")
        await cancel(shop.house, letter, "ada", "not needed")

        for change in ("resolution = ''", "owner = 'eve', taken_at = now()", "resolved_at = NULL"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await shop.house.database.execute(
                    f"UPDATE dead_letters SET {change} WHERE run_id = $1",  # noqa: S608 (constants)
                    letter,
                )
