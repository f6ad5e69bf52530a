"""When a step fails: tries, other ways, undoing; and waits that end by the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.steer import cancel, replay

RECOVERS = """
flow: recovers
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - write: first
    to: chat
    document: notification
    ordinal: trigger.fields.name
    fields: {title: "'First'", level: "'note'"}
    on_error: {retries: 2, wait: 2s, then: continue POLICY}
  - notify: last
    to: chat
    title: "'Last'"
"""
OTHER_WAY = """
      steps:
        - notify: instead
          to: chat
          title: concat('Instead of ', failure.step, ' because ', failure.reason)
"""


def recovers(steps: str = "") -> str:
    if not steps:
        return RECOVERS.replace(" POLICY", "")
    block = "\n      retries: 2\n      wait: 2s" + steps.rstrip()
    return RECOVERS.replace(" {retries: 2, wait: 2s, then: continue POLICY}", block)


@pytest.mark.complaint("I18")
async def test_a_step_is_tried_again_as_often_as_it_says(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, recovers()) as shop:
        shop.hook.says = [400, 400]
        await shop.ask("recovers", name="Ada")
        await shop.quiet()

        assert shop.told == ["First", "Last"]
        tries = await shop.column("SELECT name FROM steps WHERE name LIKE 'first!%' ORDER BY name")
        assert tries == ["first!1", "first!2"]


@pytest.mark.complaint("I18")
async def test_a_step_that_failed_for_good_is_left_out_where_the_flow_goes_on(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, recovers()) as shop:
        shop.hook.says = [400] * 3
        await shop.ask("recovers", name="Ada")
        await shop.quiet()

        assert shop.told == ["Last"]
        assert await shop.letters() == []


async def test_other_steps_are_taken_instead_and_know_what_failed(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, recovers(OTHER_WAY)) as shop:
        shop.hook.says = [400] * 3
        await shop.ask("recovers", name="Ada")
        await shop.quiet()

        assert shop.told == ["Instead of first because refused", "Last"]


async def test_an_outcome_that_is_unknown_is_no_failure_whatever_the_flow_says(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, recovers(OTHER_WAY)) as shop:
        shop.hook.says = [0]
        await shop.ask("recovers", name="Ada")
        await shop.quiet()

        assert shop.told == ["First", "Last"]
        assert await shop.column("SELECT count(*) FROM steps WHERE name LIKE 'first!%'") == [0]


UNDOES = """
flow: undoes
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - write: one
    to: chat
    document: notification
    ordinal: "concat('one ', trigger.fields.name)"
    fields: {title: "'One'", level: "'note'"}
    undo:
      - write: one_undone
        to: chat
        document: notification
        ordinal: "concat('one undone ', trigger.fields.name)"
        fields: {title: "concat('Undo ', one.references.notification)", level: "'note'"}
  - write: two
    to: chat
    document: notification
    ordinal: "concat('two ', trigger.fields.name)"
    fields: {title: "'Two'", level: "'note'"}
    undo:
      - write: two_undone
        to: chat
        document: notification
        ordinal: "concat('two undone ', trigger.fields.name)"
        fields: {title: "'Undo two'", level: "'note'"}
  - write: three
    to: chat
    document: notification
    ordinal: "concat('three ', trigger.fields.name)"
    fields: {title: "'Three'", level: "'note'"}
    undo:
      - write: three_undone
        to: chat
        document: notification
        ordinal: "concat('three undone ', trigger.fields.name)"
        fields: {title: "'Undo three'", level: "'note'"}
