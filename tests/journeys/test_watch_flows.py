"""Watchdogs: an event that means nothing goes through every flow, and nothing else sees it."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.town import Town, open_town

from tillbridge.connections.connections import Connection
from tillbridge.journeys.alert import conditions
from tillbridge.journeys.flow_view import flow_views
from tillbridge.journeys.house import House
from tillbridge.journeys.standing import figures
from tillbridge.journeys.steer import pause_flow
from tillbridge.journeys.watch_flows import silent_flows, watch_flows
from tillbridge.runs.watchdogs import watchdogs

RELEASE = "release-hold-cybersource"


async def send(house: House) -> None:
    """A round of watchdogs, as if its time had come."""
    await house.database.execute("DELETE FROM chores WHERE name = 'watchdog'")
    await watch_flows(house)


async def all_heard(house: House) -> None:
    async with asyncio.timeout(5):
        while not await _are_heard(house):  # noqa: ASYNC110 (nothing rings for a test)
            await asyncio.sleep(0.02)


async def _are_heard(house: House) -> bool:
    dogs = await watchdogs(house.database)
    return bool(dogs) and all(dog.heard_at and not dog.silent_s for dog in dogs.values())


def impatient(house: House) -> None:
    house.alerting = dataclasses.replace(house.alerting, flow_silent_s=0.01)


async def test_one_goes_through_every_flow_and_leaves_no_trace_in_the_business(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town:
        log = len(list(town.cybersource.log.entries()))
        await send(town.house)
        await all_heard(town.house)

        views = {view.name: view for view in await flow_views(town.house)}
        assert {flow.name for flow in town.house.catalogue.active} == set(views)
        assert all(view.heard_at is not None and not view.trouble for view in views.values())
        assert await town.runs() == []
        assert await counts(town) == {"events": 0, "runs": 0, "deliveries": 0, "steps": 0}
        requests = list(town.cybersource.log.entries("request", after=log))
        assert all(entry.facts["operation"] == "search" for entry in requests)
        assert not town.shop.is_busy
        assert b"tillbridge_turns_total{" not in await figures(town.house)


async def counts(town: Town) -> dict[str, Any]:
    row = await town.house.database.fetch_row(
        "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM runs) AS runs,"
        " (SELECT count(*) FROM deliveries) AS deliveries, (SELECT count(*) FROM steps) AS steps"
    )
    assert row is not None
    return dict(row)


async def test_a_flow_that_nobody_advances_is_told_of_with_its_age(
    tmp_path: Path, dsn: str
) -> None:
    """I3: intake goes on answering, and work is not taken up."""
    async with open_town(tmp_path, dsn, turns_by_target=0) as town:
        impatient(town.house)
        await send(town.house)
        await asyncio.sleep(0.05)
        await send(town.house)

        found = [one for one in await conditions(town.house) if one.name == "flow_silent"]

        assert {one.about for one in found} == {flow.name for flow in town.house.catalogue.active}
        assert "No worker has taken it up." in found[0].content
        (dog,) = [one for one in await silent_flows(town.house) if one.flow == RELEASE]
        assert dog.silent_s >= 0.05
        text = (await figures(town.house)).decode()
        assert f'tillbridge_watchdog_silent_seconds{{flow="{RELEASE}"}} 0.' in text


async def test_a_flow_whose_connection_lost_a_document_says_so(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_town(tmp_path, dsn) as town:
        at = town.house.connections["cybersource"]
        without = {kind: write for kind, write in at.writes.items() if kind != "reversal"}
        lame = dataclasses.replace(at, writes=without)
        original = type(town.house.connections).__getitem__

        def get(connections: Any, name: str) -> Connection:
            return lame if name == "cybersource" else original(connections, name)

        monkeypatch.setattr(type(town.house.connections), "__getitem__", get)
        impatient(town.house)
        await send(town.house)
        async with asyncio.timeout(5):
            while not (await watchdogs(town.house.database))[RELEASE].trouble:  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)

        (found,) = [one for one in await conditions(town.house) if one.about == RELEASE]
        assert "writes no 'reversal'" in found.content


async def test_a_paused_flow_is_not_watched(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn, turns_by_target=0) as town:
        impatient(town.house)
        await send(town.house)
        await pause_flow(town.house, RELEASE, "maya", "a test")
        await asyncio.sleep(0.05)

        assert RELEASE not in {dog.flow for dog in await silent_flows(town.house)}


async def test_it_can_be_switched_off(tmp_path: Path, dsn: str) -> None:
    def without(folder: Path) -> None:
        file = folder / "tillbridge.yaml"
        file.write_text(file.read_text() + "alerts:\n  watchdog: false\n")

    async with open_town(tmp_path, dsn, extend=without) as town:
        await send(town.house)
        assert await watchdogs(town.house.database) == {}
        assert await silent_flows(town.house) == []
