import asyncio
from datetime import timedelta

import pytest
from tests.dynamics365.documents import sales_order
from tests.dynamics365.world import World, call_of, opened

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.faults import Fault


async def test_one_token_serves_many_calls_at_once() -> None:
    async with opened(DataverseSimulator(), provision=False) as world:
        await asyncio.gather(*(world.session.probe(call_of()) for _ in range(10)))
        assert world.simulator.sign_in.issued == 1


async def test_a_token_is_renewed_five_minutes_before_it_expires() -> None:
    async with opened(DataverseSimulator(), provision=False) as world:
        await world.session.probe(call_of())
        world.clock.ahead = timedelta(seconds=3200)
        await world.session.probe(call_of())
        assert world.simulator.sign_in.issued == 1
        world.clock.ahead = timedelta(seconds=3300)
        await world.session.probe(call_of())
        assert world.simulator.sign_in.issued == 2


async def test_a_401_in_the_middle_signs_in_again_and_repeats(world: World) -> None:
    world.simulator.sign_in.revoke()
    await world.write("sales_order", sales_order())
    assert world.simulator.sign_in.issued == 2
    assert len(world.entries("sales_order")) == 1


async def test_a_wrong_secret_is_named_without_showing_it() -> None:
    simulator = DataverseSimulator()
    async with opened(simulator, provision=False, client_secret="not-the-secret") as world:
        with pytest.raises(Misconfigured, match="AADSTS7000215") as caught:
            await world.session.probe(call_of())
        assert "not-the-secret" not in repr(caught.value) + str(caught.value)


async def test_a_sign_in_that_is_down_means_nothing_was_sent(world: World) -> None:
    world.simulator.sign_in.revoke()
    world.misbehave("token", Fault("break_before"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "no"
    assert not world.entries("sales_order")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("organization_url", "http://contoso.crm.dynamics.com"),
        ("organization_url", "https://contoso.crm.dynamics.com/api"),
        ("publisher_prefix", "mscrm"),
        ("publisher_prefix", "X"),
        ("api_version", "v8.2"),
        ("tls_ca", "/does/not/exist.pem"),
    ],
)
async def test_a_setting_that_cannot_be_right_is_refused_at_opening(name: str, value: str) -> None:
    with pytest.raises(Misconfigured):
        async with opened(DataverseSimulator(), provision=False, **{name: value}):
            pass
