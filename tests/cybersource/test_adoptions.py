"""A payment is read with all that followed on it, or not at all."""

import pytest
from tests.cybersource.conftest import MakeWorld

from tillbridge.canonical.errors import Unreconciled
from tillbridge_cybersource import adoptions
from tillbridge_simulators.cybersource import Options


async def test_a_payment_with_more_operations_than_are_read_is_a_persons(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(Options(partial_captures=True), partial_captures=True)
    paid = (await world.authorize()).references[0].id
    for ordinal in (1, 2, 3):
        more = {"ordinal": ordinal, "final": False, "key": f"capture-{ordinal}"}
        await world.capture(paid, "5.00", **more)

    assert len(await world.session.payment(world.call(), paid)) == 4

    monkeypatch.setattr(adoptions, "RELATED_MAX", 2)
    with pytest.raises(Unreconciled, match="More than 2 operations") as caught:
        await world.session.payment(world.call(), paid)
    assert "Business Center" in caught.value.next_step
