"""The desk: who has a letter, what one person may change and what takes two, and safe replays."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.access.audit import entries
from tillbridge.canonical.errors import Rejected
from tillbridge.desk.approvals import BY_COMMAND
from tillbridge.journeys.clerking import (
    confirm,
    correct,
    count_like,
    hand_back,
    refuse,
    replay_like,
    take,
)
from tillbridge.journeys.replay import replay_dead_letter
from tillbridge.journeys.replay_ways import replay_ways
from tillbridge.journeys.steer import cancel, replay
from tillbridge.runs.dead_letters import LettersLike, dead_letters, open_dead_letter

TELLS = """
flow: tells
lane: chat
takes: {name: text, amount: text, note: text}
subject: trigger.fields.name
on_failure: go_on
steps:
  - write: first
    to: chat
    document: notification
    ordinal: concat('first ', trigger.fields.name)
    fields: {title: "concat('First ', trigger.fields.amount)", level: "'note'"}
  - write: second
    to: chat
    document: notification
    ordinal: concat('second ', trigger.fields.name)
    fields: {title: "concat('Second ', trigger.fields.note)", level: "'note'"}
"""
AMOUNT, NOTE = "data.trigger.fields.amount", "data.trigger.fields.note"


@pytest.fixture
async def shop(tmp_path: Path, dsn: str) -> AsyncIterator[Workshop]:
    async with open_workshop(tmp_path, dsn, TELLS) as opened:
        yield opened


async def dead(shop: Workshop, name: str = "Ada", *says: int) -> int:
    """A run that is on the desk; its number."""
    before = {one.run_id for one in await shop.letters()}
    shop.hook.says = list(says or (400,))
    await shop.ask("tells", name=name, amount="10.00", note="tea")
    async with asyncio.timeout(20):
        while not (found := {one.run_id for one in await shop.letters()} - before):  # noqa: ASYNC110 (nothing rings for a test)
            await asyncio.sleep(0.02)
    return found.pop()


async def acts(shop: Workshop) -> list[tuple[str, str]]:
    async with shop.house.database.transaction() as tx:
        found = await entries(tx)
    return [(one.who, one.action) for one in reversed(found) if one.action != "run"]


async def test_who_has_taken_a_letter_has_it_until_it_is_handed_back(shop: Workshop) -> None:
    run_id, database = await dead(shop), shop.house.database
    await take(database, run_id, "ada", "calling them")
    await take(database, run_id, "ada", "still calling")
    (letter,) = await shop.letters()
    assert (letter.state, letter.owner) == ("in_work", "ada")

    for act in (
        take(database, run_id, "bob", "mine"),
        correct(database, run_id, NOTE, "x", operator="bob", why="mine"),
        replay(shop.house, run_id, "bob", "mine"),
        cancel(shop.house, run_id, "bob", "mine"),
    ):
        with pytest.raises(Rejected, match="ada has it") as refused:
            await act
        assert refused.value.reason == "in_work"

    await hand_back(database, run_id, "bob", "ada is away")
    await take(database, run_id, "bob", "mine now")
    with pytest.raises(Rejected):
        await hand_back(database, 7_000, "bob", "which?")
    assert await acts(shop) == [
        ("ada", "take"),
        ("ada", "take"),
        ("bob", "hand back"),
        ("bob", "take"),
    ]


async def test_a_change_of_money_holds_when_a_second_person_has_confirmed_it(
    shop: Workshop,
) -> None:
    run_id, database = await dead(shop), shop.house.database
    done = await correct(database, run_id, AMOUNT, "12.00", operator="ada", why="the invoice")
    assert done.patch is None
    assert done.proposal is not None
    with pytest.raises(Rejected) as early:
        await replay(shop.house, run_id, "bob", "now")
    assert early.value.reason == "unconfirmed"
    for same in ("ada", f"ada{BY_COMMAND}"):
        with pytest.raises(Rejected) as alone:
            await confirm(database, done.proposal, same, "I am sure")
        assert alone.value.reason == "second_person"

    await confirm(database, done.proposal, "bob", "seen the invoice")

    opened = await open_dead_letter(database, run_id)
    assert opened.content["data"]["trigger"]["fields"]["amount"] == "12.00"
    (patch,) = opened.patches
    assert (patch.operator, patch.confirmed_by, patch.field) == ("ada", "bob", AMOUNT)
    assert b"10.00" in patch.before
    with pytest.raises(Rejected, match="confirmed already"):
        await confirm(database, done.proposal, "eve", "me too")
    await replay(shop.house, run_id, "ada", "mended")
    await shop.quiet(2)
    assert shop.told == ["First 12.00", "Second tea"]
    assert await acts(shop) == [("ada", "propose"), ("bob", "approve"), ("ada", "replay")]


async def test_what_bears_no_money_is_one_persons(shop: Workshop) -> None:
    run_id = await dead(shop)
    done = await correct(shop.house.database, run_id, NOTE, "milk", operator="ada", why="a typo")
    assert done.patch is not None
    await replay(shop.house, run_id, "ada", "mended")
    await shop.quiet(2)
    assert shop.told == ["First 10.00", "Second milk"]


async def test_a_refused_change_is_not_made(shop: Workshop) -> None:
    run_id, database = await dead(shop), shop.house.database
    done = await correct(database, run_id, AMOUNT, "12.00", operator="ada", why="the invoice")
    assert done.proposal is not None
    await refuse(database, done.proposal, "ada", "my mistake")
    await replay(shop.house, run_id, "ada", "as it is")
    await shop.quiet(2)
    assert shop.told == ["First 10.00", "Second tea"]


async def test_the_database_takes_no_confirmation_by_who_proposed(shop: Workshop) -> None:
    run_id, database = await dead(shop), shop.house.database
    await correct(database, run_id, AMOUNT, "12.00", operator="ada", why="the invoice")
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute(
            "UPDATE proposals SET answer = 'confirmed', answered_by = 'ada', answered_at = now()"
        )


async def test_a_change_that_was_overtaken_is_not_confirmed_unseen(shop: Workshop) -> None:
    run_id, database = await dead(shop), shop.house.database
    first = await correct(database, run_id, AMOUNT, "12.00", operator="ada", why="the invoice")
    other = await correct(database, run_id, AMOUNT, "13.00", operator="eve", why="the order")
    assert first.proposal is not None
    assert other.proposal is not None
    await confirm(database, other.proposal, "bob", "right")
    with pytest.raises(Rejected, match="was changed after"):
        await confirm(database, first.proposal, "bob", "right, too")
    opened = await open_dead_letter(database, run_id)
    assert [one.answer for one in opened.proposals] == ["open", "confirmed"]


async def test_every_way_says_whether_it_is_safe_and_why(shop: Workshop) -> None:
    run_id = await dead(shop, "Ada", 200, 400)
    opened = await open_dead_letter(shop.house.database, run_id)
    ways = {(way.start, way.version): way for way in await replay_ways(shop.house, opened)}
    assert all(way.is_safe and way.why.endswith(".") for way in ways.values())
    assert "found by its key" in ways["start", "now"].why

    done = await replay_dead_letter(shop.house, run_id, "ada", "mended", start="failed_step")
    await shop.quiet(2)

    assert shop.told == ["First 10.00", "Second tea"]
    assert [one.run_id for one in opened.attempts] == [run_id]
    again = await open_dead_letter(shop.house.database, run_id)
    assert [one.run_id for one in again.attempts] == [run_id, done.run_id]
    assert {one.flow_version for one in again.attempts} == {opened.flow_version}


async def test_a_way_that_would_write_twice_is_refused(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path / "then", dsn, TELLS) as shop:
        run_id = await dead(shop, "Ada", 200, 400)
    renamed = TELLS.replace("concat('first ', ", "concat('a first ', ")
    async with open_workshop(tmp_path / "now", dsn, renamed) as shop:
        for start in ("start", "failed_step"):
            with pytest.raises(Rejected) as refused:
                await replay_dead_letter(
                    shop.house, run_id, "ada", "now", start=start, version="now"
                )
            assert refused.value.reason == "unsafe_replay"
            assert "--version then" in refused.value.next_step

        done = await replay_dead_letter(shop.house, run_id, "ada", "mended")
        await shop.quiet(2)

        assert (done.way.start, done.way.version) == ("start", "then")
        assert shop.told == ["Second tea"]


async def test_changed_data_is_not_mixed_with_answers_given_for_the_old(shop: Workshop) -> None:
    run_id, database = await dead(shop), shop.house.database
    await database.execute(
        "INSERT INTO steps (run_id, name, kind, outcome) VALUES ($1, 'asked', 'read', '{}')", run_id
    )
    await correct(database, run_id, NOTE, "milk", operator="ada", why="a typo")
    with pytest.raises(Rejected, match="answered for the data before"):
        await replay_dead_letter(shop.house, run_id, "ada", "now", start="failed_step")


async def test_what_is_cancelled_never_runs_again(shop: Workshop) -> None:
    """Complaint I34."""
    run_id = await dead(shop)
    await cancel(shop.house, run_id, "ada", "not needed")
    with pytest.raises(Rejected, match="that is final"):
        await replay(shop.house, run_id, "ada", "after all")
    many = await replay_like(shop.house, LettersLike(), "ada", "all")
    assert (many.count, many.replayed) == (0, 0)
    assert shop.told == []


async def test_many_are_counted_first_and_then_queued_but_for_those_in_work(
    shop: Workshop,
) -> None:
    numbers = [await dead(shop, name) for name in ("Ada", "Bob", "Eve")]
    database = shop.house.database
    await take(database, numbers[1], "bob", "mine")

    counted = await count_like(database, LettersLike(kind="rejected_by_rule"))
    assert (counted.count, counted.by_kind) == (3, {"rejected_by_rule": 3})
    assert (await count_like(database, LettersLike(kind="bug"))).count == 0
    assert (await count_like(database, LettersLike(older_than_s=3600))).count == 0
    assert len(await shop.letters()) == 3

    heard: list[int] = []
    many = await replay_like(
        shop.house,
        LettersLike(flow="tells"),
        "ada",
        "the chat is mended",
        told=lambda so_far: heard.append(so_far.replayed + len(so_far.left)),
    )
    await shop.quiet(5)

    assert (many.count, many.replayed, heard) == (3, 2, [1, 2, 3])
    assert [left.run_id for left in many.left] == [numbers[1]]
    assert [one.run_id for one in await shop.letters()] == [numbers[1]]


async def test_letters_are_found_by_what_they_have_in_common(shop: Workshop) -> None:
    numbers = [await dead(shop, name) for name in ("Ada", "Bob")]
    database = shop.house.database
    await take(database, numbers[0], "ada", "mine")

    async def like(wanted: LettersLike) -> list[int]:
        return [one.run_id for one in await dead_letters(database, wanted)]

    assert await like(LettersLike(owner="ada")) == [numbers[0]]
    assert await like(LettersLike(state="open")) == [numbers[1]]
    assert await like(LettersLike(state="in_work")) == [numbers[0]]
    assert await like(LettersLike(target="ledger")) == []
    page = await dead_letters(database, limit=1)
    assert [one.run_id for one in page] == [numbers[1]]
    assert [one.run_id for one in await dead_letters(database, before=numbers[1])] == [numbers[0]]
    assert page[0].connection == "chat"
    assert page[0].step == "first"
    assert page[0].next_step
