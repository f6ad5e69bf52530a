from datetime import timedelta
from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector.abilities import Fenced, Found, NotYet
from tillbridge_cybersource import search
from tillbridge_simulators.cybersource import Options


def seen(receipt: Any) -> Observation:
    (observation,) = receipt.observations
    assert isinstance(observation, Observation)
    return observation


async def held(world: Any, outcome: str = "authorized") -> str:
    return seen(await world.authorize(outcome)).request_id


def reversal_of(authorization_id: str, amount: str = "25.00") -> dict[str, Any]:
    return {
        "order_number": "1042",
        "authorization_id": authorization_id,
        "amount": Money.of(amount, "USD"),
    }


async def test_a_capture_takes_what_was_held(world: Any) -> None:
    authorization_id = await held(world)
    found = seen(await world.capture(authorization_id, "25.00"))
    assert (found.operation, found.verdict) == (Operation.CAPTURE, Verdict.APPROVED)
    assert found.parent_id == authorization_id
    assert found.amount == Money.of("25.00", "USD")
    (row,) = world.simulator.holds()["1042"]
    assert (row["captured"], row["open"]) == ("25.00", "0")


async def test_a_smaller_capture_releases_the_rest(world: Any) -> None:
    await world.capture(await held(world), "10.00")
    assert world.simulator.live_holds() == {}


