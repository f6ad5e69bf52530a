"""What reports say of the money is read once, adds up, and a capture that failed is a person's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge import assembly
from tillbridge.canonical.payments import AttemptState
from tillbridge.canonical.settlements import Stage
from tillbridge.connector.abilities import Call
from tillbridge.desk.notices import notices
from tillbridge.journeys.house import House
from tillbridge.journeys.settlements import fetch_settlements, read_again
from tillbridge.journeys.standing import letters
from tillbridge.payments.attempts import of_order
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.settlements.lines import lines_of_order, lines_of_report, sums_of_report
from tillbridge.settlements.reports import ReportRow, newest_reports
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.reporting import Report
from tillbridge_simulators.cybersource.reports import content_of
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


async def sold(town: Town, shop: Till, number: str) -> None:
    """An order is paid and shipped, and its capture made."""
    await shop.pay(order_document(number))
    await shop.ship(number)
    await town.quiet()


async def day_ends(town: Town) -> None:
    """The batch closes, the subscribed reports are made, and ours looks for them."""
    for name in ("batch", "reports"):
        pull(town.cybersource.account, name, {})
    await look(town)


async def look(town: Town) -> None:
    await asyncio.sleep(0.01)
    await town.house.database.execute("DELETE FROM chores WHERE name LIKE 'settlements%'")
    await fetch_settlements(town.house)


async def reports(town: Town, title: str = "Payment Batch Detail") -> list[ReportRow]:
    return [one for one in await newest_reports(town.house.database) if one.title == title]


def made(town: Town) -> Report:
    """The batch report, as the account made it."""
    reports = town.cybersource.state.reporting.reports
    (report,) = [one for one in reports if one.definition == "PaymentBatchDetailClass"]
    return report


async def test_a_batch_is_read_once_and_sums_to_what_was_captured(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
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
        assert (total.kind, total.owed) == ("capture", sum(captured))
        kept = await lines_of_report(town.house.database, CYBERSOURCE, row.report)
        assert [one.version for one in kept] == [1, 1]
        told = await lines_of_order(town.house.database, "7001")
        (attempt,) = await of_order(town.house.database, "7001")
        assert {one.line.amount for one in told} == {attempt.captured}
        assert {one.line.stage for one in told} == {Stage.BATCH, Stage.PROCESSOR}


async def test_what_was_ordered_is_read_and_read_no_second_time_from_the_file_share(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        await sold(town, shop, "7004")
        session = town.house.connections[CYBERSOURCE].session
        assert isinstance(session, CybersourceSession)
        pull(town.cybersource.account, "batch", {})
        await asyncio.sleep(0.01)
        call = Call("", datetime.now(UTC), 5.0, "test", lambda: None)
        window = call.now - timedelta(hours=1), call.now
        ordered = await session.report_orders.order(call, "batches", *window)
        await look(town)

        (read,) = await reports(town)
        told = await lines_of_order(town.house.database, "7004")
        assert (read.name, read.state) == (ordered.name, "read")
        assert [one.line.report for one in told if one.line.stage is Stage.BATCH] == [read.report]

        session._settings = replace(session._settings, reports_from="files")
        await look(town)

        asked = town.cybersource.log.entries("request")
        assert "file_details" in {entry.facts["operation"] for entry in asked}
        assert await reports(town) == [read]
        assert await lines_of_order(town.house.database, "7004") == told


async def test_a_capture_that_only_a_report_tells_failed_is_on_the_desk_with_its_money(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        await sold(town, shop, "7003")
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
        await sold(town, shop, "7004")
        for name in ("batch", "reports"):
            pull(town.cybersource.account, name, {})
        report = made(town)
        columns = b"request_id,amount,currency\r\n1,2,USD\r\n"
        report.rows, report.content = 1, b"Payment Batch Detail Report,1.0\r\n" + columns

        await look(town)

        (row,) = await reports(town)
        assert (row.state, row.lines) == ("refused", 0)
        assert "services: the report has no such column" in row.trouble
        (notice,) = await notices(town.house.database)
        assert "cannot be used" in notice.title
        assert await letters(town.house.database) == []


async def test_a_day_that_is_asked_for_again_gains_only_what_is_new(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        for round_, order in enumerate(("7005", "7006"), 1):
            await shop.pay(order_document(order))
            await shop.ship(order)
            await town.quiet()
            await day_ends(town)

            (today,) = [
                row for row in await reports(town, "Purchases and refunds settled") if row.lines
            ]
            assert (today.state, today.lines) == ("read", round_)
            kept = await lines_of_report(town.house.database, CYBERSOURCE, today.report)
            assert [one.version for one in kept] == [1] * round_
        pull(town.cybersource.account, "funded", {})
        await look(town)
        kept = await lines_of_report(town.house.database, CYBERSOURCE, today.report)
        assert sorted(one.line.fee_type for one in kept if one.line.fee_type) == [
            *("assessment", "assessment", "interchange", "interchange", "markup", "markup")
        ]


async def test_an_amount_that_is_another_one_when_it_is_read_again_is_another_version(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        await sold(town, shop, "7007")
        await day_ends(town)
        (row,) = await reports(town)
        report = made(town)
        assert report.content is not None
        report.content = report.content.replace(b"31.95", b"31.90")
        await read_again(town.house.database, CYBERSOURCE, row.report, "ann")
        await look(town)

        (kept,) = await lines_of_report(town.house.database, CYBERSOURCE, row.report)
        assert (kept.version, kept.line.amount.text) == (2, "31.90")
        (total,) = await sums_of_report(town.house.database, CYBERSOURCE, row.report)
        assert (total.count, total.owed) == (1, Decimal("31.90"))
        assert (
            await town.house.database.fetch_value(
                "SELECT count(*) FROM settlement_lines WHERE stage = 'batch'"
            )
            == 2
        )


async def test_a_card_number_in_a_report_is_masked_and_the_fact_is_kept(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        await sold(town, shop, "7008")
        for name in ("batch", "reports"):
            pull(town.cybersource.account, name, {})
        report = made(town)
        content = content_of(town.cybersource.account, report)
        digits = "4" + "1" * 14
        number = digits + check_digit(digits)
        report.content = content.replace(b",7008,", f",7008 {number},".encode())

        await look(town)

        (row,) = await reports(town)
        (kept,) = await lines_of_report(town.house.database, CYBERSOURCE, row.report)
        assert number not in str(kept)
        assert kept.line.order_number.startswith("7008 ")
        (sighted,) = await town.house.database.fetch("SELECT way, place FROM sightings")
        assert tuple(sighted) == ("reports of cybersource", "order_number")
