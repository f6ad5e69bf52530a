"""`tillbridge check` names what is wrong; `tillbridge provision` makes our one table."""

from collections.abc import Sequence

import pytest
from tests.sagepro.world import World, call_of, opened

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.abilities import CheckLine
from tillbridge_simulators.sagepro import SageProSimulator


async def test_a_good_connection_passes_every_check(world: World) -> None:
    lines = await world.session.check(call_of())
    assert all(line.passed for line in lines), lines
    assert [line.title for line in lines][:3] == [
        "Login to PRO05",
        "Company tables",
        "Table ix_xref",
    ]


async def test_the_table_is_made_once(world: World) -> None:
    (line,) = await world.session.provision(call_of())
    assert (line.passed, line.detail) == (True, "was there already")
    assert len(world.entries("table_created")) == 1


@pytest.mark.parametrize(
    ("setting", "value", "title"),
    [
        ("password", "wrong", "Login to PRO05"),
        ("company_database", "PRO77", "Login to PRO77"),
        ("company_id", "99", "Company"),
        ("location", "MOON", "Location MOON"),
        ("guest_customer", "NOBODY", "Guest customer NOBODY"),
        ("tax_item", "NO-TAX", "Items for freight, discount and tax"),
        ("hold_column", "onhold", "Hold column"),
        ("payment_id_column", "ccref", "Payment id"),
    ],
)
async def test_what_is_wrong_is_named_with_the_next_step(
    setting: str, value: str, title: str
) -> None:
    async with opened(SageProSimulator(), False, **{setting: value}) as world:
        failed = _failed(await world.session.check(call_of()))
        assert title in [line.title for line in failed]
        assert all(line.next_step for line in failed)


async def test_a_missing_table_or_column_is_named() -> None:
    simulator = SageProSimulator()
    simulator.store.drop_column("sotran", "extprice")
    async with opened(simulator, provision=False) as world:
        failed = _failed(await world.session.check(call_of()))
        assert [line.detail for line in failed] == ["missing: sotran.extprice", "not there"]


async def test_counters_that_differ_are_noticed(world: World) -> None:
    world.rows("UPDATE sosysd SET int1 = '9' WHERE sysid = 'SO05'")
    (failed,) = _failed(await world.session.check(call_of()))
    assert failed.detail == "sysdata says 10000, SOsysd says 9"


async def test_books_whose_currency_is_blank_take_the_setting() -> None:
    async with opened(SageProSimulator(currency=""), currency="usd") as world:
        assert not _failed(await world.session.check(call_of()))
    async with opened(SageProSimulator(currency="CAD"), False, currency="USD") as world:
        (failed,) = _failed(await world.session.check(call_of()))
        assert "says USD" in failed.detail
        assert "in CAD" in failed.detail


async def test_a_server_that_is_down_fails_the_check_and_raises_nothing(world: World) -> None:
    world.simulator.faults.down = True
    (failed,) = await world.session.check(call_of())
    assert not failed.passed


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("company_database", "PRO05; DROP"),
        ("timezone", "Mars/Olympus"),
        ("user_code", "TOOLONG"),
        ("amount_decimals", 5),
    ],
)
async def test_settings_that_cannot_be_right_are_refused_at_once(
    setting: str, value: object
) -> None:
    with pytest.raises(Misconfigured, match=setting):
        async with opened(SageProSimulator(), False, **{setting: value}):
            pass


def _failed(lines: Sequence[CheckLine]) -> list[CheckLine]:
    return [line for line in lines if not line.passed]
