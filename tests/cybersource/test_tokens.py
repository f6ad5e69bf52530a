"""Token Management of the simulated account, over its sockets."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from tests.cybersource.test_money_moves import visa
from tests.cybersource.test_simulator import GOOD

from tillbridge_cybersource.signing import Claims, TokenSigner

BUYER = {"buyerInformation": {"merchantCustomerID": "C-7", "email": "maya@example.com"}}
SHIP_TO = {"shipTo": {"firstName": "Maya", "address1": "1 Market St", "country": "US"}}


async def send(world: Any, method: str, path: str, document: object = None) -> tuple[int, Any]:
    simulator = world.simulator
    options = simulator.options
    body = b"" if document is None else json.dumps(document).encode()
    secret = base64.b64decode(options.secret_key)
    claims = Claims(options.merchant_id, f"127.0.0.1:{simulator.port}")
    signer = TokenSigner(claims, options.key_id, secret)
    now = datetime.fromtimestamp(simulator.account.now(), UTC)
    headers = signer.headers(method, path, body, now)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, simulator.url + path, data=body, headers=headers) as answer,
    ):
        return answer.status, json.loads(await answer.read() or b"null")


async def customer(world: Any) -> str:
    status, made = await send(world, "POST", "/tms/v2/customers", BUYER)
    assert status == 201
    return str(made["id"])


async def instrument(world: Any, customer_id: str, **more: Any) -> Any:
    embedded = {"_embedded": {"instrumentIdentifier": {"card": {"number": visa()}}}}
    card = {"card": {"expirationMonth": "12", "expirationYear": "2031", "type": "visa"}}
    path = f"/tms/v2/customers/{customer_id}/payment-instruments"
    status, made = await send(world, "POST", path, embedded | card | more)
    assert status == 201
    return made


async def test_the_same_card_is_the_same_identifier_and_its_number_is_masked(world: Any) -> None:
    path = "/tms/v1/instrumentidentifiers"
    status, made = await send(world, "POST", path, {"card": {"number": visa()}})
    again, known = await send(world, "POST", path, {"card": {"number": visa()}})
    assert (status, again, made["id"]) == (201, 200, known["id"])
    assert made["card"]["number"] == "411111XXXXXX1111"
    assert visa() not in repr(world.simulator.state)


async def test_a_customers_first_instrument_is_his_default_and_pays_for_him(world: Any) -> None:
    customer_id = await customer(world)
    first, second = await instrument(world, customer_id), await instrument(world, customer_id)
    assert (first["default"], second["default"]) == (True, False)
    payment = GOOD | {"paymentInformation": {"customer": {"id": customer_id}}}
    status, told = await send(world, "POST", "/pts/v2/payments", payment)
    assert (status, told["status"]) == (201, "AUTHORIZED")
    assert told["paymentInformation"]["card"]["suffix"] == "1111"


async def test_a_default_gives_way_only_to_another(world: Any) -> None:
    customer_id = await customer(world)
    first, second = await instrument(world, customer_id), await instrument(world, customer_id)
    path = f"/tms/v2/customers/{customer_id}/payment-instruments"
    status, told = await send(world, "DELETE", f"{path}/{first['id']}")
    assert (status, told["errors"][0]["type"]) == (409, "conflict")
    status, _ = await send(world, "PATCH", f"{path}/{second['id']}", {"default": True})
    assert status == 200
    assert (await send(world, "DELETE", f"{path}/{first['id']}"))[0] == 204
    _, listed = await send(world, "GET", path)
    assert [row["id"] for row in listed["_embedded"]["paymentInstruments"]] == [second["id"]]
    _, told = await send(world, "GET", f"/tms/v2/customers/{customer_id}")
    assert told["defaultPaymentInstrument"] == {"id": second["id"]}


async def test_a_list_is_paged_with_its_links(world: Any) -> None:
    customer_id = await customer(world)
    for _ in range(5):
        await send(world, "POST", f"/tms/v2/customers/{customer_id}/shipping-addresses", SHIP_TO)
    path = f"/tms/v2/customers/{customer_id}/shipping-addresses?offset=2&limit=2"
    status, page = await send(world, "GET", path)
    assert (status, page["count"], page["total"]) == (200, 2, 5)
    assert set(page["_links"]) == {"self", "first", "prev", "next", "last"}
    status, told = await send(world, "GET", path.replace("limit=2", "limit=101"))
    assert (status, told["errors"][0]["type"]) == (400, "invalidFields")


@pytest.mark.parametrize("noun", ["customers", "paymentinstruments", "instrumentidentifiers"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_token_is_not_found(world: Any, noun: str, method: str) -> None:
    version = "v2" if noun == "customers" else "v1"
    status, told = await send(world, method, f"/tms/{version}/{noun}/{'0' * 32}")
    assert (status, told) == (404, {"errors": [{"type": "notFound", "message": "Token not found"}]})


async def test_an_identifier_in_use_is_not_deleted(world: Any) -> None:
    made = await instrument(world, await customer(world))
    path = f"/tms/v1/instrumentidentifiers/{made['instrumentIdentifier']['id']}"
    status, told = await send(world, "DELETE", path)
    assert (status, told["errors"][0]["type"]) == (409, "instrumentIdentifierDeletionError")


async def test_a_customer_goes_with_everything_that_is_his(world: Any) -> None:
    customer_id = await customer(world)
    made = await instrument(world, customer_id)
    assert (await send(world, "DELETE", f"/tms/v2/customers/{customer_id}"))[0] == 204
    assert (await send(world, "GET", f"/tms/v1/paymentinstruments/{made['id']}"))[0] == 404
    payment = GOOD | {"paymentInformation": {"customer": {"id": customer_id}}}
    status, told = await send(world, "POST", "/pts/v2/payments", payment)
    assert (status, told["reason"]) == (400, "INVALID_DATA")


async def test_a_patch_changes_what_it_names_and_null_removes(world: Any) -> None:
    customer_id = await customer(world)
    change = {"buyerInformation": {"email": None}, "objectInformation": {"title": "VIP"}}
    status, told = await send(world, "PATCH", f"/tms/v2/customers/{customer_id}", change)
    assert (status, told["buyerInformation"]) == (200, {"merchantCustomerID": "C-7"})
    assert told["objectInformation"] == {"title": "VIP"}


async def test_anothers_instrument_is_no_default(world: Any) -> None:
    mine, his = await customer(world), await customer(world)
    other = await instrument(world, his)
    change = {"defaultPaymentInstrument": {"id": other["id"]}}
    status, told = await send(world, "PATCH", f"/tms/v2/customers/{mine}", change)
    assert (status, told["errors"][0]["details"]) == (
        400,
        [{"name": "defaultPaymentInstrument.id"}],
    )
