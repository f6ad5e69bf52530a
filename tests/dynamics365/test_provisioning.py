import pytest
from tests.dynamics365.world import FACTOR, World, call_of, opened

from tillbridge.connector.abilities import CheckLine
from tillbridge_simulators.dynamics365 import DataverseSimulator


def _line(lines: list[CheckLine], title: str) -> CheckLine:
    return next(line for line in lines if line.title == title)


@pytest.mark.complaint("I10")
async def test_provisioning_twice_creates_nothing_twice(world: World) -> None:
    definitions = [facts for facts in world.entries("request") if facts["method"] == "POST"]
    lines = await world.session.provision(call_of())
    again = [facts for facts in world.entries("request") if facts["method"] == "POST"]
    assert all(line.passed for line in lines)
    assert [facts["path"] for facts in again[len(definitions) :]] == ["/api/data/v9.2/PublishXml"]


async def test_it_waits_until_the_keys_are_active() -> None:
    async with opened(DataverseSimulator(factor=FACTOR, key_lag_s=6), provision=False) as world:
        lines = await world.session.provision(call_of())
        assert lines[-1] == CheckLine("Alternate keys active", True, "all active")


async def test_a_key_that_cannot_be_built_is_said() -> None:
    async with opened(DataverseSimulator(factor=FACTOR, key_lag_s=0)) as world:
        organization = world.simulator.organization
        account = organization.table("account")
        account.keys["tb_shopcustomer_key"].status = "Failed"
        lines = await world.session.provision(call_of())
        assert not lines[-1].passed
        assert "account: Failed" in lines[-1].detail


async def test_the_check_passes_when_everything_is_there(world: World) -> None:
    lines = await world.session.check(call_of())
    assert [line.title for line in lines if not line.passed] == []
    assert len(lines) == 6


async def test_the_check_names_what_is_missing_and_the_next_step() -> None:
    async with opened(DataverseSimulator(), provision=False, hold_status=5) as world:
        organization = world.simulator.organization
        for row in organization.rows.all(organization.table("transactioncurrency")):
            if row["isocurrencycode"] == "KWD":
                row["currencyprecision"] = 2
        lines = list(await world.session.check(call_of()))
        assert "missing" in _line(lines, "Alternate keys").detail
        assert "5 is not a status reason" in _line(lines, "Hold status").detail
        assert "KWD keeps 2 of 3 decimals" in _line(lines, "Currencies").detail
        assert all(line.next_step for line in lines if not line.passed)


async def test_the_check_stops_at_a_refused_sign_in() -> None:
    async with opened(DataverseSimulator(), provision=False, client_id="nobody") as world:
        (line,) = await world.session.check(call_of())
        assert not line.passed
        assert "AADSTS700016" in line.detail
