"""History over HTTP."""

from tests.api.conftest import Api
from tests.api.history import ORDER, SALES_ORDER, whole_story


async def test_any_key_leads_to_runs_payments_and_the_next_step(api: Api) -> None:
    number = await whole_story(api.database)
    status, found = await api.ask("GET", f"/history/{SALES_ORDER}", role="viewer")
    assert (status, found["subject"]) == (200, ORDER)
    (run,) = found["runs"]
    assert (run["id"], run["version"], run["stored"]) == (number, "0" * 12, "live")
    assert found["payments"][0]["amount"] == {"amount": "25.00", "currency": "USD"}
    assert f"dead-letters show {number}" in found["next_step"]


async def test_what_nobody_knows_is_404(api: Api) -> None:
    status, body = await api.ask("GET", "/history/nobody", role="viewer")
    assert (status, body["error"]["reason"]) == (404, "unknown_id")


async def test_the_months_are_listed(api: Api) -> None:
    status, body = await api.ask("GET", "/archive", role="viewer")
    assert (status, body) == (200, {"months": []})


async def test_history_asks_who_is_there(api: Api) -> None:
    status, _ = await api.ask("GET", f"/history/{ORDER}", role="")
    assert status == 401
