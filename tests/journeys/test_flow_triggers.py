"""Whatever starts a flow starts it once: planned times, files, changes, people, flows, windows."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.journeys.workshop import open_workshop

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.connector.abilities import ChangedRecord
from tillbridge.journeys.changed import poll_changes
from tillbridge.journeys.fire import fire_schedules
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.steer import pause_flow, resume_flow
from tillbridge.triggers.planned_times import firings

NIGHTLY = """
flow: nightly
lane: chat
schedule: {at: "02:30", zone: Europe/Berlin, missed: MISSED}
steps:
  - notify: told
    to: chat
    title: concat('planned for ', text(trigger.planned_at))
"""


def nightly(missed: str = "once") -> str:
    return NIGHTLY.replace("MISSED", missed)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("night", "planned"),
    [
        (
            "2026-03-29",
            "2026-03-29T01:00:00",
        ),  # 02:30 is skipped: the gap ends at 03:00 summer time
        ("2026-10-25", "2026-10-25T00:30:00"),  # 02:30 comes twice: the first of the two
        ("2026-06-01", "2026-06-01T00:30:00"),
    ],
)
async def test_a_planned_time_comes_once_also_when_the_clock_is_changed(
    tmp_path: Path, dsn: str, night: str, planned: str
) -> None:
    async with open_workshop(tmp_path, dsn, nightly(), works=False) as shop:
        at = utc(f"{night}T00:00:00") - timedelta(hours=3)
        for _ in range(60):  # every six minutes of that night
            shop.watch.stands_at = at = at + timedelta(minutes=6)
            await fire_schedules(shop.house)

        fired = await firings(shop.house.database, "nightly", 10)
        assert [one.planned_at for one in fired] == [utc(planned)]
        assert len(await shop.runs()) == 1


@pytest.mark.parametrize(("missed", "count"), [("once", 1), ("all", 4), ("skip", 0)])
async def test_after_a_downtime_a_schedule_gets_what_it_wants_of_the_missed_times(
    tmp_path: Path, dsn: str, missed: str, count: int
) -> None:
    async with open_workshop(tmp_path, dsn, nightly(missed), works=False) as shop:
        shop.watch.stands_at = utc("2026-06-01T12:00:00")
        await fire_schedules(shop.house)
        shop.watch.stands_at = utc("2026-06-05T12:00:00")
        await fire_schedules(shop.house)
        await fire_schedules(shop.house)

        assert len(await shop.runs()) == count
        assert len(await firings(shop.house.database, "nightly", 10)) == 4


@pytest.mark.complaint("I9")
async def test_many_workers_at_once_start_a_planned_time_once(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, nightly(), works=False) as shop:
        shop.watch.stands_at = utc("2026-06-01T12:00:00")
        await fire_schedules(shop.house)
        shop.watch.stands_at = utc("2026-06-02T00:30:01")
        await asyncio.gather(*(fire_schedules(shop.house) for _ in range(8)))

        (run,) = await shop.runs()
        assert run.subject == "nightly 2026-06-02T00:30:00Z"


FILES = """
flow: sold
lane: chat
file: {folder: drop, pattern: "*.csv", format: csv, settled: 4s, batch: 2, row: {sku: text}}
steps:
  - each: rows
    in: trigger.rows
    as: row
    key: row.sku
    steps:
      - notify: told
        to: chat
        title: concat(row.sku, ' of ', trigger.name)
