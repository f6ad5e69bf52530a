"""Deliveries over a real socket: kept before they are answered, refused in the one shape."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.api.conftest import Api
from tests.api.site import SIGNING

from tillbridge.connector.settings import Secret
from tillbridge_shop.signature import sign

DOOR = "/doors/webshop"
CANCELLED = {
    "id": "evt-1",
    "type": "order.cancelled",
    "order_number": "1042",
    "occurred_at": "2026-01-02T10:00:00Z",
}


async def deliver(
    api: Api, document: object, path: str = DOOR, method: str = "POST", **headers: str
) -> tuple[int, Any]:
    body = json.dumps(document).encode() if document is not None else b""
    signed = sign(Secret(SIGNING), method, path, body, datetime.now(UTC)) | headers
    async with api.http.request(method, api.url + path, data=body, headers=signed) as answer:
        return answer.status, await answer.json()


async def pay(api: Api, **changes: object) -> tuple[int, Any]:
    order = {
        "number": "1042",
        "currency": "USD",
        "placed_at": "2026-01-02T12:30:00Z",
        "lines": [{"product": "TEA", "quantity": 2, "unit_price": "12.50"}],
        "total": "25.00",
    }
    document = {"order": order | changes, "token": {"kind": "transient", "value": "tok-1"}}
    return await deliver(api, document, "/checkout/payments", **{"idempotency-key": "try-1"})


async def test_a_delivery_is_kept_once_and_starts_its_flow(api: Api) -> None:
    assert await deliver(api, CANCELLED) == (
        202,
        {"verdict": "accepted", "delivery_id": "evt-1"},
    )
    _, again = await deliver(api, CANCELLED)
    assert again["verdict"] == "repeat"
    _, page = await api.ask("GET", "/runs?subject=1042")
    assert [(run["flow"], run["state"]) for run in page["runs"]] == [("reverse-cancelled", "ready")]
    _, counts = await api.ask("GET", "/inbox")
    assert (counts["deliveries"], counts["repeats"]) == (1, 1)


async def test_what_nothing_can_be_made_of_is_kept_back_and_shown(api: Api) -> None:
    status, answer = await deliver(api, {**CANCELLED, "type": "order.sung"})
    assert (status, answer["verdict"]) == (202, "kept_back")
    _, page = await api.ask("GET", "/inbox/kept-back", role="viewer")
    [one] = page["kept_back"]
    assert (one["source"], one["delivery_id"]) == ("webshop", answer["delivery_id"])
    assert "order.sung" in one["why"]


async def test_an_unreadable_delivery_is_on_the_desk_and_can_be_read_again(api: Api) -> None:
    status, _ = await deliver(api, {"id": "evt-2", "type": "order.fulfilled"})
    assert status == 202
    _, desk = await api.ask("GET", "/dead-letters")
    [letter] = desk["dead_letters"]
    assert (letter["kind"], letter["whose_turn"]) == ("invalid_data", "sender")
    path = f"/dead-letters/{letter['run_id']}/replay"
    status, answer = await api.ask("POST", path, json={"why": "the cause is mended"})
    assert status == 201
    _, run = await api.ask("GET", f"/runs/{answer['run']}")
    assert (run["run"]["journey"], run["run"]["replay_of"]) == ("receive", letter["run_id"])


async def test_card_data_at_the_shops_door_is_refused_and_not_repeated(api: Api) -> None:
    status, answer = await deliver(api, {**CANCELLED, "note": "4111 1111 1111 1111"})
    assert (status, answer["error"]["reason"]) == (400, "card_data")
    assert "1111" not in str(answer)
    assert await api.database.fetch_value("SELECT count(*) FROM delivery_bodies") == 0


async def test_an_unknown_door_is_404(api: Api) -> None:
    status, answer = await deliver(api, CANCELLED, "/doors/nobody")
    assert (status, answer["error"]["reason"]) == (404, "unknown_door")


async def test_a_checkout_that_cannot_be_sent_is_safe_to_send_again(api: Api) -> None:
    status, answer = await pay(api)
    assert (status, answer["safe_to_retry"]) == (503, True)
    path = "/checkout/payments/try-1"
    status, answer = await deliver(api, None, path, "GET")
    assert (status, answer["error"]["reason"]) == (503, "not_attempted")
    story = await api.ask("GET", "/trace/1042")
    assert story[1]["payments"][0]["state"] == "abandoned"


async def test_an_order_that_does_not_add_up_is_refused_with_its_place(api: Api) -> None:
    status, answer = await pay(api, total="24.99")
    assert (status, answer["error"]["reason"]) == (400, "amount_equation")
    assert answer["error"]["place"] == "order.total"


async def test_card_data_in_a_checkout_is_refused_and_not_repeated(api: Api) -> None:
    status, answer = await pay(api, custom={"note": "4111111111111111"})
    assert (status, answer["error"]["reason"]) == (400, "card_data")
    assert "1111" not in str(answer)
