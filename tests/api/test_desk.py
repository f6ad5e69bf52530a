"""Operators look at runs and dead letters, correct them, and run them again."""

import asyncio

import pytest
from tests.api.conftest import Api
from tests.api.history import OPEN, ORDER, SALES_ORDER, bury, pay, whole_story

CARD = "4111 1111 1111 1111"
POSTCODE = "data.order.shipping.postal_code"


async def audited(api: Api) -> list[tuple[str, str, str, str]]:
    _, page = await api.ask("GET", "/audit", role="viewer")
    return [(one["who"], one["action"], one["subject"], one["why"]) for one in page["entries"]]


async def test_runs_are_found_by_order_and_state_page_by_page(api: Api) -> None:
    numbers = [await bury(api.database, f"10{at}") for at in range(3)]
    _, first = await api.ask("GET", "/runs?state=dead&limit=2", role="viewer")
    assert [run["id"] for run in first["runs"]] == [numbers[2], numbers[1]]
    _, second = await api.ask("GET", f"/runs?state=dead&limit=2&before={first['next_before']}")
    assert ([run["id"] for run in second["runs"]], second["next_before"]) == ([numbers[0]], None)
    _, ordered = await api.ask("GET", "/runs?subject=101")
    assert [run["subject"] for run in ordered["runs"]] == ["101"]


async def test_a_run_shows_what_it_did_in_other_systems(api: Api) -> None:
    number = await whole_story(api.database)
    status, shown = await api.ask("GET", f"/runs/{number}", role="viewer")
    assert status == 200
    states = {effect["effect"]: effect["state"] for effect in shown["effects"]}
    assert states == {"sales_order": "done", "capture": "unknown"}


@pytest.mark.parametrize("path", ["/runs/7", "/dead-letters/7", "/trace/none", "/nowhere"])
async def test_what_is_not_there_is_404_in_the_one_error_shape(api: Api, path: str) -> None:
    status, body = await api.ask("GET", path)
    assert status == 404
    assert set(body) == {"error", "safe_to_retry"}
    assert body["error"]["next_step"]


async def test_a_parameter_that_does_not_fit_is_named_and_not_repeated(api: Api) -> None:
    status, body = await api.ask("GET", f"/runs/{CARD}")
    assert (status, body["error"]["place"]) == (400, "path.run_id")
    assert "4111" not in str(body)


async def test_a_dead_letter_shows_its_input_and_whose_turn_it_is(api: Api) -> None:
    number = await bury(api.database)
    _, desk = await api.ask("GET", "/dead-letters", role="viewer")
    assert [(one["run_id"], one["whose_turn"]) for one in desk["dead_letters"]] == [
        (number, "shop")
    ]
    _, shown = await api.ask("GET", f"/dead-letters/{number}", role="viewer")
    assert shown["content"]["data"]["order"]["total"] == {"amount": "25.00", "currency": "USD"}


@pytest.mark.complaint("I49")
async def test_a_correction_is_kept_with_who_and_why_and_the_replay_takes_it(api: Api) -> None:
    number = await bury(api.database)
    sent = {"field": POSTCODE, "value": "SW1A 1AA", "why": "a typo"}
    status, _ = await api.ask("POST", f"/dead-letters/{number}/patch", json=sent)
    assert status == 201
    _, shown = await api.ask("GET", f"/dead-letters/{number}")
    assert shown["content"]["data"]["order"]["shipping"]["postal_code"] == "SW1A 1AA"
    assert shown["patches"][0]["before"]["data"]["order"]["shipping"]["postal_code"] == "SW1"
    status, again = await api.ask("POST", f"/dead-letters/{number}/replay", json={"why": "mended"})
    assert status == 201
    _, run = await api.ask("GET", f"/runs/{again['run']}")
    assert run["run"]["replay_of"] == number
    assert await audited(api) == [
        ("operator", "replay", f"run {number}", "mended"),
        ("operator", "edit", f"run {number}", "a typo"),
    ]


async def test_two_replays_at_once_make_one_run(api: Api) -> None:
    number = await bury(api.database)
    path = f"/dead-letters/{number}/replay"
    answers = await asyncio.gather(
        *(api.ask("POST", path, json={"why": "mended"}) for _ in range(4))
    )
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]


