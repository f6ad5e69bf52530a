"""Each kind of step does what it says, once, whatever breaks on the way."""

import asyncio
from pathlib import Path

import pytest
from tests.journeys.workshop import Workshop, open_workshop

from tillbridge.canonical.errors import Rejected
from tillbridge.desk.approvals import open_approvals
from tillbridge.desk.notices import notices
from tillbridge.journeys.approval import answer_approval
from tillbridge.journeys.steer import replay

EACH = """
flow: tell-lines
lane: chat
file: {folder: drop, pattern: "*.csv", format: csv, settled: 1s}
steps:
  - each: lines
    in: trigger.rows
    as: row
    key: row.sku
    at_once: 3
    on_failure: POLICY
    steps:
      - notify: told
        to: chat
        title: concat('Sold ', row.sku)
  - notify: all_told
    to: chat
    title: concat(text(lines.count), ' lines, ', text(lines.failed), ' failed')
"""


def each(policy: str = "stop") -> str:
    return EACH.replace("POLICY", policy)


def drop(shop: Workshop, count: int = 6) -> None:
    """A file of so many rows, laid into the folder."""
    (shop.folder / "drop").mkdir(exist_ok=True)
    rows = "".join(f"S{number}\n" for number in range(count))
    (shop.folder / "drop" / "lines.csv").write_text(f"sku\n{rows}")


async def test_each_tells_every_item_once_and_counts_them(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, each().replace("at_once: 3", "at_once: 8")) as shop:
        drop(shop, 60)
        await shop.quiet()

        wanted = ["60 lines, 0 failed", *(f"Sold S{number}" for number in range(60))]
        assert shop.told == sorted(wanted)
        assert len(shop.hook.heard) == 61
        assert await shop.column("SELECT DISTINCT state FROM effects") == ["done"]
        names = await shop.column("SELECT step FROM effects ORDER BY step")
        assert names[:2] == ["all_told", "lines[S0].told"]


async def test_an_answer_that_is_lost_in_each_is_sent_again_under_its_key_and_holds_up_no_other(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, each()) as shop:
        shop.hook.says = [200, 0, 200]
        drop(shop)
        await shop.quiet()

        assert len(shop.told) == 7
        assert len(shop.hook.heard) == 8


async def test_a_worker_that_dies_between_items_leaves_none_out_and_tells_none_twice(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, each(), works=False) as shop:
        drop(shop, 12)
        async with shop.dying():
            async with asyncio.timeout(10):
                while len(shop.hook.heard) < 4:  # noqa: ASYNC110 (nothing rings for a test)
                    await asyncio.sleep(0.001)
        before = len(shop.hook.heard)
        async with shop.working():
            await shop.quiet(timeout_s=30)

        assert before < 13
        assert len(shop.told) == 13
        assert len(shop.hook.heard) <= 13 + 3  # those that were under way are told again, by key
        assert await shop.letters() == []


async def test_items_that_fail_are_left_out_and_named_when_the_flow_goes_on(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, each("continue")) as shop:
        shop.hook.says = [200, 400, 200]
        drop(shop)
        await shop.quiet()

        assert "6 lines, 1 failed" in shop.told
        assert len(shop.told) == 6
        failed = await shop.column("SELECT name FROM steps WHERE name LIKE '%!'")
        assert len(failed) == 1


@pytest.mark.complaint("I50")
async def test_an_item_that_fails_stops_the_run_and_a_replay_takes_only_what_is_left(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, each()) as shop:
        shop.hook.says = [200, 400]
        drop(shop)
        await shop.quiet()
        (letter,) = await shop.letters()
        await replay(shop.house, letter.run_id, "ada", "mended")
        await shop.quiet(2)

        assert len(shop.told) == len(shop.hook.heard) == 7


SORTED = """
flow: sort-rows
lane: chat
file: {folder: drop, pattern: "*", format: jsonl, row: {sku: text, amount: money, shop: text}}
steps:
  - filter: dear
    in: trigger.rows
    as: row
    where: row.amount.amount >= 10
  - aggregate: shops
    in: dear
    as: row
    by: {shop: row.shop, currency: row.amount.currency}
    totals: {amount: {sum: row.amount}, rows: {count: true}}
  - each: told
    in: shops
    as: one
    key: one.shop
    steps:
      - notify: shop_told
        to: chat
        title: concat(one.shop, ' ', text(one.amount.amount), ' in ', text(one.rows))
"""


