"""The kill switch over HTTP."""

from tests.api.conftest import Api

from tillbridge.connections.gates import Breaker, GateClosed, Gates


async def test_a_paused_connection_lets_nothing_through_until_it_is_resumed(api: Api) -> None:
    gates = Gates(api.database, Breaker(seen_s=0.0))
    status, answer = await api.ask("POST", "/gates/till/pause", json={"why": "wrong prices"})
    assert (status, answer) == (200, {"connection": "till", "state": "paused"})
    try:
        await gates.enter("till")
    except GateClosed as closed:
        assert closed.reason == "paused: wrong prices"
    else:
        raise AssertionError("work went through a paused gate")
    status, _ = await api.ask("POST", "/gates/till/resume", json={"why": "prices are right"})
    assert status == 200
    await gates.enter("till")


async def test_a_switched_gate_says_who_did_it_and_so_does_the_audit(api: Api) -> None:
    await api.ask("POST", "/gates/till/pause", json={"why": "wrong prices"})
    _, page = await api.ask("GET", "/gates", role="viewer")
    by_name = {gate["connection"]: gate for gate in page["gates"]}
    assert (by_name["till"]["state"], by_name["till"]["changed_by"]) == ("paused", "operator")
    assert by_name["webshop"]["state"] == "open"
    _, audit = await api.ask("GET", "/audit?subject=till", role="viewer")
    assert [(one["action"], one["why"]) for one in audit["entries"]] == [("pause", "wrong prices")]


async def test_a_connection_that_is_not_there_cannot_be_paused(api: Api) -> None:
    status, answer = await api.ask("POST", "/gates/tll/pause", json={"why": "wrong prices"})
    assert (status, answer["error"]["reason"]) == (404, "unknown_connection")
    _, audit = await api.ask("GET", "/audit", role="viewer")
    assert audit["entries"] == []
