"""What payment systems were asked, and what was found, over HTTP."""

from tests.api.conftest import Api
from tests.payments.finds_seen import look_once


async def test_pulls_and_finds_are_seen_by_viewers(api: Api) -> None:
    await look_once(api.database)

    _, page = await api.ask("GET", "/pulls", role="viewer")
    (pull,) = page["pulls"]
    _, found = await api.ask("GET", "/pulls/finds", role="viewer")

    assert (pull["connection"], pull["listed"], pull["unheard"]) == ("till", 212, 2)
    assert pull["is_whole"] is True
    assert {find["meaning"] for find in found["finds"]} == {"unplaced", "unread"}
    (stranger,) = [find for find in found["finds"] if find["meaning"] == "unplaced"]
    assert (stranger["order_number"], stranger["request_id"]) == (
        "POS-77",
        "7000000000000000000001",
    )


async def test_a_find_is_set_aside_by_an_operator_with_a_reason(api: Api) -> None:
    await look_once(api.database)
    why = {"why": "The till in the store."}

    refused, _ = await api.ask("POST", "/pulls/finds/1/set-aside", json=why, role="viewer")
    status, find = await api.ask("POST", "/pulls/finds/1/set-aside", json=why)
    gone, error = await api.ask("POST", "/pulls/finds/1/set-aside", json=why)

    assert (refused, status, gone) == (403, 200, 404)
    assert (find["meaning"], find["why"]) == ("set_aside", "The till in the store.")
    assert error["error"]["reason"] == "unknown_find"
    _, waiting = await api.ask("GET", "/pulls/finds", role="viewer")
    _, everything = await api.ask("GET", "/pulls/finds?all=true", role="viewer")
    assert [one["meaning"] for one in waiting["finds"]] == ["unread"]
    assert len(everything["finds"]) == 2
