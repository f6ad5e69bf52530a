"""`tillbridge reports` as an accountant gives it, at a simulated account."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Tell, point_till
from tests.cli.test_webhooks import Account, pay

from tillbridge.access.audit import entries
from tillbridge.database.database import Database
from tillbridge.journeys.card_mask import CardMask
from tillbridge_simulators.cybersource import CybersourceSimulator, Options

REQUESTS = "TransactionRequestClass"


@pytest.fixture
async def account(books: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """The site's till is a simulated account."""
    simulator = CybersourceSimulator(Options(report_lag_s=1.0))
    await simulator.start()
    point_till(books, monkeypatch, simulator)
    monkeypatch.setenv("TILLBRIDGE_FACTOR", "100")
    yield Account(simulator)
    await simulator.stop()


async def test_days_that_are_missing_are_ordered_once(
    tell: Tell, account: Account, database: Database
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    days = ("--from", str(yesterday))
    paid = await pay(account, "1042", "25.00")
    account.simulator.state.authorizations[paid].at_s -= 86_400

    at_once = await tell("reports", "order", "till", "requests", *days, "--wait", "0")
    assert (at_once.exit_code, "being made" in at_once.stdout) == (0, True), at_once.output
    assert "tillbridge reports show till" in at_once.stdout
    told = await tell("reports", "order", "till", REQUESTS, *days, "--wait", "600")
    assert (told.exit_code, "It was ordered before. It is ready" in told.stdout) == (0, True)
    (made,) = account.simulator.state.reporting.reports
    assert f"tillbridge settlements show till {made.id}" in told.stdout
    shown = await tell("reports", "show", "till", made.id)
    assert "ready" in shown.stdout

    before = str(yesterday - timedelta(days=1))
    asked = ("reports", "order", "till", REQUESTS, "--from", before, "--to", str(yesterday))
    refused = await tell(*asked, typed="n\n")
    assert (refused.exit_code, made.name in refused.stdout) == (1, True)
    wider = await tell(*asked, "--yes", "--wait", "600")
    assert wider.exit_code == 0, wider.output
    assert len(account.simulator.state.reporting.reports) == 2
    async with database.connection() as connection:
        actions = [entry.action for entry in await entries(connection)]
    assert actions.count("order a report") == 2


async def test_a_report_is_kept_as_a_file_without_a_card_number(
    tell: Tell, account: Account, database: Database, tmp_path: Path
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    paid = await pay(account, "4111111111111111", "25.00")
    account.simulator.state.authorizations[paid].at_s -= 86_400
    asked = ("reports", "order", "till", REQUESTS, "--from", str(yesterday), "--wait", "600")
    assert (await tell(*asked)).exit_code == 0
    (made,) = account.simulator.state.reporting.reports
    file = tmp_path / "requests.csv"
    by_id = ("reports", "download", "till", made.id, "--to", str(file))
    by_name = ("reports", "download", "till", made.name, "--to", str(file), "--force", "--day")

    taken = await tell(*by_id)
    assert taken.exit_code == 0, taken.output
    assert "masked but for their last four digits" in taken.stdout
    text = file.read_text()
    assert ("4111111111111111" in text, "************1111" in text, paid in text) == (
        False, True, True,
    )  # fmt: skip
    again = await tell(*by_id)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    nothing = await tell(*by_name, "2026-01-01")
    assert (nothing.exit_code, "not made yet" in nothing.stderr) == (1, True)
    assert file.read_text() == text
    file.write_text("")
    named = await tell(*by_name, str(datetime.now(UTC).date()))
    assert (named.exit_code, file.read_text()) == (0, text), named.output
    unknown = await tell("reports", "download", "till", "no-such-report")
    assert (unknown.exit_code, "there is no report" in unknown.stderr) == (1, True)
    assert [path.name for path in file.parent.glob("*.part")] == []
    async with database.connection() as connection:
        actions = [entry.action for entry in await entries(connection)]
    assert actions.count("download a report") == 2


@pytest.mark.parametrize("step", [7, 4095, 100_000])
def test_a_card_number_is_masked_wherever_the_pieces_of_a_file_end(step: int) -> None:
    text = b"a,\n" * 15_000 + b"4111-1111-1111-1111" + b",\xff" * 40_000
    cards = CardMask()
    pieces = [cards.feed(text[at : at + step]) for at in range(0, len(text), step)]
    found = b"".join([*pieces, cards.end()])
    assert (cards.masked, len(found)) == (1, len(text))
    assert found.replace(b"****-****-****-1111", b"4111-1111-1111-1111") == text


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [("2026-01-02", "2026-01-01", "is before"), ("2026-01-01", "2999-01-01", "not over yet")],
)
async def test_days_that_cannot_be_ordered_are_refused(
    tell: Tell, first: str, last: str, why: str
) -> None:
    told = await tell("reports", "order", "till", REQUESTS, "--from", first, "--to", last)
    assert (told.exit_code, why in told.stderr) == (2, True)


async def test_subscriptions_are_made_listed_and_ended(
    tell: Tell, account: Account, database: Database
) -> None:
    assert "Nothing. Subscribe" in (await tell("reports")).stdout
    made = await tell("reports", "subscribe", "till", "deposits", "--form", "classic")
    name = "Tillbridge_DepositDetailClass_Classic"
    assert f"{name} is made daily from 00:00 GMT on" in made.stdout, made.output
    assert name in (await tell("reports", "till")).stdout
    kept = await tell("reports", "unsubscribe", "till", name, typed="n\n")
    assert kept.exit_code == 1
    assert name in (await tell("reports", "till", "--days", "2")).stdout
    ended = await tell("reports", "unsubscribe", "till", name, "--yes")
    assert (ended.exit_code, "made no more" in ended.stdout) == (0, True), ended.output
    gone = await tell("reports", "unsubscribe", "till", name, "--yes")
    assert (gone.exit_code, "nothing is subscribed to" in gone.stderr) == (1, True)
    async with database.connection() as connection:
        actions = [entry.action for entry in await entries(connection)]
    assert {"subscribe to a report", "end a report subscription"} <= set(actions)


async def test_definitions_and_their_columns_and_schemas_are_shown(
    tell: Tell, account: Account
) -> None:
    every = (await tell("reports", "definitions", "till")).stdout
    assert "Payment Batch Detail Report" in every
    columns = (await tell("reports", "definitions", "till", "batches")).stdout
    assert "Batch.BatchID" in columns
    schema = await tell("reports", "definitions", "till", "batches", "--xsd")
    assert schema.stdout.startswith("<?xml")
    document_type = await tell("reports", "definitions", "till", "pbdr-1.1", "--dtd")
    assert "<!ELEMENT Batch (Requests)>" in document_type.stdout
    unnamed = await tell("reports", "definitions", "till", "--xsd")
    assert (unnamed.exit_code, "give its NAME" in unnamed.stderr) == (2, True)


async def test_a_connection_without_reports_says_so(tell: Tell) -> None:
    told = await tell("reports", "webshop")
    assert (told.exit_code, "has no reports to order" in told.stderr) == (1, True)
    mistyped = await tell("reports", "ordr", "webshop")
    assert (mistyped.exit_code, "No such command 'ordr'" in mistyped.stderr) == (2, True)
