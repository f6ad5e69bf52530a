from collections.abc import AsyncIterator

import pytest
from tests.sagepro.world import FACTOR, World, opened

from tillbridge_simulators.sagepro import SageProSimulator


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A provisioned company and a session; waits are divided by FACTOR."""
    async with opened(SageProSimulator(factor=FACTOR)) as world:
        yield world
