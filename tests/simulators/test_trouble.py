"""Simulators in trouble: closed ports, requests that hang, and how many were under way."""

import asyncio

import aiohttp
import pytest

from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.dynamics365.simulator import DataverseSimulator
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.sagepro.simulator import SageProSimulator

SEARCHES = "/tss/v2/searches"


@pytest.mark.parametrize("make", [CybersourceSimulator, DataverseSimulator, SageProSimulator])
async def test_a_port_that_is_closed_refuses_and_is_the_same_when_it_opens_again(
    make: type[CybersourceSimulator | DataverseSimulator | SageProSimulator],
) -> None:
    simulator = make()
    await simulator.start()
    port = simulator.port
    for _ in range(2):
        await simulator.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await simulator.accept()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    assert simulator.port == port
    await simulator.stop()


async def test_what_hangs_never_answers_and_the_log_says_how_many_did_at_once() -> None:
    simulator = CybersourceSimulator()
    simulator.faults.rules.append(Rule("search", Fault("hang")))
    await simulator.start()
    patience = aiohttp.ClientTimeout(total=0.3)
    async with aiohttp.ClientSession(simulator.url, timeout=patience) as http:
        both = await asyncio.gather(
            http.post(SEARCHES, json={}), http.post(SEARCHES, json={}), return_exceptions=True
        )
        assert [type(one) for one in both] == [asyncio.TimeoutError] * 2
        await asyncio.sleep(0.05)  # it sees that both have hung up
        with pytest.raises(asyncio.TimeoutError):
            await http.post(SEARCHES, json={})
    await simulator.stop()

    assert [entry.facts["at_once"] for entry in simulator.log.entries("request")] == [1, 2, 1]


async def test_sage_pro_is_steered_from_another_process() -> None:
    simulator = SageProSimulator()
    await simulator.start()
    address = f"{simulator.url}/_simulator/server"
    async with aiohttp.ClientSession() as http:
        await (await http.post(address, json={"listening": False, "password": "new"})).read()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", simulator.port)
        await (await http.post(address, json={"listening": True})).read()
        _, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        writer.close()
    assert simulator.password == "new"
    await simulator.stop()
