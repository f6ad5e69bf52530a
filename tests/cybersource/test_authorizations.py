from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.payments import Observation, Verdict
from tillbridge.connector.abilities import Absent, Fenced, Found, NotYet
from tillbridge_simulators.cybersource import Options, payments
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.messages import REFUSED


def seen(receipt: Any) -> Observation:
    (observation,) = receipt.observations
    assert isinstance(observation, Observation)
    return observation


@pytest.mark.complaint("I26")
async def test_an_approved_authorization_holds_the_amount_and_says_so(world: Any) -> None:
    receipt = await world.authorize()
    found = seen(receipt)
    assert found.verdict is Verdict.APPROVED
    assert found.amount == Money.of("25.00", "USD")
    assert found.order_number == "1042"
    assert found.attempt_key == "abcdefghijklmnopqrstuvwxyz"
    assert len(found.request_id) == 22
    assert found.card.brand == "visa"
    assert receipt.references[0].kind == "payment"
    (hold,) = world.simulator.live_holds()["1042"]
    assert (hold["id"], hold["open"]) == (found.request_id, "25.00")


@pytest.mark.parametrize(
    ("outcome", "verdict", "review", "held"),
    [
        ("authorized", Verdict.APPROVED, "", "25.00"),
        ("partial", Verdict.HELD_DECLINED, "", "12.50"),
        ("avs_failed", Verdict.IN_REVIEW, "address_check", "25.00"),
        ("cv_failed", Verdict.IN_REVIEW, "security_code", "25.00"),
        ("contact_processor", Verdict.IN_REVIEW, "contact_processor", "25.00"),
        ("review", Verdict.IN_REVIEW, "decision_manager", "25.00"),
        ("risk_declined", Verdict.HELD_DECLINED, "", "25.00"),
        ("score", Verdict.HELD_DECLINED, "", "25.00"),
        ("challenge", Verdict.CHALLENGE, "", ""),
        ("expired_card", Verdict.DECLINED, "", ""),
        ("insufficient_fund", Verdict.DECLINED, "", ""),
        ("processor_declined", Verdict.DECLINED, "", ""),
        ("stolen_lost_card", Verdict.DECLINED, "", ""),
        ("general_decline", Verdict.DECLINED, "", ""),
        ("customer_watchlist_match", Verdict.DECLINED, "", ""),
    ],
)
async def test_every_outcome_is_seen_alike_in_the_reply_and_in_search(
    world: Any, outcome: str, verdict: Verdict, review: str, held: str
) -> None:
    reply = seen(await world.authorize(outcome))
    (searched,) = await world.session.observe(world.call(), "1042")
    for found in (reply, searched):
        assert (found.verdict, found.review) == (verdict, review)
        assert (found.amount.text if found.amount else "") == held
    assert (searched.request_id, searched.attempt_key) == (reply.request_id, reply.attempt_key)


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        ("accept", Verdict.APPROVED),
        ("review", Verdict.IN_REVIEW),
        ("reverse", Verdict.HELD_DECLINED),
    ],
)
@pytest.mark.parametrize("outcome", ["avs_failed", "cv_failed"])
async def test_a_failed_check_follows_the_sites_policy(
    make_world: Any, outcome: str, policy: str, verdict: Verdict
) -> None:
    world = await make_world(address_check_policy=policy)
    assert seen(await world.authorize(outcome)).verdict is verdict


async def test_a_part_is_told_and_found_with_what_is_held(make_world: Any) -> None:
    world = await make_world(partial_authorizations=True)
    fields = world.payment("partial")
    write, call = world.session.writes["authorization"], world.call()
    receipt = await write.send(call, fields)
    finding = await write.find(call, fields, call.now)
    for found in (seen(receipt), seen(finding.receipt)):
        assert (found.verdict, found.amount) == (Verdict.PARTIAL, Money.of("12.50", "USD"))


async def test_trigger_amounts_win_over_the_token(world: Any) -> None:
    found = seen(await world.authorize(amount=Money.of("9901.00", "USD")))
    assert (found.verdict, found.reason) == (Verdict.DECLINED, "EXPIRED_CARD")


async def test_a_stored_token_is_made_when_asked_for_and_can_be_used(world: Any) -> None:
    found = seen(await world.authorize(store_token=True))
    assert found.token
    again = await world.authorize(
        token_kind="tms", token=found.token, billing=None, attempt_key="second"
    )
    assert seen(again).verdict is Verdict.APPROVED


async def test_lines_with_fractions_become_one_piece_of_their_amount(world: Any) -> None:
    lines = [
        {
            "product": "WIRE",
            "description": "",
            "quantity": Decimal("2.5"),
            "unit_price": UnitAmount.of("4.125", "USD"),
        },
        {
            "product": "NAIL",
            "description": "Nails",
            "quantity": Decimal(3),
            "unit_price": UnitAmount.of("1.50", "USD"),
        },
    ]
    assert seen(await world.authorize(lines=lines)).verdict is Verdict.APPROVED


