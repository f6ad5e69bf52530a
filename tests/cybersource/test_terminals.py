"""Terminals are listed, told when they change, and given back once."""

from datetime import timedelta
from typing import Any

import pytest
from tests.cybersource.conftest import new_call, now
from tests.cybersource.test_tokens import send

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Found, NotYet
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.triggers import pull

SEARCH = "/dms/v3/devices/search"


def given(world: Any, serial: str) -> str:
    """The id of a terminal with this serial number, new to the merchant."""
    said = pull(world.simulator.account, "device.added", {"serial": serial})
    return said.split()[2]


async def told(world: Any, cursor: str = "", **fields: str) -> Any:
    return await world.session.polls["terminals"].call(new_call(), fields, cursor)


async def test_terminals_are_listed_and_given_back_once(world: Any) -> None:
    first, second = given(world, "S-1"), given(world, "S-2")
    found = await told(world)
    assert {one.id: one.fields["serial"] for one in found.records} == {first: "S-1", second: "S-2"}
    assert (await told(world)).records == found.records
    write, about = world.session.writes["terminal_return"], {"device_id": first}
    assert isinstance(await write.find(new_call("key"), about, now()), NotYet)
    await write.send(new_call("key"), about)
    later = now() + timedelta(seconds=1)
    assert isinstance(await write.find(new_call("key"), about, later), Found)
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await write.send(new_call("key"), about)
    assert [one.id for one in (await told(world)).records] == [second]
    assert not (await told(world, status="INACTIVE")).records


async def test_of_several_that_are_given_back_the_wrong_ones_are_named(world: Any) -> None:
    rows = [{"deviceId": given(world, "S-1")}, {"deviceId": "X", "organizationId": "portfolio"}]
    status, answer = await send(world, "POST", "/dms/v3/devices/deassociate", rows)
    assert (status, answer[0]["status"]) == (206, "BAD_REQUEST")
    assert [one["deviceId"] for one in answer[0]["devices"]] == ["X"]


async def test_pages_and_order_of_a_search(world: Any) -> None:
    for serial in ("S-2", "S-1", "S-3"):
        given(world, serial)
    asked = {"sort": "serialNumber", "limit": 2}
    _, page = await send(world, "POST", SEARCH, asked)
    assert [one["serialNumber"] for one in page["devices"]] == ["S-1", "S-2"]
    _, rest = await send(world, "POST", SEARCH, {**asked, "offset": 2})
    assert [one["serialNumber"] for one in rest["devices"]] == ["S-3"]
    query = {"query": "serialNumber:S-2 AND status:Active"}
    assert (await send(world, "POST", SEARCH, query))[1]["totalCount"] == 1
    both = {"sort": "terminalCreationDate:desc, serialNumber:desc"}
    _, page = await send(world, "POST", SEARCH, both)
    assert page["devices"][0]["serialNumber"] == "S-3"
    for wrong in ({"query": "height:3"}, {"query": "S-1"}, {"sort": "colour"}, {"limit": 0}):
        assert (await send(world, "POST", SEARCH, wrong))[0] == 400
    old = "/dms/v2/devices/search"
    _, before = await send(world, "POST", old, {})
    for key, body in (("post_search_query_v3", page), ("post_search_query", before)):
        model = recorded().operations[f"device_search.{key}"].answer
        assert not recorded().unknown(model, body)
        assert not recorded().flaws(model, body)
