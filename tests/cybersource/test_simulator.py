"""The simulated account is strict, keeps state, and can be steered from another process."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tillbridge_cybersource.signing import Claims, TokenSigner
from tillbridge_simulators.cybersource import CybersourceSimulator, Options

GOOD: dict[str, Any] = {
    "clientReferenceInformation": {"code": "1042", "transactionId": "try-1"},
    "paymentInformation": {"paymentInstrument": {"id": "..."}},
    "orderInformation": {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}},
}


async def ask(world: Any, path: str, document: object) -> tuple[int, Any]:
    simulator: CybersourceSimulator = world.simulator
    options = simulator.options
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    secret = base64.b64decode(options.secret_key)
    claims = Claims(options.merchant_id, f"127.0.0.1:{simulator.port}")
    signer = TokenSigner(claims, options.key_id, secret)
    headers = signer.headers("POST", path, body, datetime.now(UTC))
    async with (
        aiohttp.ClientSession() as session,
        session.post(simulator.url + path, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


def payment(world: Any, **order: Any) -> dict[str, Any]:
    token = world.simulator.mint_token(kind="tms")
    document: dict[str, Any] = json.loads(json.dumps(GOOD))
    document["paymentInformation"]["paymentInstrument"]["id"] = token
    document["orderInformation"]["amountDetails"] |= order
    return document


async def test_a_card_number_that_is_none_is_refused(world: Any) -> None:
    document = payment(world)
    document["paymentInformation"] = {"card": {"number": "none of our business"}}
    status, answer = await ask(world, "/pts/v2/payments", document)
    assert (status, answer["status"], answer["reason"]) == (400, "INVALID_REQUEST", "INVALID_DATA")
    field = "paymentInformation.card.number"
    assert answer["details"] == [{"field": field, "reason": "INVALID_DATA"}]


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"totalAmount": "25.001"}, "INVALID_DATA", "totalAmount"),
        ({"totalAmount": "25.5", "currency": "JPY"}, "INVALID_DATA", "totalAmount"),
        ({"totalAmount": "-1.00"}, "INVALID_DATA", "totalAmount"),
        ({"totalAmount": "1e3"}, "INVALID_DATA", "totalAmount"),
        ({"totalAmount": None}, "MISSING_FIELD", "totalAmount"),
        ({"currency": ""}, "MISSING_FIELD", "currency"),
    ],
)
async def test_amounts_are_checked(
    world: Any, changes: dict[str, Any], reason: str, field: str
) -> None:
    status, answer = await ask(world, "/pts/v2/payments", payment(world, **changes))
    assert (status, answer["reason"]) == (400, reason)
    assert answer["details"][0]["field"] == f"orderInformation.amountDetails.{field}"


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'"x"'])
async def test_a_body_that_is_no_object_is_refused(world: Any, body: bytes) -> None:
    status, answer = await ask(world, "/pts/v2/payments", body)
    assert (status, answer["reason"]) == (400, "INVALID_DATA")


async def test_a_payment_that_is_no_sale_cannot_be_voided(world: Any) -> None:
    _, answer = await ask(world, "/pts/v2/payments", payment(world))
    status, refused = await ask(world, f"/pts/v2/payments/{answer['id']}/voids", {})
    assert (status, refused["reason"]) == (400, "NOT_VOIDABLE")


async def test_the_same_transaction_id_twice_holds_twice(world: Any) -> None:
    """Cybersource asks for unique ids but does not say that it enforces them."""
    for _ in range(2):
        status, _answer = await ask(world, "/pts/v2/payments", payment(world))
        assert status == 201
    assert len(world.simulator.live_holds()["1042"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "submitTimeUtc:asc"},
        {"query": "amount:1", "sort": "submitTimeUtc:asc"},
        {"query": "id:1", "sort": "amount:asc"},
        {"query": "id:1", "sort": "submitTimeUtc:asc", "limit": 3000},
    ],
)
async def test_a_search_it_cannot_read_is_refused(world: Any, query: dict[str, Any]) -> None:
    status, _ = await ask(world, "/tss/v2/searches", query)
    assert status == 400


async def test_a_transient_token_expires(make_world: Any) -> None:
    world = await make_world(Options(token_life_s=-1))
    document = payment(world)
    del document["paymentInformation"]
    document["tokenInformation"] = {"transientTokenJwt": world.simulator.mint_token()}
    status, answer = await ask(world, "/pts/v2/payments", document)
    assert (status, answer["reason"]) == (400, "INVALID_DATA")


async def test_latency_is_waited_for_divided_by_the_factor(make_world: Any) -> None:
    world = await make_world(Options(latency=lambda draw: 50 + draw.random()))
    started = datetime.now(UTC)
    await ask(world, "/pts/v2/payments", payment(world))
    assert 0.05 <= (datetime.now(UTC) - started).total_seconds() < 1


async def test_another_process_steers_and_reads_it(world: Any) -> None:
    base = f"{world.simulator.url}/_simulator"
    rule = {"operation": "search", "fault": {"kind": "refuse", "status": 502}, "times": 1}
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{base}/faults", json={"rules": [rule]}) as answer:
            assert await answer.json() == {"rules": 1, "down": False}
        async with http.post(f"{base}/tokens", json={"outcome": "review"}) as answer:
            token = (await answer.json())["token"]
        authorized = await world.authorize(token=token)
        request_id = authorized.observations[0].request_id
        async with http.post(
            f"{base}/reviews", json={"request_id": request_id, "accept": True}
        ) as answer:
            assert answer.status == 200
        async with http.get(f"{base}/state") as answer:
            state = await answer.json()
        async with http.get(f"{base}/log?after=0") as answer:
            kinds = [entry["kind"] for entry in await answer.json()]
    assert state["open"] == {"USD": "25.00"}
    assert state["live_holds"]["1042"][0]["id"] == request_id
    assert kinds == ["request", "authorization", "decision"]
    status, _ = await ask(world, "/tss/v2/searches", {"query": "id:1", "sort": "x"})
    assert status == 502


async def test_effects_are_logged_with_what_a_campaign_judges_by(world: Any) -> None:
    authorization_id = (await world.authorize()).observations[0].request_id
    await world.capture(authorization_id, "25.00")
    effects = [
        (entry.kind, dict(entry.facts))
        for entry in world.simulator.log.entries()
        if entry.kind in ("authorization", "capture")
    ]
    assert [kind for kind, _ in effects] == ["authorization", "capture"]
    facts = effects[1][1]
    assert facts["about"] == authorization_id
    assert (facts["order"], facts["amount"], facts["currency"]) == ("1042", "25.00", "USD")
    assert (facts["transaction_id"], facts["status"]) == ("capture-key-1", "PENDING")
    json.dumps(effects)


async def test_it_starts_again_after_it_was_stopped() -> None:
    simulator = CybersourceSimulator(tls=True)
    await simulator.start()
    port = simulator.port
    assert simulator.url == f"https://127.0.0.1:{port}"
    assert simulator.authority_path.exists()
    await simulator.stop()
    await simulator.start(port)
    assert simulator.port == port
    await simulator.stop()


async def test_the_connector_trusts_a_private_authority_when_told(make_world: Any) -> None:
    simulator = CybersourceSimulator(tls=True)
    await simulator.start()
    try:
        world = await make_world(
            base_url=simulator.url, trusted_authority=str(simulator.authority_path)
        )
        assert (await world.session.check(world.call()))[0].passed
    finally:
        await simulator.stop()
