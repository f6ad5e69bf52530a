from collections.abc import AsyncIterator

import pytest
from tests.dynamics365.world import FACTOR, World, opened

from tillbridge_simulators.dynamics365 import DataverseSimulator


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A provisioned organization and a session; waits are divided by FACTOR."""
    simulator = DataverseSimulator(factor=FACTOR, token_life_s=360_000, key_lag_s=0)
    async with opened(simulator) as world:
        yield world