"""


@pytest.mark.complaint("I39")
async def test_a_file_is_taken_once_in_batches_and_moved(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, FILES) as shop:
        drop = tmp_path / "drop"
        drop.mkdir(exist_ok=True)
        (drop / "a.csv").write_text("sku\nA\nB\nC\n")
        await shop.quiet(2)
        (drop / "a.csv").write_text("sku\nA\nB\nC\n")  # the same once more
        (drop / "b.csv").write_text("sku\nA\n")
        await shop.quiet(3)
        async with asyncio.timeout(10):
            while any(path.is_file() for path in drop.iterdir()):  # noqa: ASYNC110 (a test)
                await asyncio.sleep(0.05)

        assert shop.told == ["A of a.csv", "A of b.csv", "B of a.csv", "C of a.csv"]
        assert len(await shop.runs()) == 3
        done = sorted(path.name for path in (drop / "done").iterdir())
        assert done == ["a.2.csv", "a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("sku,card\nA,4111 1111 1111 1111\n", "card number in row 1, card"),
        ("sku\nA\nB,C\n", "2 values for 1 columns"),
        ('sku\n"A\n', "no csv"),
        ("sku,sku\nA,B\n", "name every column once"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused_whole_with_its_reason(
    tmp_path: Path, dsn: str, content: str, reason: str
) -> None:
    async with open_workshop(tmp_path, dsn, FILES) as shop:
        drop = tmp_path / "drop"
        drop.mkdir(exist_ok=True)
        (drop / "a.csv").write_text(content)
        note = drop / "refused" / "a.csv.reason.txt"
        async with asyncio.timeout(10):
            while not note.exists() or (drop / "a.csv").exists():  # noqa: ASYNC110 (a test)
                await asyncio.sleep(0.05)

        text = note.read_text()
        assert reason in text
        assert "4111" not in text
        assert await shop.runs() == []
        assert await shop.column("SELECT count(*) FROM deliveries") == [0]


async def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, FILES) as shop:
        (tmp_path / "drop").mkdir(exist_ok=True)
        with (tmp_path / "drop" / "a.csv").open("w") as file:
            for text in ("sku\n", "A\n", "B\n", "C", "D\n"):
                file.write(text)
                file.flush()
                await asyncio.sleep(0.15)
        await shop.quiet(2)

        assert shop.told == ["A of a.csv", "B of a.csv", "CD of a.csv"]


CHANGES = """
flow: entered
lane: chat
changes: {from: ledger, ask: entries, every: 10s, record: {amount: money}}
steps:
  - notify: told
    to: chat
    title: concat(trigger.name, ' is ', text(trigger.fields.amount.amount))
"""


def entry(number: int, version: str = "1") -> ChangedRecord:
    return ChangedRecord(f"E{number}", version, {"amount": f"{number}.50 USD"})


async def test_changed_records_start_a_run_each_and_the_cursor_goes_with_them(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, CHANGES) as shop:
        shop.ledger.entries += [entry(number) for number in range(1, 6)]
        await shop.quiet(5)
        shop.ledger.entries += [entry(1, "2")]
        await shop.quiet(6)

        assert shop.told == [*(f"E{n} is {n}.50" for n in (1, 1, 2, 3, 4, 5))]
        assert await shop.column("SELECT cursor FROM cursors") == ["6"]


@pytest.mark.complaint("I39")
async def test_a_poll_whose_intake_is_lost_reads_the_same_changes_again(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workshop(tmp_path, dsn, CHANGES, works=False) as shop:
        shop.ledger.entries += [entry(1)]

        async def dies(*_: object, **__: object) -> None:
            raise OSError("cut off")

        with monkeypatch.context() as patch:
            patch.setattr("tillbridge.journeys.changed.start", dies)
            with pytest.raises(OSError, match="cut off"):
                await poll_changes(shop.house)
        assert await shop.column("SELECT cursor FROM cursors") == []
        await asyncio.sleep(0.6)
        await poll_changes(shop.house)

        assert len(await shop.runs()) == 1


TAKES = """
flow: greet
lane: chat
takes: {name: text, times: {type: integer, required: false}}
steps:
  - notify: told
    to: chat
    title: concat('Hello ', trigger.fields.name)
"""


async def test_a_run_by_hand_is_audited_and_the_same_key_starts_nothing_more(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, TAKES) as shop:
        await shop.ask("greet", key="k", name="Ada")
        await shop.ask("greet", key="k", name="Ada")
        await shop.quiet()
        with pytest.raises(Rejected, match="Did you mean 'name'"):
            await shop.ask("greet", nme="Ada")
        with pytest.raises(Rejected, match="card number"):
            await shop.ask("greet", name="4111111111111111")
        with pytest.raises(Rejected, match="card number in subject"):
            await shop.ask("greet", subject="4111111111111111", name="Ada")
        with pytest.raises(Rejected, match="card number in key"):
            await shop.ask("greet", key="4111 1111 1111 1111", name="Ada")

        assert shop.told == ["Hello Ada"]
        assert len(await shop.runs()) == 1
        assert await shop.column("SELECT who FROM audit WHERE action = 'run'") == ["ada", "ada"]


async def test_a_run_by_hand_is_that_flows_alone_whatever_others_take(
    tmp_path: Path, dsn: str
) -> None:
    other = TAKES.replace("flow: greet", "flow: pay").replace("takes: {", "takes: {due: money, ")
    async with open_workshop(tmp_path, dsn, TAKES, other) as shop:
        await shop.ask("greet", name="Ada")
        await shop.quiet()

        assert [run.flow for run in await shop.runs()] == ["greet"]
        assert await shop.letters() == []


CALLER = """
flow: caller
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - call: greeted
    flow: called
    with: {name: trigger.fields.name}
    timeout: 1h
  - notify: back
    to: chat
    title: concat('It was ', greeted.outcome)
