"""Decision Manager and payer authentication of the simulated account."""

from typing import Any

import pytest
from tests.cybersource.test_simulator import payment
from tests.cybersource.test_tokens import send

from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.triggers import pull

INFORMATION = "consumerAuthenticationInformation"


def paying(world: Any, outcome: str) -> dict[str, Any]:
    document = payment(world)
    token = world.simulator.mint_token(outcome, kind="tms")
    document["paymentInformation"]["paymentInstrument"]["id"] = token
    return document


async def in_review(world: Any) -> str:
    status, held = await send(world, "POST", "/pts/v2/payments", paying(world, "review"))
    assert (status, held["status"]) == (201, "AUTHORIZED_PENDING_REVIEW")
    return str(held["id"])


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("authorized", "ACCEPTED"), ("review", "PENDING_REVIEW"), ("risk_declined", "DECLINED")],
)
async def test_a_decision_alone_holds_no_money(world: Any, outcome: str, status: str) -> None:
    code, told = await send(world, "POST", "/risk/v1/decisions", paying(world, outcome))
    assert (code, told["status"]) == (201, status)
    assert world.simulator.holds() == {}


async def test_a_case_is_accepted_once_and_captured_when_asked(world: Any) -> None:
    id_ = await in_review(world)
    action = {
        "decisionInformation": {"decision": "ACCEPT", "comments": "known customer"},
        "processingInformation": {"actionList": ["CAPTURE"]},
    }
    status, told = await send(world, "POST", f"/risk/v1/decisions/{id_}/actions", action)
    assert (status, told["status"]) == (200, "ACCEPTED")
    assert told["_embedded"]["capture"]["status"] == "PENDING"
    (hold,) = world.simulator.holds()["1042"]
    assert (hold["captured"], hold["review"]) == ("25.00", "accepted")
    again, told = await send(world, "POST", f"/risk/v1/decisions/{id_}/actions", action)
    assert (again, told["reason"]) == (400, "NOT_SUPPORTED")


@pytest.mark.parametrize(("actions", "open_amount"), [([], "25.00"), (["REVERSE"], "0")])
async def test_a_rejection_leaves_the_hold_unless_its_reversal_is_asked_for(
    world: Any, actions: list[str], open_amount: str
) -> None:
    id_ = await in_review(world)
    action = {
        "decisionInformation": {"decision": "REJECT"},
        "processingInformation": {"actionList": actions},
    }
    await send(world, "POST", f"/risk/v1/decisions/{id_}/actions", action)
    (hold,) = world.simulator.holds()["1042"]
    assert (hold["open"], hold["review"]) == (open_amount, "rejected")


async def test_comments_and_markings_belong_to_a_case(world: Any) -> None:
    id_ = await in_review(world)
    path = f"/risk/v1/decisions/{id_}"
    assert (await send(world, "POST", f"{path}/comments", {"comments": "called him"}))[0] == 201
    marking = {"riskInformation": {"markingDetails": {"action": "add", "reason": "suspected"}}}
    assert (await send(world, "POST", f"{path}/marking", marking))[0] == 201
    status, told = await send(world, "POST", "/risk/v1/decisions/7/comments", {"comments": "x"})
    assert (status, told["reason"]) == (400, "INVALID_DATA")
    status, _ = await send(world, "POST", "/risk/v1/lists/negative/entries", marking)
    assert status == 201
    status, told = await send(world, "POST", "/risk/v1/lists/naughty/entries", marking)
    assert (status, told["details"][0]["field"]) == (400, "type")


async def enrolled(world: Any, document: dict[str, Any]) -> Any:
    status, told = await send(world, "POST", "/risk/v1/authentications", document)
    assert status == 201
    return told


