"""Orders and accounts that changed are told by the moment of their change, each change once."""

from collections.abc import AsyncIterator

import pytest
from tests.dynamics365.documents import sales_order
from tests.dynamics365.world import World, call_of, opened

from tillbridge.canonical.errors import Misconfigured, Unreconciled
from tillbridge.connector.abilities import ChangedRecord, PollsChanges
from tillbridge_dynamics365 import polls
from tillbridge_simulators.dynamics365 import DataverseSimulator


@pytest.fixture
async def world() -> AsyncIterator[World]:
    simulator = DataverseSimulator(factor=100.0, key_lag_s=0.0)
    async with opened(simulator, poll_overlap_s=60_000) as made:
        yield made


async def told(
    world: World, cursor: str = "", kind: str = "sales_orders"
) -> tuple[list[ChangedRecord], str]:
    """Everything of one poll, and the cursor behind it."""
    assert isinstance(world.session, PollsChanges)
    records: list[ChangedRecord] = []
    while True:
        changes = await world.session.polls[kind].call(call_of(), {}, cursor)
        records += changes.records
        cursor = changes.cursor
        if not changes.more:
            return records, cursor


async def test_an_order_is_told_with_its_columns_as_text(world: World) -> None:
    receipt = await world.write("sales_order", sales_order())

    (record,), _ = await told(world)

    assert record.id == receipt.fields["salesorderid"]
    assert record.fields["ordernumber"] == receipt.fields["ordernumber"]
    assert record.fields["totalamount"] == "65.11"
    assert record.fields["statecode"] == "0"
    assert tuple(record.fields) == world.session.polls["sales_orders"].gives


async def test_a_change_has_a_version_of_its_own_however_soon_it_follows(world: World) -> None:
    """All of it happens within a second, which is as exact as the times of Dataverse are."""
    receipt = await world.write("sales_order", sales_order())
    (first,), cursor = await told(world)
    pointer = {"salesorderid": receipt.fields["salesorderid"]}
    await world.write("sales_order_cancellation", pointer, key="KEY2")

    later, cursor = await told(world, cursor)
    again, _ = await told(world, cursor)

    assert {record.id for record in later} == {first.id}
    assert [record.version == first.version for record in later] == [False]
    assert later[0].fields["statecode"] == "2"
    assert again == later


async def test_rows_of_one_second_fill_several_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "PAGE", 2)
    for number in range(5):
        await world.write("sales_order", sales_order(str(number)), key=f"KEY{number}")
    for row in world.simulator.organization.rows.all(
        world.simulator.organization.table("salesorder")
    ):
        row["modifiedon"] = world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    records, _ = await told(world)

    assert {record.fields["ordernumber"] for record in records} == {"0", "1", "2", "3", "4"}


async def test_more_changes_in_one_second_than_can_be_shown_are_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "PAGE", 2)
    monkeypatch.setattr(polls, "ROWS_MAX", 3)
    for number in range(5):
        await world.write("sales_order", sales_order(str(number)), key=f"KEY{number}")
    now = world.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    for row in world.simulator.organization.rows.all(
        world.simulator.organization.table("salesorder")
    ):
        row["modifiedon"] = now

    with pytest.raises(Unreconciled, match="in one second"):
        await told(world)


async def test_accounts_are_told_as_well(world: World) -> None:
    await world.write("sales_order", sales_order())

    records, _ = await told(world, kind="accounts")

    assert "Ada Byron" in {record.fields["name"] for record in records}


async def test_an_overlap_that_cannot_be_is_refused() -> None:
    simulator = DataverseSimulator(factor=100.0)
    with pytest.raises(Misconfigured, match="poll_overlap_s"):
        async with opened(simulator, poll_overlap_s=0):
            pass