ENDING
"""


def in_order(shop: Workshop) -> list[str]:
    """The titles as they were told."""
    return [str(each["title"]) for each in shop.hook.heard]


async def test_what_a_run_did_is_undone_backwards_when_a_person_gives_it_up(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, UNDOES.replace("ENDING", "")) as shop:
        shop.hook.says = [200, 200, 400]
        await shop.ask("undoes", name="Ada")
        await shop.quiet()
        (letter,) = await shop.letters()
        await cancel(shop.house, letter.run_id, "ada", "not wanted any more")
        await shop.quiet(2)

        key = shop.hook.heard[0]["key"]
        assert in_order(shop) == ["One", "Two", "Undo two", f"Undo {key}"]
        newest = (await shop.runs())[0]
        assert (newest.journey, newest.ending) == ("undo", "undid 2 writes")


@pytest.mark.complaint("I40")
async def test_undoing_goes_on_after_its_own_trouble_and_undoes_once(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, UNDOES.replace("ENDING", "")) as shop:
        shop.hook.says = [200, 200, 400, 200, 400]
        await shop.ask("undoes", name="Ada")
        await shop.quiet()
        (letter,) = await shop.letters()
        await cancel(shop.house, letter.run_id, "ada", "not wanted any more")
        await shop.quiet(2)
        (stuck,) = await shop.letters()
        await replay(shop.house, stuck.run_id, "ada", "the chat is mended")
        await shop.quiet(3)

        assert [title[:8] for title in in_order(shop)] == [
            "One",
            "Two",
            "Undo two",
            "Undo " + shop.hook.heard[0]["key"][:3],
        ]
        assert await shop.letters() == []


ITEMS = """
flow: items
lane: chat
file: {folder: drop, pattern: "*.csv", format: csv, settled: 1s}
steps:
  - each: lines
    in: trigger.rows
    as: row
    key: row.sku
    at_once: 2
    steps:
      - write: sold
        to: chat
        document: notification
        fields: {title: "concat('Sold ', row.sku)", level: "'note'"}
        undo:
          - write: sold_undone
            to: chat
            document: notification
            ordinal: "'undone'"
            fields: {title: "concat('Undo ', row.sku)", level: "'note'"}
"""


async def test_what_was_done_of_the_items_is_undone_and_no_more(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, ITEMS) as shop:
        shop.hook.says = [200, 400, 200]
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "drop" / "lines.csv").write_text("sku\nA\nB\nC\nD\nE\n")
        await shop.quiet()
        (letter,) = await shop.letters()
        sold = [title.removeprefix("Sold ") for title in shop.told]
        await cancel(shop.house, letter.run_id, "ada", "not wanted any more")
        await shop.quiet(2)

        undone = [title for title in shop.told if title.startswith("Undo")]
        assert 1 <= len(sold) <= 4
        assert undone == [f"Undo {sku}" for sku in sold]


STOPS = "  - stop: changed our mind\n    outcome: OUTCOME\n    undo: true\n"


async def test_a_flow_that_stops_may_undo_first(tmp_path: Path, dsn: str) -> None:
    ending = STOPS.replace("OUTCOME", "cancelled")
    async with open_workshop(tmp_path, dsn, UNDOES.replace("ENDING", ending)) as shop:
        await shop.ask("undoes", name="Ada")
        await shop.quiet()

        assert in_order(shop)[3:5] == ["Undo three", "Undo two"]
        assert (await shop.runs())[0].state == "cancelled"


async def test_a_run_that_undid_and_failed_is_not_replayed(tmp_path: Path, dsn: str) -> None:
    ending = STOPS.replace("OUTCOME", "failed")
    async with open_workshop(tmp_path, dsn, UNDOES.replace("ENDING", ending)) as shop:
        await shop.ask("undoes", name="Ada")
        await shop.quiet()
        (letter,) = await shop.letters()
        with pytest.raises(Rejected, match="is undone"):
            await replay(shop.house, letter.run_id, "ada", "once more")

        assert len(shop.hook.heard) == 6


WAITS = """
flow: waits
lane: chat
takes: {until: instant}
steps:
  - wait: while
    until: trigger.fields.until
  - notify: told
    to: chat
    title: "'Now'"
"""


async def test_a_run_waits_until_the_moment_it_worked_out(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, WAITS.replace("while", "a_while")) as shop:
        until = datetime.now(UTC) + timedelta(seconds=20)  # a second, by the workshop's factor
        await shop.ask("waits", until=until.isoformat())
        await shop.waits_for("a_while: a time")
        assert shop.told == []
        await shop.quiet()

        assert shop.told == ["Now"]
