"""`tillbridge settlements` shows what was read, from which report, and what it comes to."""

from datetime import UTC, datetime

from tests.cli.conftest import Tell

from tillbridge.canonical.money import Money
from tillbridge.canonical.settlements import SettlementKind, SettlementLine, Stage
from tillbridge.connector.abilities import ChangedRecord
from tillbridge.database.database import Database
from tillbridge.settlements.lines import keep_lines
from tillbridge.settlements.reports import end_reading, refuse_report, register_reports

FIELDS = {"name": "Daily", "title": "Payment Batch Detail", "since": "a", "until": "b"}


async def test_reports_and_lines_are_listed_with_their_sums(tell: Tell, database: Database) -> None:
    good, bad = ChangedRecord("r1", "1", FIELDS), ChangedRecord("r2", "1", FIELDS)
    async with database.transaction() as tx:
        await register_reports(tx, "cybersource", "reports", [good, bad])
        await refuse_report(tx, "cybersource", bad, "Daily:3 amount: it is empty.")
    lines = [
        SettlementLine(
            "r1", number, Stage.BATCH, kind, Money.of(amount, "USD"), "77", "1042",
            occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        )
        for number, kind, amount in (
            ("3", SettlementKind.CAPTURE, "1025.00"),
            ("4", SettlementKind.REFUND, "-4.99"),
        )
    ]  # fmt: skip
    await keep_lines(database, "cybersource", lines)
    await end_reading(database, "cybersource", good, len(lines))

    listed = (await tell("settlements")).stdout
    assert "refused" in listed
    assert "Daily:3 amount: it is empty." in listed
    shown = (await tell("settlements", "show", "cybersource", "r1")).stdout
    assert "1,025.00 USD" in shown
    assert "-4.99" in shown
    about = (await tell("settlements", "order", "1042")).stdout
    assert about.count("1042") >= 2
    said = (await tell("settlements", "read-again", "cybersource", "r2")).stdout
    assert "read again" in said
    assert "waiting" in (await tell("settlements")).stdout