@pytest.mark.parametrize(
    ("amount", "reason"), [("25.01", "exceeds_auth_amount"), ("999.00", "exceeds_auth_amount")]
)
async def test_more_than_was_held_cannot_be_captured(world: Any, amount: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        await world.capture(await held(world), amount)
    assert caught.value.reason == reason


async def test_captures_of_what_is_not_held_are_refused(world: Any) -> None:
    with pytest.raises(Rejected, match="MISSING_AUTH"):
        await world.capture("7000000000000000000000", "1.00")
    declined = await held(world, "expired_card")
    with pytest.raises(Rejected, match="MISSING_AUTH"):
        await world.capture(declined, "1.00")


async def test_a_second_capture_is_refused_where_one_is_all(world: Any) -> None:
    authorization_id = await held(world)
    await world.capture(authorization_id, "10.00")
    with pytest.raises(Rejected, match="MISSING_AUTH"):
        await world.capture(authorization_id, "10.00", key="capture-key-2")


async def test_several_captures_where_the_processor_allows_them(make_world: Any) -> None:
    world = await make_world(Options(partial_captures=True), partial_captures=True)
    authorization_id = await held(world)
    await world.capture(authorization_id, "10.00", ordinal=1, final=False)
    assert world.simulator.live_holds()["1042"][0]["open"] == "15.00"
    await world.capture(authorization_id, "5.00", ordinal=2, final=True, key="capture-key-2")
    assert world.simulator.live_holds() == {}
    assert world.simulator.holds()["1042"][0]["captured"] == "15.00"


async def test_several_captures_are_refused_where_the_processor_does_not(make_world: Any) -> None:
    world = await make_world(partial_captures=True)
    with pytest.raises(Rejected, match="NOT_SUPPORTED"):
        await world.capture(await held(world), "10.00", ordinal=1, final=False)


async def test_a_capture_whose_answer_was_lost_is_found_by_its_key(world: Any) -> None:
    authorization_id = await held(world)
    world.fault("capture", "lose_answer")
    with pytest.raises(Transient) as caught:
        await world.capture(authorization_id, "25.00")
    assert caught.value.sent == "perhaps"
    fields = reversal_of(authorization_id)
    call = world.call("capture-key-1")
    finding = await world.session.writes["capture"].find(call, fields, call.now)
    assert isinstance(finding, Found)
    assert seen(finding.receipt).parent_id == authorization_id


async def test_a_capture_is_fenced_and_the_hold_stands_again(world: Any) -> None:
    authorization_id = await held(world)
    world.fault("capture", "lose_answer")
    with pytest.raises(Transient):
        await world.capture(authorization_id, "25.00")
    call = world.call("capture-key-1")
    write = world.session.writes["capture"]
    fenced = await write.fence(call, reversal_of(authorization_id))
    assert fenced.undone
    (row,) = world.simulator.live_holds()["1042"]
    assert (row["captured"], row["open"]) == ("0.00", "25.00")
    finding = await write.find(call, reversal_of(authorization_id), call.now)
    assert isinstance(finding, NotYet), "a fence whose answer is lost is sent again"


async def test_a_late_capture_runs_into_the_fence(world: Any) -> None:
    authorization_id = await held(world)
    world.fault("capture", "late", seconds=100)
    with pytest.raises(Transient):
        await world.capture(authorization_id, "25.00")
    write = world.session.writes["capture"]
    fenced = await write.fence(world.call("capture-key-1"), reversal_of(authorization_id))
    assert fenced == Fenced(undone=False)
    await world.simulator.settle()
    (row,) = world.simulator.live_holds()["1042"]
    assert (row["captured"], row["open"]) == ("0.00", "25.00")
    call = world.call("capture-key-1")
    long_ago = call.now - timedelta(hours=1)
    finding = await write.find(call, reversal_of(authorization_id), long_ago)
    assert isinstance(finding, NotYet), "a fence whose answer is lost is sent again"
    assert (await write.fence(call, reversal_of(authorization_id))).undone


async def test_a_capture_that_somebody_voids_before_we_know_of_it_is_a_persons(world: Any) -> None:
    authorization_id = await held(world)
    captured = seen(await world.capture(authorization_id, "25.00"))
    await world.write("void", {"order_number": "1042", "capture_id": captured.request_id}, "other")
    call = world.call("capture-key-1")
    write = world.session.writes["capture"]
    with pytest.raises(Unreconciled, match="took place and was voided since"):
        await write.find(call, reversal_of(authorization_id), call.now)


async def test_a_fence_that_is_asked_twice_is_still_undone(world: Any) -> None:
    authorization_id = await held(world)
    await world.capture(authorization_id, "25.00")
    write = world.session.writes["capture"]
    call = world.call("capture-key-1")
    assert (await write.fence(call, reversal_of(authorization_id))).undone
    assert (await write.fence(call, reversal_of(authorization_id))).undone


async def test_a_void_that_search_does_not_show_yet_proves_nothing(make_world: Any) -> None:
    world = await make_world(Options(search_lag_s=3600_000))
    authorization_id = await held(world)
    await world.capture(authorization_id, "25.00")
    write = world.session.writes["capture"]
    call = world.call("capture-key-1")
    assert (await write.fence(call, reversal_of(authorization_id))).undone
    with pytest.raises(Transient) as caught:
        await write.fence(call, reversal_of(authorization_id))
    assert (caught.value.sent, caught.value.reason) == ("no", "not_voidable")


async def test_a_reversal_releases_the_whole_hold(world: Any) -> None:
    authorization_id = await held(world)
    found = seen(await world.write("reversal", reversal_of(authorization_id)))
    assert (found.operation, found.parent_id) == (Operation.REVERSAL, authorization_id)
    assert found.amount == Money.of("25.00", "USD")
    assert world.simulator.live_holds() == {}


async def test_a_reversal_twice_reverses_once(world: Any) -> None:
    authorization_id = await held(world)
    first = seen(await world.write("reversal", reversal_of(authorization_id)))
    again = seen(await world.write("reversal", reversal_of(authorization_id), key="other"))
    assert again.request_id == first.request_id
    assert len(list(world.simulator.log.entries("reversal"))) == 1


async def test_a_reversal_that_search_does_not_show_yet_is_known_by_its_authorization(
    make_world: Any,
) -> None:
    world = await make_world(Options(search_lag_s=3600_000))
    authorization_id = await held(world)
    await world.write("reversal", reversal_of(authorization_id))
    again = seen(await world.write("reversal", reversal_of(authorization_id)))
    assert again.request_id == f"{authorization_id}:reversed"
    assert again.verdict is Verdict.APPROVED


async def test_a_reversal_of_another_amount_is_refused(world: Any) -> None:
    authorization_id = await held(world)
    with pytest.raises(Rejected, match="INVALID_AMOUNT"):
        await world.write("reversal", reversal_of(authorization_id, "24.00"))


async def test_a_captured_payment_cannot_be_reversed(world: Any) -> None:
    authorization_id = await held(world)
    await world.capture(authorization_id, "25.00")
    with pytest.raises(Rejected, match="TRANSACTION_ALREADY_SETTLED"):
        await world.write("reversal", reversal_of(authorization_id))


async def test_a_held_decline_can_be_reversed(world: Any) -> None:
    authorization_id = await held(world, "risk_declined")
    await world.write("reversal", reversal_of(authorization_id))
    assert world.simulator.live_holds() == {}


async def test_a_void_takes_a_capture_back_once(world: Any) -> None:
    captured = seen(await world.capture(await held(world), "25.00"))
    fields = {"order_number": "1042", "capture_id": captured.request_id}
    found = seen(await world.write("void", fields))
    assert (found.operation, found.parent_id) == (Operation.VOID, captured.request_id)
    with pytest.raises(Rejected, match="NOT_VOIDABLE"):
        await world.write("void", fields)
    call = world.call()
    finding = await world.session.writes["void"].find(call, fields, call.now)
    assert isinstance(finding, Found)
    assert seen(finding.receipt).parent_id == captured.request_id


async def test_observing_an_order_tells_its_whole_story_in_order(world: Any) -> None:
    authorization_id = await held(world)
    captured = seen(await world.capture(authorization_id, "25.00"))
    await world.write("void", {"order_number": "1042", "capture_id": captured.request_id})
    await world.write("reversal", reversal_of(authorization_id))
    story = await world.session.observe(world.call(), "1042")
    assert [found.operation for found in story] == [
        Operation.AUTHORIZATION, Operation.CAPTURE, Operation.VOID, Operation.REVERSAL,
    ]  # fmt: skip
    assert [found.parent_id for found in story] == [
        "", authorization_id, captured.request_id, authorization_id,
    ]  # fmt: skip


async def test_observing_an_order_nobody_knows_finds_nothing(world: Any) -> None:
    assert await world.session.observe(world.call(), "no such order") == []
    with pytest.raises(Rejected, match="cannot be searched for"):
        await world.session.observe(world.call(), 'a"b')


@pytest.mark.complaint("I41")
async def test_observing_pages_through_a_long_history(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    for number in range(3):
        await world.authorize("expired_card", attempt_key=f"try-{number}")
    story = await world.session.observe(world.call(), "1042")
    assert [found.attempt_key for found in story] == ["try-0", "try-1", "try-2"]
