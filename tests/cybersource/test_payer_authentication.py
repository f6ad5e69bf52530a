"""3-D Secure of the connector against the simulator: every ending, by every setting."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tillbridge.canonical.authentications import Returned
from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.payments import Verdict
from tillbridge.connector.authentication import (
    Authentication,
    Challenge,
    NotAuthenticated,
    Proof,
)
from tillbridge_cybersource.payer_authentication import PayerAuthentication, token_id
from tillbridge_simulators.cybersource.triggers import pull

BROWSER = {
    "ip": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "language": "en-US",
    "java_enabled": "false",
    "javascript_enabled": "true",
    "color_depth": "24",
    "screen_height": "1080",
    "screen_width": "1920",
    "time_offset": "300",
}
COLLECTED = Returned("collect", BROWSER, "https://shop.example.com/back")
CONFIRMED = Returned("confirm")


def authentication(world: Any, policy: str) -> PayerAuthentication:
    settings = replace(world.settings, payer_authentication=policy)
    return PayerAuthentication(world.session._exchange, settings)


async def shopper(
    world: Any, policy: str, fields: Mapping[str, Any], presses: str = ""
) -> Authentication:
    """Goes with a shopper from set-up to the end; what he presses at his bank is a trigger."""
    ours = authentication(world, policy)
    told = await ours.authenticate(world.call(), fields, None, {})
    assert isinstance(told, Challenge)
    assert told.step == "collect"
    assert set(told.page) == {"url", "access_token", "reference_id"}
    told = await ours.authenticate(world.call(), fields, COLLECTED, told.kept)
    if not isinstance(told, Challenge):
        return told
    assert (told.step, set(told.page)) == ("confirm", {"url", "access_token"})
    if presses:
        chosen = {"authentication": told.kept["authentication_id"]}
        pull(world.simulator.account, presses, chosen)
    return await ours.authenticate(world.call(), fields, CONFIRMED, told.kept)


@pytest.mark.parametrize(
    ("outcome", "presses", "result"),
    [
        ("authorized", "", "authenticated"),
        ("challenge", "challenge.passed", "authenticated"),
        ("authentication_attempted", "", "attempted"),
        ("authentication_unavailable", "", "unavailable"),
        ("not_enrolled", "", "unavailable"),
        ("challenge_unavailable", "", "unavailable"),
        ("consumer_authentication_failed", "", "refused"),
        ("authentication_rejected", "", "refused"),
        ("challenge", "challenge.failed", "refused"),
        ("challenge", "", "refused"),
    ],
)
async def test_each_ending_goes_on_or_not_as_the_setting_says(
    world: Any, outcome: str, presses: str, result: str
) -> None:
    goes_on = {
        "required": {"authenticated"},
        "attempted": {"authenticated", "attempted"},
        "where_possible": {"authenticated", "attempted", "unavailable"},
    }
    for policy, results in goes_on.items():
        fields = world.payment(outcome)
        told = await shopper(world, policy, fields, presses)
        if result in results:
            assert isinstance(told, Proof), policy
            receipt = await world.write("authorization", fields | {"authentication": told.fields})
            assert receipt.fields["status"] == "AUTHORIZED"
        else:
            assert isinstance(told, NotAuthenticated), policy
            seen = told.observation
            assert (seen.verdict, seen.attempt_key) == (Verdict.DECLINED, fields["attempt_key"])
            wanted = "CONSUMER_AUTHENTICATION_FAILED"
            if result != "refused":
                wanted = f"AUTHENTICATION_{result.upper()}"
            assert seen.reason == wanted
    assert list(world.simulator.log.entries("unknown_fields")) == []


@pytest.mark.parametrize(
    ("brand", "named", "eci", "indicator"),
    [("001", "cavv", "05", "vbv"), ("002", "ucaf", "02", "spa")],
)
async def test_the_proof_of_each_brand_is_what_its_authorization_wants(
    world: Any, brand: str, named: str, eci: str, indicator: str
) -> None:
    token = world.simulator.account.tokens.mint("authorized", "tms", brand=brand)
    fields = world.payment() | {"token_kind": "tms", "token": token}
    told = await shopper(world, "required", fields)
    assert isinstance(told, Proof)
    assert told.fields[named]
    assert (told.fields["eci_raw"], told.fields["commerce_indicator"]) == (eci, indicator)
    assert {"directory_server_id", "version", "xid"} <= set(told.fields)


async def test_a_challenged_card_is_paid_only_with_the_proof_of_its_challenge(world: Any) -> None:
    fields = world.payment("challenge")
    bare = await world.write("authorization", fields)
    assert bare.fields["status"] == "PENDING_AUTHENTICATION"
    forged = {"authentication": {"cavv": "AAABAWFlmQAAAABjRWWZEEFgFz+=", "eci_raw": "05"}}
    assert (await world.write("authorization", fields | forged)).fields["verdict"] == "challenge"
    told = await shopper(world, "required", fields, "challenge.passed")
    assert isinstance(told, Proof)
    paid = await world.write("authorization", fields | {"authentication": told.fields})
    assert paid.fields["verdict"] == "approved"


async def test_a_lost_answer_says_that_nothing_happened_and_the_step_is_asked_again(
    world: Any,
) -> None:
    ours, fields = authentication(world, "required"), world.payment("challenge")
    kept: Mapping[str, str] = {}
    for step, returned in (("_setup", None), ("", COLLECTED), ("_result", CONFIRMED)):
        world.fault(f"authentication{step}", "lose_answer")
        with pytest.raises(Transient) as lost:
            await ours.authenticate(world.call(), fields, returned, kept)
        assert lost.value.sent == "no"
        if returned is not CONFIRMED:
            told = await ours.authenticate(world.call(), fields, returned, kept)
            assert isinstance(told, Challenge)
            kept = told.kept
    told = await ours.authenticate(world.call(), fields, CONFIRMED, kept)
    assert isinstance(told, NotAuthenticated)  # nobody answered the challenge


async def test_a_status_nobody_knows_charges_nobody(world: Any) -> None:
    ours, fields = authentication(world, "where_possible"), world.payment()
    told = await ours.authenticate(world.call(), fields, None, {})
    assert isinstance(told, Challenge)
    world.simulator.options.odd.add("authentication")
    with pytest.raises(Transient, match="SOMETHING_NEW"):
        await ours.authenticate(world.call(), fields, COLLECTED, told.kept)
    world.simulator.options.odd.add("authentication_setup")
    with pytest.raises(Transient, match="SOMETHING_NEW"):
        await ours.authenticate(world.call(), fields, None, {})


async def test_a_token_that_is_no_more_is_refused_before_anything_is_asked(world: Any) -> None:
    fields = world.payment() | {"token": "gone"}
    with pytest.raises(Rejected) as refused:
        await authentication(world, "required").authenticate(world.call(), fields, None, {})
    assert refused.value.reason == "invalid_data"


@pytest.mark.parametrize("token", ["a.b.c", "a.e30.c", "a.W10.c", "plain", "a.////.c"])
def test_a_token_without_an_id_of_its_own_is_its_own(token: str) -> None:
    assert token_id(token) == token


def test_it_is_off_unless_somebody_asks_for_it(world: Any) -> None:
    assert not world.session.authenticates