async def test_a_cancelled_dead_letter_is_off_the_desk_and_stays_in_the_list_of_all(
    api: Api,
) -> None:
    await pay(api.database)
    number = await bury(api.database)
    status, _ = await api.ask("POST", f"/dead-letters/{number}/cancel", json={"why": "a test"})
    assert status == 200
    _, desk = await api.ask("GET", "/dead-letters")
    assert desk["dead_letters"] == []
    _, everything = await api.ask("GET", "/dead-letters?also_resolved=true")
    assert everything["dead_letters"][0]["resolution"] == "cancelled: a test"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad_json"),
        (b"{}", "bad_shape"),
        (b'{"why": "  "}', "no_reason"),
        (b'{"why": "card 4111-1111-1111-1111"}', "card_data"),
        (b'{"why": "\\u0034111111111111111"}', "card_data"),
    ],
)
async def test_nothing_is_steered_without_a_reason_that_may_be_kept(
    api: Api, body: bytes, reason: str
) -> None:
    number = await bury(api.database)
    status, answer = await api.ask("POST", f"/dead-letters/{number}/replay", data=body)
    assert (status, answer["error"]["reason"]) == (400, reason)
    assert "1111" not in str(answer)
    assert await audited(api) == []


async def test_card_data_in_a_correction_is_refused_and_not_repeated(api: Api) -> None:
    number = await bury(api.database)
    for field, value in ((POSTCODE, CARD), (CARD, "x"), (POSTCODE, {"inner": CARD})):
        sent = {"field": field, "value": value, "why": "a typo"}
        status, answer = await api.ask("POST", f"/dead-letters/{number}/patch", json=sent)
        assert (status, answer["error"]["reason"]) == (400, "card_data")
        assert "4111" not in str(answer)
    assert await api.database.fetch_value("SELECT count(*) FROM patches") == 0


async def test_what_a_done_step_has_used_can_no_longer_be_changed(api: Api) -> None:
    number = await whole_story(api.database)
    sent = {"field": POSTCODE, "value": "SW1A 1AA", "why": "a typo"}
    status, answer = await api.ask("POST", f"/dead-letters/{number}/patch", json=sent)
    assert (status, answer["error"]["reason"]) == (409, "consumed")


async def test_unknowns_show_what_was_sent_and_not_answered(api: Api) -> None:
    await whole_story(api.database)
    _, page = await api.ask("GET", "/unknowns", role="viewer")
    [one] = page["unknowns"]
    assert (one["key"], one["subject"], one["state"]) == (OPEN.key, ORDER, "unknown")


async def test_a_trace_by_any_id_is_the_same_story(api: Api) -> None:
    await whole_story(api.database)
    _, by_order = await api.ask("GET", f"/trace/{ORDER}", role="viewer")
    _, by_erp = await api.ask("GET", f"/trace/{SALES_ORDER}", role="viewer")
    assert by_erp["subject"] == ORDER
    assert by_erp["moments"] == by_order["moments"]
    assert by_order["payments"][0]["amount"] == {"amount": "25.00", "currency": "USD"}


async def test_a_card_number_asked_for_as_an_id_is_masked(api: Api) -> None:
    status, answer = await api.ask("GET", "/trace/4111111111111111")
    assert status == 404
    assert "************1111" in answer["error"]["message"]


async def test_a_letter_is_taken_found_by_its_owner_and_left_alone_by_a_bulk_replay(
    api: Api,
) -> None:
    first, second = await bury(api.database, "7"), await bury(api.database, "8")
    status, taken = await api.ask("POST", f"/dead-letters/{first}/take", json={"why": "mine"})
    assert (status, taken["owner"]) == (200, "operator")
    _, desk = await api.ask("GET", "/dead-letters?state=in_work", role="viewer")
    assert [one["run_id"] for one in desk["dead_letters"]] == [first]
    _, shown = await api.ask("GET", f"/dead-letters/{second}", role="viewer")
    assert [one["run_id"] for one in shown["attempts"]] == [second]
    assert all(way["why"] for way in shown["ways"])

    sent = {"why": "mended", "kind": "invalid_data"}
    _, counted = await api.ask("POST", "/dead-letters/replay", json=sent)
    assert (counted["counted"]["count"], counted["replayed"]) == (2, None)
    await api.ask("POST", f"/dead-letters/{first}/hand-back", json={"why": "not mine"})
    _, done = await api.ask("POST", "/dead-letters/replay", json={**sent, "dry_run": False})
    assert (done["replayed"]["count"], done["replayed"]["replayed"]) == (2, 2)


async def test_the_table_of_errors_is_told(api: Api) -> None:
    status, told = await api.ask("GET", "/errors", role="viewer")
    assert status == 200
    classes = {one["error_class"]: one for one in told["standard"]}
    assert classes["transient"]["tries"] == 12
    assert classes["unknown_outcome"]["course"] == "proof"
