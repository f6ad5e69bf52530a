"""Users of the Business Center are read one by one, and told when they change."""

from typing import Any

import pytest
from tests.cybersource.conftest import new_call
from tests.cybersource.test_tokens import send

from tillbridge.canonical.errors import Rejected
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.triggers import pull

SEARCH = "/ums/v1/users/search"


async def told(world: Any, **fields: str) -> dict[tuple[str, str], str]:
    """By name and version, the status."""
    poll = world.session.polls["business_center_users"]
    found = await poll.call(new_call(), fields, "")
    assert all(set(one.fields) == set(poll.gives) for one in found.records)
    return {(one.id, one.version): one.fields["status"] for one in found.records}


async def test_a_user_who_changes_is_told_again_and_nobody_else(world: Any) -> None:
    before = await told(world)
    assert await told(world) == before
    given = {"user": "bookkeeper", "status": "locked", "role": "admin"}
    pull(world.simulator.account, "user.changed", given)
    after = await told(world)
    assert {name for name, _ in set(after) - set(before)} == {"bookkeeper"}
    assert sorted(after.values()) == ["active", "locked"]
    assert {name for name, _ in await told(world, role="admin")} == {"administrator", "bookkeeper"}
    assert not await told(world, permission="FlyPermission")


async def test_a_user_is_read_by_name(world: Any) -> None:
    read = world.session.reads["business_center_user"].call
    found = (await read(new_call(), {"user": "bookkeeper"})).fields
    assert (found["status"], found["role"], found["permissions"]) == (
        *("active", "reports", "ReportViewPermission"),
    )
    with pytest.raises(Rejected, match="there is no user nobody"):
        await read(new_call(), {"user": "nobody"})


@pytest.mark.parametrize("document", [{}, {"roleId": "admin"}, {"permissionId": "x"}])
async def test_who_is_asked_for_without_an_organization_is_refused(
    world: Any, document: dict[str, str]
) -> None:
    status, answer = await send(world, "POST", SEARCH, document)
    assert (status, answer["details"][0]["field"]) == (400, "organizationId")
    path = "/ums/v1/users" + "".join(f"?{name}={value}" for name, value in document.items())
    assert (await send(world, "GET", path))[0] == 400


async def test_what_no_user_can_be_is_said(world: Any) -> None:
    with pytest.raises(ValueError, match="a user is active, inactive"):
        pull(world.simulator.account, "user.changed", {"user": "maya", "status": "tired"})
    _, answer = await send(world, "POST", SEARCH, {"userName": "administrator"})
    model = recorded().operations["user_management_search.search_users"].answer
    assert not recorded().unknown(model, answer)
    assert not recorded().flaws(model, answer)