async def test_a_set_up_says_where_the_browsers_data_are_collected(world: Any) -> None:
    document = paying(world, "authorized")
    del document["orderInformation"], document["clientReferenceInformation"]["transactionId"]
    status, told = await send(world, "POST", "/risk/v1/authentication-setups", document)
    assert (status, told["status"]) == (201, "COMPLETED")
    assert set(told[INFORMATION]) == {"accessToken", "referenceId", "deviceDataCollectionUrl"}


@pytest.mark.parametrize(
    ("trigger", "status", "authorization"),
    [
        ("challenge.passed", "AUTHENTICATION_SUCCESSFUL", "AUTHORIZED"),
        ("challenge.failed", "AUTHENTICATION_FAILED", "PENDING_AUTHENTICATION"),
    ],
)
async def test_a_challenge_ends_as_the_cardholder_ends_it(
    world: Any, trigger: str, status: str, authorization: str
) -> None:
    document = paying(world, "challenge")
    told = await enrolled(world, document)
    assert (told["status"], told["errorInformation"]["reason"]) == (
        "PENDING_AUTHENTICATION",
        "CONSUMER_AUTHENTICATION_REQUIRED",
    )
    id_ = told[INFORMATION]["authenticationTransactionId"]
    pull(world.simulator.account, trigger, {"authentication": id_})
    proof = {INFORMATION: {"authenticationTransactionId": id_}}
    validation = {name: document[name] for name in ("orderInformation", "paymentInformation")}
    _, told = await send(world, "POST", "/risk/v1/authentication-results", validation | proof)
    assert told["status"] == status
    _, paid = await send(world, "POST", "/pts/v2/payments", document | proof)
    assert paid["status"] == authorization


async def test_a_challenge_nobody_answered_is_failed_when_it_is_validated(world: Any) -> None:
    told = await enrolled(world, paying(world, "challenge"))
    id_ = told[INFORMATION]["authenticationTransactionId"]
    proof = {INFORMATION: {"authenticationTransactionId": id_}}
    _, told = await send(world, "POST", "/risk/v1/authentication-results", proof)
    assert told["status"] == "AUTHENTICATION_FAILED"
    with pytest.raises(ValueError, match="waits for no cardholder"):
        pull(world.simulator.account, "challenge.passed", {"authentication": id_})


async def test_a_frictionless_authentication_carries_its_proof(world: Any) -> None:
    told = await enrolled(world, paying(world, "authorized"))
    assert told["status"] == "AUTHENTICATION_SUCCESSFUL"
    assert (told[INFORMATION]["eci"], bool(told[INFORMATION]["cavv"])) == ("05", True)


@pytest.mark.parametrize(
    ("case", "status", "pares"),
    [
        ("00", "AUTHENTICATION_SUCCESSFUL", "Y"),
        ("01", "AUTHENTICATION_FAILED", "N"),
        ("02", "AUTHENTICATION_SUCCESSFUL", "A"),
        ("03", "AUTHENTICATION_SUCCESSFUL", "U"),
        ("04", "AUTHENTICATION_FAILED", "R"),
        ("05", "AUTHENTICATION_SUCCESSFUL", None),
        ("09", "PENDING_AUTHENTICATION", "C"),
    ],
)
async def test_the_guides_test_cards_end_as_their_test_cases_say(
    world: Any, case: str, status: str, pares: str | None
) -> None:
    digits = "5200000000001" + case
    card = {"number": digits + check_digit(digits), "expirationMonth": "01"}
    document = paying(world, "authorized")
    document["paymentInformation"] = {"card": card | {"expirationYear": "2031"}}
    told = await enrolled(world, document)
    assert (told["status"], told[INFORMATION].get("paresStatus")) == (status, pares)
    if status == "PENDING_AUTHENTICATION":
        id_ = told[INFORMATION]["authenticationTransactionId"]
        proof = {INFORMATION: {"authenticationTransactionId": id_}}
        _, told = await send(world, "POST", "/risk/v1/authentication-results", proof)
        assert told["status"] == "AUTHENTICATION_SUCCESSFUL"
