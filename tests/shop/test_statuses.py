"""Messages about payments reach the shop once, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.shop.documents import KEY, SECRET, call, session

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import CheckLine, Receipt
from tillbridge.connector.documents import Fields
from tillbridge_shop.connector import ShopSession
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.shop import ShopSimulator

FIELDS: Fields = {
    "order_number": "1042",
    "status": "captured",
    "amount": Money.of("40.25", "USD"),
    "transaction_id": "7012",
}


async def no_token(_: str) -> dict[str, str]:
    return {}


@asynccontextmanager
async def shop() -> AsyncIterator[tuple[ShopSession, ShopSimulator]]:
    simulator = ShopSimulator("http://127.0.0.1:1", SECRET, no_token)
    await simulator.start()
    opened = session(simulator.status_url)
    try:
        yield opened, simulator
    finally:
        await opened.close()
        await simulator.stop()


async def tell(opened: ShopSession, *, key: str = KEY, timeout_s: float = 5.0) -> Receipt:
    return await opened.writes["payment_status"].send(call(key, timeout_s), FIELDS)


def kept(simulator: ShopSimulator) -> list[str]:
    return [str(entry.facts["amount"]) for entry in simulator.log.entries("shop_message")]


async def test_a_message_arrives_with_its_exact_amount() -> None:
    async with shop() as (opened, simulator):
        receipt = await tell(opened)
        assert kept(simulator) == ["40.25 USD"]
        assert receipt.references[0].id == KEY


async def test_the_same_key_twice_is_one_message() -> None:
    async with shop() as (opened, simulator):
        await asyncio.gather(tell(opened), tell(opened))
        assert kept(simulator) == ["40.25 USD"]


async def test_a_lost_answer_is_unknown_and_sending_again_changes_nothing() -> None:
    async with shop() as (opened, simulator):
        simulator.faults.rules = [Rule("payment_status", Fault("lose_answer"), times=1)]
        with pytest.raises(Transient) as caught:
            await tell(opened)
        assert caught.value.sent == "perhaps"
        await tell(opened)
        assert kept(simulator) == ["40.25 USD"]


async def test_a_message_kept_after_our_deadline_is_still_one_message() -> None:
    async with shop() as (opened, simulator):
        simulator.faults.rules = [Rule("payment_status", Fault("late", 0.1), times=1)]
        with pytest.raises(Transient):
            await tell(opened)
        await tell(opened)
        await asyncio.sleep(0.2)
        assert kept(simulator) == ["40.25 USD"]


async def test_an_answer_out_of_time_is_unknown() -> None:
    async with shop() as (opened, simulator):
        simulator.faults.rules = [Rule("payment_status", Fault("slow", 0.3), times=1)]
        with pytest.raises(Transient) as caught:
            await tell(opened, timeout_s=0.05)
        assert caught.value.sent == "perhaps"


async def test_a_429_waits_as_long_as_the_shop_asks() -> None:
    async with shop() as (opened, simulator):
        simulator.faults.rules = [Rule("payment_status", Fault("refuse", 7, 429), times=1)]
        with pytest.raises(Transient) as caught:
            await tell(opened)
        assert (caught.value.wait_s, caught.value.sent) == (7.0, "no")


@pytest.mark.parametrize(
    ("status", "error"),
    [(302, Rejected), (404, Rejected), (418, Rejected), (401, Misconfigured), (500, Transient)],
)
async def test_every_other_status_is_an_error(status: int, error: type[Exception]) -> None:
    async with shop() as (opened, simulator):
        simulator.faults.rules = [Rule("payment_status", Fault("refuse", 0, status), times=1)]
        with pytest.raises(error):
            await tell(opened)
        assert kept(simulator) == []


async def test_a_message_with_another_secret_is_refused() -> None:
    async with shop() as (_, simulator):
        stranger = session(simulator.status_url, secret="x" * 40)
        with pytest.raises(Misconfigured) as caught:
            await tell(stranger)
        await stranger.close()
        assert "signing secret" in caught.value.next_step


async def checked(opened: ShopSession) -> list[CheckLine]:
    return list(await opened.check(call("")))


async def test_the_check_passes_when_secret_and_address_are_right() -> None:
    async with shop() as (opened, _):
        assert [line.passed for line in await checked(opened)] == [True, True]
        await opened.probe(call(""))


async def test_the_check_says_what_to_do_when_the_shop_is_away() -> None:
    opened = session("http://127.0.0.1:1/tillbridge/payments", secret="short")
    lines = await checked(opened)
    await opened.close()
    assert [line.passed for line in lines] == [False, False]
    assert all(line.next_step for line in lines)


async def test_without_a_status_address_nothing_is_written_or_asked() -> None:
    opened = session()
    assert opened.writes == {}
    assert len(await checked(opened)) == 1
    await opened.probe(call(""))
    await opened.close()


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://shop", "https://me:pw@shop/x"])
def test_a_status_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        session(url)
    assert "pw" not in str(caught.value)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(Misconfigured):
        session(secret="")
