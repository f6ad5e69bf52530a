"""Figures and alerts over HTTP."""

from tests.api.conftest import Api
from tests.api.history import bury
from tests.watch.test_meter import read

from tillbridge.alerts.alerts import Condition, keep_alerts
from tillbridge.assembly import now


async def test_figures_are_for_those_who_may_look(api: Api) -> None:
    assert (await api.ask("GET", "/metrics", role=""))[0] == 401


async def test_figures_tell_what_was_refused_and_what_is_dead(api: Api) -> None:
    await bury(api.database)
    await api.ask("POST", "/doors/webshop", role="", json={})
    await api.ask("POST", "/doors/nobody-knows-it", role="", json={})
    headers = {"authorization": f"Bearer {api.tokens['viewer']}"}
    async with api.http.get(f"{api.url}/metrics", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = read(await answer.read())
    refused = "tillbridge_deliveries_total"
    assert found[refused, (("connection", "webshop"), ("verdict", "refused"))] == 1
    assert found[refused, (("connection", "unknown"), ("verdict", "refused"))] == 1
    assert found["tillbridge_dead_letters", (("class", "invalid_data"),)] == 1
    assert found["tillbridge_gate_state", (("connection", "till"), ("state", "open"))] == 1


async def test_alerts_are_listed_and_taken_up_by_those_who_may_steer(api: Api) -> None:
    at = now()
    holds = Condition("gate_closed", "till", "urgent", "till takes no work", "Look.")
    await keep_alerts(api.database, [holds], at, at)
    _, body = await api.ask("GET", "/alerts", role="viewer")
    (alert,) = body["alerts"]
    assert (alert["condition"], alert["about"], alert["told"]) == ("gate_closed", "till", [])
    path, why = f"/alerts/{alert['id']}/acknowledge", {"why": "on it"}
    assert (await api.ask("POST", path, role="viewer", json=why))[0] == 403
    status, body = await api.ask("POST", path, json=why)
    assert (status, body["acknowledged_by"]) == (200, "operator")
    assert (await api.ask("POST", path, json=why))[0] == 409
    assert (await api.ask("POST", "/alerts/999/acknowledge", json=why))[0] == 404