@pytest.mark.parametrize(
    ("changes", "reason", "place"),
    [
        ({"billing": {"first_name": "Maya"}}, "missing_field", "orderInformation.billTo.lastName"),
        ({"token": "nobody"}, "invalid_data", "tokenInformation.transientTokenJwt"),
        (
            {"attempt_key": "k" * 31},
            "invalid_data",
            "clientReferenceInformation.transactionId",
        ),
        ({"amount": Money.of("0", "USD")}, "bad_field", "amount"),
        ({"order_number": ""}, "missing_field", "order_number"),
        (
            {"lines": [{"quantity": Decimal(1), "unit_price": UnitAmount.of("25", "EUR")}]},
            "currencies_differ",
            "unit_price",
        ),
    ],
)
async def test_bad_input_is_refused_with_its_place(
    world: Any, changes: dict[str, Any], reason: str, place: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await world.authorize(**changes)
    assert caught.value.reason == reason
    assert caught.value.place is not None
    assert caught.value.place.field == place
    assert world.simulator.live_holds() == {}


async def test_a_lost_answer_is_unknown_and_search_finds_the_hold(world: Any) -> None:
    world.fault("authorization", "lose_answer")
    fields = world.payment()
    call = world.call("key")
    with pytest.raises(Transient) as caught:
        await world.session.writes["authorization"].send(call, fields)
    assert caught.value.sent == "perhaps"
    finding = await world.session.writes["authorization"].find(world.call("key"), fields, call.now)
    assert isinstance(finding, Found)
    assert seen(finding.receipt).verdict is Verdict.APPROVED


async def test_search_that_lags_says_not_yet(make_world: Any) -> None:
    world = await make_world(Options(search_lag_s=3600))
    fields = world.payment()
    await world.session.writes["authorization"].send(world.call("key"), fields)
    call = world.call("key")
    finding = await world.session.writes["authorization"].find(call, fields, call.now)
    assert isinstance(finding, NotYet)


async def test_absence_is_proven_only_after_the_set_time(make_world: Any) -> None:
    world = await make_world(absent_after_s=10)
    fields = world.payment()
    sent = world.call("key")
    find = world.session.writes["authorization"].find
    assert isinstance(await find(sent, fields, sent.now), NotYet)
    later = sent.now.fromtimestamp(sent.now.timestamp() - 1, sent.now.tzinfo)
    assert isinstance(await find(sent, fields, later), Absent)


async def test_without_a_set_time_absence_is_never_proven(make_world: Any) -> None:
    world = await make_world(absent_after_s=0)
    fields = world.payment()
    call = world.call("key")
    long_ago = call.now.replace(year=2020)
    find = world.session.writes["authorization"].find
    assert isinstance(await find(call, fields, long_ago), NotYet)


async def test_another_attempt_of_the_same_order_is_not_taken_for_this_one(world: Any) -> None:
    await world.authorize(attempt_key="first")
    fields = world.payment(attempt_key="second")
    call = world.call()
    finding = await world.session.writes["authorization"].find(call, fields, call.now)
    assert isinstance(finding, NotYet)


async def test_the_fence_undoes_a_hold_whose_answer_was_lost(world: Any) -> None:
    world.fault("authorization", "lose_answer")
    fields = world.payment()
    with pytest.raises(Transient):
        await world.session.writes["authorization"].send(world.call("key"), fields)
    fenced = await world.session.writes["authorization"].fence(world.call("key"), fields)
    assert fenced.undone
    assert seen(fenced.receipt).amount == Money.of("25.00", "USD")
    assert seen(fenced.receipt).attempt_key == fields["attempt_key"]
    assert world.simulator.live_holds() == {}


async def test_a_late_commit_runs_into_the_fence(world: Any) -> None:
    world.fault("authorization", "late", seconds=100)
    fields = world.payment()
    with pytest.raises(Transient) as caught:
        await world.session.writes["authorization"].send(world.call("key"), fields)
    assert caught.value.sent == "perhaps"
    fenced = await world.session.writes["authorization"].fence(world.call("key"), fields)
    assert fenced == Fenced(undone=False)
    await world.simulator.settle()
    assert world.simulator.live_holds() == {}
    effects = [entry.kind for entry in world.simulator.log.entries()]
    assert effects.index("authorization") < effects.index("undone_by_fence")


async def test_a_hold_that_was_undone_is_found_as_undone(world: Any) -> None:
    fields = world.payment()
    write = world.session.writes["authorization"]
    await write.send(world.call("key"), fields)
    await write.fence(world.call("key"), fields)
    call = world.call("key")
    finding = await write.find(call, fields, call.now)
    assert isinstance(finding, Found)
    assert seen(finding.receipt).verdict is Verdict.UNDONE


async def test_a_fence_waits_until_cybersource_takes_it(make_world: Any) -> None:
    world = await make_world(fence_after_s=60_000)
    write, fields = world.session.writes["authorization"], world.payment()
    sent = world.call("key")
    await write.send(sent, fields)
    await write.find(world.call("key"), fields, sent.now)
    with pytest.raises(Transient) as caught:
        await write.fence(world.call("key"), fields)
    assert (caught.value.sent, caught.value.reason) == ("no", "too_early")
    assert caught.value.wait_s is not None
    assert 50 < caught.value.wait_s <= 60
    later = replace(sent, now=sent.now + timedelta(seconds=60))
    assert (await write.fence(later, fields)).undone


async def test_a_fence_that_is_asked_twice_is_still_undone(world: Any) -> None:
    fields = world.payment()
    write = world.session.writes["authorization"]
    await write.send(world.call("key"), fields)
    assert (await write.fence(world.call("key"), fields)).undone
    assert (await write.fence(world.call("key"), fields)).undone


async def test_a_fence_that_forgets_proves_nothing(make_world: Any) -> None:
    world = await make_world(Options(fence="forgets"))
    with pytest.raises(Transient) as caught:
        await world.session.writes["authorization"].fence(world.call(), world.payment())
    assert (caught.value.sent, caught.value.reason) == ("no", "nothing_found")
    assert caught.value.wait_s


async def test_a_processor_without_fences_is_a_matter_of_set_up(make_world: Any) -> None:
    world = await make_world(Options(fence="unsupported"))
    with pytest.raises(Misconfigured, match="Set fence to no"):
        await world.session.writes["authorization"].fence(world.call(), world.payment())


async def test_a_partial_hold_is_not_fenced_with_the_wrong_amount(world: Any) -> None:
    fields = world.payment("partial")
    write = world.session.writes["authorization"]
    await write.send(world.call(), fields)
    with pytest.raises(Transient) as caught:
        await write.fence(world.call(), fields)
    assert caught.value.reason == "amount_differs"


async def test_a_hold_is_found_although_its_key_was_declined_afterwards(world: Any) -> None:
    fields = world.payment()
    await world.write("authorization", fields)
    again = fields | {"token": world.simulator.mint_token("general_decline")}
    await world.write("authorization", again)
    call = world.call("key")
    finding = await world.session.writes["authorization"].find(call, fields, call.now)
    assert finding.receipt.observations[0].verdict is Verdict.APPROVED


@pytest.mark.parametrize("reason", ["INVALID_CARD", "CARD_TYPE_NOT_ACCEPTED"])
async def test_a_card_that_is_not_taken_is_a_decline_and_no_error(
    world: Any, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    def refuse(_: object, __: object) -> None:
        raise Refusal(reason)

    monkeypatch.setitem(REFUSED, reason, "Declined")
    monkeypatch.setattr(payments, "payer", refuse)
    receipt = await world.authorize()
    (seen,) = receipt.observations
    assert (seen.verdict, seen.reason, seen.amount) == (Verdict.DECLINED, reason, None)
    assert seen.request_id


async def test_without_fences_the_write_is_safe_by_finding(make_world: Any) -> None:
    world = await make_world(fence=False)
    write = world.session.writes["authorization"]
    assert (write.safety, write.fence) == ("find", None)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_leaves_it_open(world: Any, status: int) -> None:
    world.fault("authorization", "refuse", status=status)
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert caught.value.sent == "perhaps"


@pytest.mark.parametrize(("limits_before_acting", "sent"), [(False, "perhaps"), (True, "no")])
async def test_a_rate_limit_names_its_wait_and_did_nothing_only_where_that_is_certain(
    make_world: Any, limits_before_acting: bool, sent: str
) -> None:
    world = await make_world(limits_before_acting=limits_before_acting)
    world.fault("authorization", "refuse", status=429, seconds=7)
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert (caught.value.sent, caught.value.wait_s, caught.value.gate) == (sent, 7.0, True)


async def test_a_slow_answer_past_the_deadline_is_unknown(world: Any) -> None:
    world.fault("authorization", "slow", seconds=500)
    call = world.call("key", timeout_s=0.1)
    with pytest.raises(Transient) as caught:
        await world.session.writes["authorization"].send(call, world.payment())
    assert caught.value.sent == "perhaps"


async def test_a_repeated_transaction_id_is_unknown_never_refused(make_world: Any) -> None:
    world = await make_world(Options(transaction_id_once=True))
    await world.authorize()
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert (caught.value.sent, caught.value.reason) == ("perhaps", "duplicate_request")


async def test_an_account_that_is_down_was_not_reached_or_is_unknown(world: Any) -> None:
    world.simulator.faults.down = True
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert caught.value.gate


async def test_a_success_that_cannot_be_read_may_have_happened(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "utc_text", lambda _: "yesterday")
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert (caught.value.sent, caught.value.reason) == ("perhaps", "unreadable")
    assert world.simulator.live_holds()["1042"]
