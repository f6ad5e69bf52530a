"""The simulated organization's limits are the published ones, with their codes and headers."""

import asyncio

import pytest
from tests.dynamics365.world import FACTOR, World, call_of, opened

from tillbridge.canonical.errors import Transient
from tillbridge.connector.abilities import Probes
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.dynamics365.service_protection import ServiceProtection


async def probe(world: World) -> None:
    assert isinstance(world.session, Probes)
    await world.session.probe(call_of())


async def refused(world: World, code: str) -> float:
    """How long the refusal of the next call asks to wait."""
    with pytest.raises(Transient, match=code) as caught:
        await probe(world)
    assert (caught.value.sent, caught.value.gate) == ("no", True)
    assert caught.value.wait_s is not None
    return caught.value.wait_s


async def test_so_many_requests_are_answered_in_any_window() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0)
    async with opened(simulator) as world:
        simulator.limit = ServiceProtection(requests_max=3)
        for _ in range(3):
            await probe(world)
        await refused(world, "0x80072322")
        simulator.limit.window_s = 0.0
        simulator.limit._shut_until = 0.0
        await probe(world)


async def test_so_much_working_time_is_given_in_any_window() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0, takes_s=0.03 * FACTOR)
    async with opened(simulator) as world:
        simulator.limit = ServiceProtection(busy_max_s=0.05)
        await probe(world)
        await probe(world)
        await refused(world, "0x80072321")


async def test_so_many_are_worked_on_at_once() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0, takes_s=0.3 * FACTOR)
    async with opened(simulator, provision=False) as world:
        simulator.limit = ServiceProtection(at_once_max=2)
        await probe(world)  # the token
        first = [asyncio.create_task(probe(world)) for _ in range(2)]
        await asyncio.sleep(0.1)
        await refused(world, "0x80072326")
        await asyncio.gather(*first)
        assert simulator.limit.at_once_most == 3


async def test_whoever_calls_on_is_told_to_wait_longer() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0)
    async with opened(simulator) as world:
        simulator.limit = ServiceProtection(requests_max=1)
        await probe(world)
        first = await refused(world, "0x80072322")
        for _ in range(30):
            last = await refused(world, "0x80072322")
        assert last >= first + 2
        assert simulator.limit.insisted == 30


async def test_what_is_left_stands_in_every_answer() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0)
    async with opened(simulator) as world:
        simulator.limit = ServiceProtection(requests_max=100, busy_max_s=60.0)
        await probe(world)
        left = simulator.limit.left()
        assert left["x-ms-ratelimit-burst-remaining-xrm-requests"] == "99"
        assert 59 < float(left["x-ms-ratelimit-time-remaining-xrm-requests"]) <= 60