"""
CALLED = """
flow: called
lane: chat
takes: {name: text}
steps:
  - notify: told
    to: chat
    title: concat('Hello ', trigger.fields.name)
  - stop: greeted
    outcome: OUTCOME
"""


@pytest.mark.parametrize("outcome", ["done", "cancelled"])
async def test_a_called_flow_runs_once_and_its_caller_hears_how_it_ended(
    tmp_path: Path, dsn: str, outcome: str
) -> None:
    called = CALLED.replace("OUTCOME", outcome)
    async with open_workshop(tmp_path, dsn, CALLER, called) as shop:
        await shop.ask("caller", name="Ada")
        await shop.quiet(2)

        assert shop.told == ["Hello Ada", f"It was {outcome}"]
        assert {run.subject for run in await shop.runs()} == {"Ada"}


async def test_a_call_that_is_made_again_finds_the_same_run(tmp_path: Path, dsn: str) -> None:
    called = CALLED.replace("OUTCOME", "done")
    async with open_workshop(tmp_path, dsn, CALLER, called) as shop:
        await shop.ask("caller", name="Ada")
        await shop.quiet(2)
        await shop.ask("caller", name="Ada")
        await shop.quiet(3)

        assert len(await shop.runs("called")) == 1
        assert len(shop.hook.heard) == 2


WINDOW = """
flow: batch
lane: chat
window: {of: [order.cancelled], by: event.source, length: LENGTH, events_max: 3}
steps:
  - notify: told
    to: chat
    title: concat(trigger.name, ' ', text(size(trigger.events)))
"""


def happened(number: int, source: str = "north") -> Event:
    return Event(
        f"e{number}", source, Kind.ORDER_CANCELLED, f"o{number}", datetime.now(UTC), EventData()
    )


async def test_a_window_closes_when_it_is_full_or_its_time_is_up(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, WINDOW.replace("LENGTH", "30s")) as shop:
        events = [*(happened(number) for number in range(4)), happened(9, "south"), happened(1)]
        async with shop.house.database.transaction() as tx:
            await take_events(shop.house, tx, events)
        await shop.quiet(8)

        assert shop.told == ["north 1", "north 3", "south 1"]


@pytest.mark.complaint("I4")
async def test_a_paused_flow_keeps_its_intake_and_goes_on_when_it_is_resumed(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, TAKES) as shop:
        await pause_flow(shop.house, "greet", "ada", "wrong words")
        await shop.ask("greet", name="Ada")
        run = await shop.waits_for("paused: wrong words")
        await resume_flow(shop.house, "greet", "ada", "right words")
        await shop.quiet()

        assert run.state == "waiting"
        assert shop.told == ["Hello Ada"]


LIMITED = """
flow: limited
lane: chat
concurrency: 2
takes: {name: text}
steps:
  - notify: told
    to: chat
    title: concat('Hello ', trigger.fields.name)
"""


@pytest.mark.complaint("I32", "I33")
async def test_no_more_runs_of_a_flow_are_under_way_than_it_allows(
    tmp_path: Path, dsn: str
) -> None:
    async with open_workshop(tmp_path, dsn, LIMITED) as shop:
        shop.hook.takes_s = 0.1
        await asyncio.gather(*(shop.ask("limited", name=f"N{number}") for number in range(8)))
        await shop.quiet(8)

        assert shop.hook.busiest == 2
        assert len(shop.told) == 8
        async with asyncio.timeout(5):  # a slot is freed after the end of its turn
            while await shop.column("SELECT count(*) FROM slots") != [0]:  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)
