"""Runs convert by the rates of a source, and do so again by the same rates."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.rates.published import FRIDAY, simulated

from tillbridge.assembly import Site, close_house, open_house, prepare, worker
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import setting
from tillbridge.journeys.ask import ask_for_run
from tillbridge.journeys.house import House
from tillbridge.journeys.rates import pinned_rates
from tillbridge.journeys.steer import replay
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.history import runs
from tillbridge_simulators.rates import RatesSimulator

FACTOR = 20.0
SATURDAY_MORNING = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SHAPE = DocumentShape(
    "sale",
    "Sale",
    (
        Field("amount", "money", required=True),
        Field("rate", "decimal"),
        Field("source", "text"),
    ),
)
FLOW = """
flow: book-sale
lane: books
takes: { amount: text, day: text }
steps:
  - write: booked
    to: books
    document: sale
    ordinal: trigger.name
    fields:
      amount:
        convert: money(trigger.fields.amount, 'USD')
        to: "'EUR'"
        rates: bank
        on: date_from(trigger.fields.day)
        rounding: half_up
"""


@dataclass(frozen=True, slots=True)
class BooksSettings:
    """Nothing to set."""

    page: int = setting("Page", "Unused.", default=1)


@dataclass(slots=True)
class Books:
    """A made-up system that keeps sales; it may refuse them."""

    sales: list[Money] = field(default_factory=list)
    refuses: bool = False

    @property
    def writes(self) -> dict[str, Write]:
        return {"sale": Write(SHAPE, "natural_key", self._keep)}

    async def _keep(self, call: Call, fields: Fields) -> Receipt:
        call.guard()
        if self.refuses:
            raise Rejected("The books are closed.", reason="closed")
        amount = fields["amount"]
        assert isinstance(amount, Money)
        self.sales.append(amount)
        return Receipt()

    def open(self, _settings: BooksSettings, _opening: Opening) -> "Books":
        return self


@dataclass
class Shop:
    """A house that books sales, and the bank it asks."""

    house: House
    books: Books
    bank: RatesSimulator

    async def book(self, amount: str = "100.00", day: str = "2026-11-21") -> None:
        """Books one sale, and waits until its run has ended."""
        before = len(await runs(self.house.database, limit=500))
        given = {"amount": amount, "day": day}
        await ask_for_run(self.house, "book-sale", given, who="ada", why="a test")
        await self.quiet(before + 1)

    async def quiet(self, count: int) -> None:
        async with asyncio.timeout(10):
            while True:
                found = await runs(self.house.database, limit=500)
                if len(found) >= count and all(run.ended_at for run in found):
                    return
                await asyncio.sleep(0.03)

    def asked(self) -> int:
        """How often the bank was asked."""
        return len(list(self.bank.log.entries("request")))

    async def pins(self) -> list[bytes]:
        statement = "SELECT outcome FROM steps WHERE name = 'booked.rates' ORDER BY run_id"
        return [row[0] for row in await self.house.database.fetch(statement)]


class Watch:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.ahead = SATURDAY_MORNING - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@contextlib.asynccontextmanager
async def open_shop(folder: Path, dsn: str, watch: Watch) -> AsyncIterator[Shop]:
    books = Books()
    connector = Connector("books", "Books", BooksSettings, books.open)
    (folder / "flows").mkdir(parents=True)
    (folder / "flows" / "book-sale.yaml").write_text(FLOW)
    async with simulated() as bank:
        (folder / "tillbridge.yaml").write_text(
            "connections:\n"
            "  books: {connector: books, settings: {}}\n"
            f"  bank: {{connector: ecb, settings: {{base_url: '{bank.bank_url}'}}}}\n"
        )
        with pytest.MonkeyPatch.context() as patch:
            known = {**installed_connectors(), "books": connector}
            patch.setattr("tillbridge.assembly.installed_connectors", lambda: known)
            await prepare(dsn)
            site = Site(folder, factor=FACTOR)
            house = await open_house(site, dsn, role="books", pool=8, clock=watch)
        toil = worker(house)
        task = asyncio.create_task(toil.run(dsn))
        try:
            yield Shop(house, books, bank)
        finally:
            toil.stop()
            await asyncio.wait_for(task, 10)
            await close_house(house)


async def test_a_run_converts_by_the_last_rate_before_the_weekend(tmp_path: Path, dsn: str) -> None:
    async with open_shop(tmp_path, dsn, Watch()) as shop:
        await shop.book()
        assert shop.books.sales == [Money.of("92.12", "EUR")]
        [pin] = await shop.pins()
        quote = pinned_rates(pin)["bank"].quote("USD", "EUR", FRIDAY, timedelta(days=1))
        assert (str(quote.made_of[0].rate), quote.source) == ("1.0855", "European Central Bank")


async def test_a_source_is_asked_once_for_what_many_runs_need(tmp_path: Path, dsn: str) -> None:
    watch = Watch()
    async with open_shop(tmp_path, dsn, watch) as shop:
        for _ in range(3):
            await shop.book()
        assert shop.asked() == 1
        watch.ahead += timedelta(hours=1)
        await shop.book()
        assert shop.asked() == 2
        await shop.book(day="2026-11-19")
        assert shop.asked() == 3, "it had not been asked for the week before that day"
        assert shop.books.sales[-1] == Money.of("92.25", "EUR")
        for _ in range(2):
            watch.ahead += timedelta(days=30)
            await shop.book(day="2026-11-19")
        assert shop.asked() == 4, "what was long past when it was asked cannot change any more"


async def test_a_replay_converts_by_the_rate_of_the_run_it_replays(
    tmp_path: Path, dsn: str
) -> None:
    watch = Watch()
    async with open_shop(tmp_path, dsn, watch) as shop:
        shop.books.refuses = True
        await shop.book()
        shop.bank.published[FRIDAY]["USD"] = "2"
        watch.ahead += timedelta(hours=1)
        await shop.book()
        shop.books.refuses = False
        for letter in await dead_letters(shop.house.database):
            await replay(shop.house, letter.run_id, "ada", "the books are open")
        await shop.quiet(4)
        assert sorted(shop.books.sales, key=lambda sale: sale.amount) == [
            Money.of("50.00", "EUR"),
            Money.of("92.12", "EUR"),
        ]


async def test_a_corrected_rate_is_kept_beside_the_first(tmp_path: Path, dsn: str) -> None:
    watch = Watch()
    async with open_shop(tmp_path, dsn, watch) as shop:
        await shop.book()
        shop.bank.published[FRIDAY]["USD"] = "1.0900"
        watch.ahead += timedelta(hours=1)
        await shop.book()
        statement = (
            "SELECT rate::text FROM rates WHERE currency = 'USD' AND rated_on = $1"
            " ORDER BY received_at"
        )
        rows = await shop.house.database.fetch(statement, FRIDAY)
        assert [row[0] for row in rows] == ["1.0855", "1.0900"]
        assert shop.books.sales == [Money.of("92.12", "EUR"), Money.of("91.74", "EUR")]


async def test_when_the_bank_is_down_what_is_kept_will_do(tmp_path: Path, dsn: str) -> None:
    watch = Watch()
    async with open_shop(tmp_path, dsn, watch) as shop:
        await shop.book(day="2026-11-20")
        shop.bank.faults.down = True
        watch.ahead += timedelta(hours=2)
        await shop.book(day="2026-11-21")
        assert shop.books.sales[1] == Money.of("92.12", "EUR")


async def test_a_run_waits_for_a_bank_that_is_down(tmp_path: Path, dsn: str) -> None:
    async with open_shop(tmp_path, dsn, Watch()) as shop:
        shop.bank.faults.down = True
        booking = asyncio.create_task(shop.book())
        await asyncio.sleep(0.5)
        assert not booking.done()
        assert await shop.pins() == []
        shop.bank.faults.down = False
        await booking
        assert shop.books.sales == [Money.of("92.12", "EUR")]


async def test_a_missing_rate_is_a_dead_letter_that_says_what_is_missing(
    tmp_path: Path, dsn: str
) -> None:
    async with open_shop(tmp_path, dsn, Watch()) as shop:
        await shop.book(day="2026-12-20")
        [letter] = await dead_letters(shop.house.database)
        assert "none from USD to EUR on 2026-12-20 or in the 7 days" in letter.message
        assert "flows/book-sale.yaml:" in letter.message
        assert await shop.pins() == []
