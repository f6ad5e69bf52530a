"""Reports are ordered once, whatever answer is lost, and subscribed to by name."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from xml.etree import ElementTree
from xml.parsers import expat

import pytest
from tests.cybersource.conftest import MakeWorld, World, new_call, now
from tests.cybersource.test_reports import lines, ready, trade

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import total_of
from tillbridge.connector.report_orders import MakesReports, OrdersReports, SubscriptionForm
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.report_definitions import DEFINITIONS
from tillbridge_simulators.cybersource.report_subscriptions import subscribe
from tillbridge_simulators.cybersource.reporting import Report
from tillbridge_simulators.cybersource.reports import content_of
from tillbridge_simulators.cybersource.triggers import pull

BATCH = "PaymentBatchDetailClass"


def orders(world: World) -> MakesReports:
    assert isinstance(world.session, OrdersReports)
    return world.session.report_orders


def last_hour() -> tuple[datetime, datetime]:
    until = now()
    return until - timedelta(hours=1), until


def made(world: World) -> list[Report]:
    return world.simulator.state.reporting.reports


async def test_a_report_that_was_ordered_is_read_as_settlement_lines(make_world: MakeWorld) -> None:
    world = await make_world()
    left = await trade(world)
    pull(world.simulator.account, "batch", {})
    await asyncio.sleep(0.005)
    window = last_hour()

    first = await orders(world).order(new_call(), "batches", *window)
    again = await orders(world).order(new_call(), BATCH, *window)

    assert first.report is not None
    assert again.report == first.report
    assert (first.is_new, again.is_new, first.report.state) == (True, False, "ready")
    (report,) = await ready(world)
    assert report.id == first.report.id
    found = await lines(world, report)
    for currency, amount in left.items():
        sums = total_of((one.owed for one in found if one.amount.currency == currency), currency)
        assert sums.amount == amount


async def test_an_order_whose_answer_is_lost_is_found_and_not_given_anew(world: World) -> None:
    world.fault("report_order", "lose_answer")
    ordered = await orders(world).order(new_call(), BATCH, *last_hour())
    assert ordered.report is not None
    assert (ordered.is_new, len(made(world))) == (True, 1)


async def test_an_order_that_nothing_shows_is_perhaps_given_and_can_be_given_again(
    world: World,
) -> None:
    window = last_hour()
    world.fault("report_order", "break_before")
    with pytest.raises(Transient, match="no list shows it") as lost:
        await orders(world).order(new_call(), BATCH, *window)
    assert lost.value.sent == "perhaps"
    await orders(world).order(new_call(), BATCH, *window)
    assert len(made(world)) == 1


async def test_a_report_is_waited_for_until_it_is_made(make_world: MakeWorld) -> None:
    world = await make_world(Options(report_lag_s=300.0))
    (ordered, *_) = [await orders(world).order(new_call(), BATCH, *last_hour())]
    assert ordered.report is not None
    assert (ordered.report.state, ordered.report.made_at) == ("waiting", None)
    listed = await orders(world).made(new_call(), now() - timedelta(days=1))
    assert [one.id for one in listed] == [ordered.report.id]

    await asyncio.sleep(0.35)

    report = await orders(world).one(new_call(), ordered.report.id)
    assert report.state == "empty"  # nothing was sold
    with pytest.raises(Rejected, match="no report 'nobody'"):
        await orders(world).one(new_call(), "nobody")


async def test_reports_that_tell_of_the_time_already_are_named(world: World) -> None:
    since, until = last_hour()
    subscribe(world.simulator.account, BATCH)
    subscribe(world.simulator.account, "DepositDetailClass")
    await asyncio.sleep(0.005)
    pull(world.simulator.account, "reports", {})
    until += timedelta(minutes=1)
    await orders(world).order(new_call(), BATCH, since, until)

    found = await orders(world).about(new_call(), "batches", since, until)

    assert [(one.name, one.definition) for one in found] == [(BATCH, BATCH)]
    day = timedelta(days=1)
    assert not await orders(world).about(new_call(), "batches", since - day, until - day)


async def test_definitions_tell_which_columns_there_are_and_which_are_read(world: World) -> None:
    definitions = world.session.report_definitions
    every = {one.name: one for one in await definitions.every(new_call())}
    assert every.keys() == DEFINITIONS.keys()
    assert every[BATCH].read_as == "batches"
    one = await definitions.one(new_call(), "batches")
    read = {column.id for column in one.columns if column.is_read}
    assert {"Batch.BatchID", "PaymentData.Amount"} <= read
    assert "PaymentData.PaymentProcessor" in {column.id for column in one.columns} - read
    with pytest.raises(Rejected, match="no report definition") as unknown:
        await definitions.one(new_call(), "PaymentBatchDetail")
    assert unknown.value.next_step == f"Did you mean {BATCH}?"


async def test_a_schema_knows_every_element_of_its_report(world: World) -> None:
    """The simulated one, of the simulated reports: read as the connector gets it."""
    await trade(world)
    for name in ("batch", "funded"):
        pull(world.simulator.account, name, {})
    start_s = world.simulator.account.now() - 3600
    for name in DEFINITIONS:
        report = Report(
            *("1", "r", name, "application/xml", "ADHOC", "CUSTOM", "GMT"),
            *(start_s, start_s + 7200, start_s, start_s),
        )
        content = content_of(world.simulator.account, report)
        schemas = world.session.report_definitions
        declared = _declared(await schemas.schema(new_call(), name, "dtd"))
        xsd = _parsed((await schemas.schema(new_call(), name, "xsd")).encode())
        for element in _parsed(content).iter():
            tag = element.tag.rpartition("}")[2]
            assert set(element.attrib) <= declared[tag]
            assert any(one.get("name") == tag for one in xsd)


async def test_a_schema_that_is_not_there_names_those_that_may_be(world: World) -> None:
    with pytest.raises(Rejected, match="no XSD 'Nobody'") as unknown:
        await world.session.report_definitions.schema(new_call(), "Nobody", "xsd")
    assert "pbdr-1.1" in unknown.value.next_step


@pytest.mark.parametrize(
    ("form", "name", "starts"),
    [
        ("custom", f"Tillbridge_{BATCH}", "00:00 GMT"),
        ("standard", f"Tillbridge_{BATCH}_Standard", "00:00 PST"),
        ("classic", f"Tillbridge_{BATCH}_Classic", "00:00 GMT"),
    ],
)
async def test_a_subscription_is_made_once_and_ended_whatever_answer_is_lost(
    world: World, form: SubscriptionForm, name: str, starts: str
) -> None:
    desk = world.session.report_subscriptions
    world.fault("report_subscription", "lose_answer")
    found = await desk.subscribe(new_call(), "batches", form)
    assert await desk.subscribe(new_call(), BATCH, form) == found
    assert (found.name, found.starts, found.every) == (name, starts, "daily")
    assert (found.read_as, found.lacks) == ("batches", "")
    assert [one.name for one in await desk.every(new_call())] == [name]
    assert len(list(world.simulator.log.entries("report_subscription"))) == 1

    world.fault("report_subscription", "lose_answer")
    await desk.unsubscribe(new_call(), name)
    assert not await desk.every(new_call())
    with pytest.raises(Rejected, match="nothing is subscribed to"):
        await desk.unsubscribe(new_call(), name)


async def test_a_subscription_that_was_not_ended_is_said_to_be_perhaps(world: World) -> None:
    desk = world.session.report_subscriptions
    found = await desk.subscribe(new_call(), "batches", "custom")
    world.fault("report_subscription", "break_before")
    with pytest.raises(Transient) as lost:
        await desk.unsubscribe(new_call(), found.name)
    assert lost.value.sent == "perhaps"


def _parsed(xml: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(xml)  # noqa: S314 (made by the simulator)


def _declared(dtd: str) -> dict[str, set[str]]:
    """Attributes by element, as a parser reads the declarations."""
    found: dict[str, set[str]] = defaultdict(set)
    parser = expat.ParserCreate()

    def element(name: str, _: object) -> None:
        found[name]

    def attribute(name: str, attribute: str, *_: object) -> None:
        found[name].add(attribute)

    parser.ElementDeclHandler = element
    parser.AttlistDeclHandler = attribute
    parser.Parse(f"<!DOCTYPE Report [\n{dtd}]>\n<Report/>", True)
    return dict(found)
