"""Payments made elsewhere, over HTTP."""

from tests.api.conftest import Api


async def test_a_person_adopts_and_viewers_look(api: Api) -> None:
    body = {"order_number": "1042", "payment_id": "7000000000000000000000", "why": "They called."}

    _, page = await api.ask("GET", "/adoptions", role="viewer")
    refused, _ = await api.ask("POST", "/adoptions", json=body, role="viewer")
    _, error = await api.ask("POST", "/adoptions", json=body)

    assert (page, refused) == ({"adoptions": []}, 403)
    assert error["error"]["reason"] == "unknown_order"
