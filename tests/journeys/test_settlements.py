"""What reports say of the money is read once, adds up, and a capture that failed is a person's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge import assembly
from tillbridge.canonical.payments import AttemptState
from tillbridge.desk.notices import notices
from tillbridge.journeys.house import House
from tillbridge.journeys.settlements import fetch_settlements, read_again
from tillbridge.journeys.standing import letters
from tillbridge.payments.attempts import of_order
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.settlements.lines import lines_of_order, lines_of_report, sums_of_report
from tillbridge.settlements.reports import ReportRow, newest_reports
from tillbridge_simulators.cybersource.report_subscriptions import subscribe as subscribe_to
from tillbridge_simulators.cybersource.triggers import pull

CYBERSOURCE = "cybersource"


@contextlib.asynccontextmanager
async def quiet_town(folder: Path, dsn: str) -> AsyncIterator[Town]:
    """A town in which nobody reads reports but the test."""
    patch = pytest.MonkeyPatch()

    async def nobody(_: House) -> None:
        return

    patch.setattr(assembly, "fetch_settlements", nobody)
    try:
        async with open_town(folder, dsn) as town:
            yield town
    finally:
        patch.undo()


def subscribe(town: Town, *definitions: str) -> None:
    for definition in definitions:
        subscribe_to(town.cybersource.account, definition)


async def day_ends(town: Town) -> None:
    """The batch closes, the subscribed reports are made, and ours looks for them."""
    for name in ("batch", "reports"):
        pull(town.cybersource.account, name, {})
    await look(town)


async def look(town: Town) -> None:
    await asyncio.sleep(0.01)
    await town.house.database.execute("DELETE FROM chores WHERE name LIKE 'settlements%'")
    await fetch_settlements(town.house)


async def reports(town: Town) -> list[ReportRow]:
    return await newest_reports(town.house.database)


async def test_a_batch_is_read_once_and_sums_to_what_was_captured(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        subscribe(town, "PaymentBatchDetailClass")
        for order in ("7001", "7002"):
            await shop.pay(order_document(order))
            await shop.ship(order)
        await town.quiet()

        await day_ends(town)
        (row,) = await reports(town)
        await read_again(town.house.database, CYBERSOURCE, row.report, "ann")
        await look(town)

        (row,) = await reports(town)
        assert (row.state, row.lines, row.title) == ("read", 2, "Payment Batch Detail")
        (total,) = await sums_of_report(town.house.database, CYBERSOURCE, row.report)
        holds = [hold for rows in town.cybersource.holds().values() for hold in rows]
        captured = [Decimal(hold["captured"]) for hold in holds]
        assert (total.kind, total.effect) == ("capture", sum(captured))
        kept = await lines_of_report(town.house.database, CYBERSOURCE, row.report)
        assert [one.version for one in kept] == [1, 1]
        (line,) = await lines_of_order(town.house.database, "7001")
        (attempt,) = await of_order(town.house.database, "7001")
        assert (line.line.amount, line.line.last4) == (attempt.captured, "")


async def test_a_capture_that_only_a_report_tells_failed_is_on_the_desk_with_its_money(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        subscribe(town, "ExceptionDetailClass")
        await shop.pay(order_document("7003"))
        await shop.ship("7003")
        await town.quiet()
        (attempt,) = await of_order(town.house.database, "7003")
        assert attempt.state is AttemptState.CAPTURED

        pull(town.cybersource.account, "capture.failed", {"payment": attempt.authorization_id})
        await day_ends(town)
        await town.quiet()

        (attempt,) = await of_order(town.house.database, "7003")
        assert (attempt.state, attempt.reason) == (AttemptState.AUTHORIZED, "CAPTURE_FAILED")
        assert not attempt.captured
        (letter,) = await dead_letters(town.house.database)
        assert letter.flow == "capture-failed-cybersource"
        assert letter.at_risk == attempt.amount
        await day_ends(town)
        assert len(await dead_letters(town.house.database)) == 1


async def test_a_report_that_cannot_be_used_is_refused_whole_and_people_are_told(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        subscribe(town, "PaymentBatchDetailClass")
        await shop.pay(order_document("7004"))
        await shop.ship("7004")
        await town.quiet()
        for name in ("batch", "reports"):
            pull(town.cybersource.account, name, {})
        (report,) = town.cybersource.state.reporting.reports
        columns = b"request_id,amount,currency\r\n1,2,USD\r\n"
        report.rows, report.content = 1, b"Payment Batch Detail Report,1.0\r\n" + columns

        await look(town)

        (row,) = await reports(town)
        assert (row.state, row.lines) == ("refused", 0)
        assert "services: the report has no such column" in row.trouble
        (notice,) = await notices(town.house.database)
        assert "cannot be used" in notice.title
        assert await letters(town.house.database) == []