async def test_rows_are_filtered_and_added_up_exactly(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, SORTED) as shop:
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "drop" / "rows.jsonl").write_text(
            '{"sku": "A", "amount": "10.10 USD", "shop": "north"}\n'
            '{"sku": "B", "amount": "9.99 USD", "shop": "north"}\n'
            '{"sku": "C", "amount": "20.20 USD", "shop": "north"}\n'
            '{"sku": "D", "amount": "0.1 USD", "shop": "south"}\n'
        )
        await shop.quiet()

        assert shop.told == ["north 30.30 in 2"]


APPROVED = """
flow: release
lane: chat
takes: {number: text}
subject: trigger.fields.number
steps:
  - approve: large
    question: concat('Release ', trigger.fields.number, '?')
    shows: {number: trigger.fields.number}
    who: [ada]
    timeout: TIME
    on_timeout: ENDING
    refused:
      - notify: refused
        to: chat
        title: concat('Refused by ', large.by)
      - stop: refused
        outcome: cancelled
  - notify: released
    to: chat
    title: concat('Released by ', large.by)
"""


def approved(time: str = "1h", ending: str = "dead_letter") -> str:
    return APPROVED.replace("TIME", time).replace("ENDING", ending)


async def test_a_run_goes_on_with_a_persons_yes_which_stands_in_the_audit(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, approved()) as shop:
        await shop.ask("release", number="1042")
        await shop.waits_for("approval")
        (asked,) = await open_approvals(shop.house.database)
        with pytest.raises(Rejected, match="not among them"):
            await answer_approval(shop.house, asked.id, "bob", "looks good", approved=True)
        await answer_approval(shop.house, asked.id, "ada", "looks good", approved=True)
        await shop.quiet()

        assert shop.told == ["Released by ada"]
        assert asked.question == "Release 1042?"
        assert asked.shows == {"number": "1042"}
        assert await shop.column("SELECT who FROM audit WHERE action = 'approve'") == ["ada"]
        assert await open_approvals(shop.house.database) == []


async def test_a_no_takes_its_own_steps_and_is_final(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, approved()) as shop:
        await shop.ask("release", number="1042")
        await shop.waits_for("approval")
        (asked,) = await open_approvals(shop.house.database)
        await answer_approval(shop.house, asked.id, "ada", "too large", approved=False)
        with pytest.raises(Rejected, match="no answer any more"):
            await answer_approval(shop.house, asked.id, "ada", "or not", approved=True)
        await shop.quiet()

        assert shop.told == ["Refused by ada"]
        assert (await shop.runs())[0].state == "cancelled"


async def test_no_answer_in_time_is_a_no_where_the_flow_says_so(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, approved("10s", "refused")) as shop:
        await shop.ask("release", number="1042")
        await shop.quiet()

        assert shop.told == ["Refused by "]


async def test_a_question_nobody_answers_is_a_dead_letter_and_is_asked_again_when_replayed(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, approved("10s")) as shop:
        await shop.ask("release", number="1042")
        await shop.quiet()
        (letter,) = await shop.letters()
        assert letter.reason == "approval_timed_out"
        await replay(shop.house, letter.run_id, "ada", "she is back")
        await shop.waits_for("approval")
        (asked,) = await open_approvals(shop.house.database)
        await answer_approval(shop.house, asked.id, "ada", "fine", approved=True)
        await shop.quiet(2)

        assert shop.told == ["Released by ada"]


async def test_what_was_approved_is_not_asked_again_by_a_replay(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, approved()) as shop:
        shop.hook.says = [400]
        await shop.ask("release", number="1042")
        await shop.waits_for("approval")
        (asked,) = await open_approvals(shop.house.database)
        await answer_approval(shop.house, asked.id, "ada", "fine", approved=True)
        await shop.quiet()
        (letter,) = await shop.letters()
        await replay(shop.house, letter.run_id, "ada", "the chat is mended")
        await shop.quiet(2)

        assert shop.told == ["Released by ada"]


DESK = """
flow: tell-desk
lane: chat
takes: {number: text}
subject: trigger.fields.number
steps:
  - notify: late
    level: warning
    title: concat('Order ', trigger.fields.number, ' is late')
"""


async def test_a_notice_stands_on_our_own_desk_once(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, DESK) as shop:
        await shop.ask("tell-desk", number="1042")
        await shop.ask("tell-desk", number="1042")
        await shop.quiet(2)

        (notice,) = await notices(shop.house.database)
        assert (notice.title, notice.level) == ("Order 1042 is late", "warning")
