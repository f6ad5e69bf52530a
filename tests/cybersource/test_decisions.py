"""A decision whose webhook was lost is found in the report, once, whenever it was made."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tillbridge.canonical.errors import Misconfigured, Rejected, Unreconciled
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.decisions import OVERLAP, WINDOW_MAX, WINDOWS_MAX, windows
from tillbridge_cybersource.settings import CybersourceSettings, secret_bytes
from tillbridge_cybersource.signing import Claims, TokenSigner
from tillbridge_simulators.cybersource import Options

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DAY_S = 86_400.0


async def in_review(world: Any, *, days_ago: float = 0.0, order_number: str = "1042") -> str:
    """An authorization that waits for a decision since so many days and two seconds."""
    receipt = await world.authorize(
        "review", order_number=order_number, attempt_key=f"try-{order_number}"
    )
    authorization_id: str = receipt.observations[0].request_id
    world.simulator.state.authorizations[authorization_id].at_s -= days_ago * DAY_S + 2
    return authorization_id


def decide(world: Any, authorization_id: str, *, accept: bool = True, days_ago: float = 0.0) -> Any:
    """Decides so many days and a second ago."""
    account = world.simulator.account
    clock = account.now
    account.now = lambda: clock() - days_ago * DAY_S - 1
    world.simulator.decide_review(authorization_id, accept=accept)
    account.now = clock
    return world.simulator.state.decisions[-1]


async def decisions(world: Any) -> list[Observation]:
    story = await world.session.observe(world.call(), "1042")
    assert story[0].operation is Operation.AUTHORIZATION
    return [found for found in story if found.operation is Operation.REVIEW]


def reports_asked(world: Any) -> int:
    entries = world.simulator.log.entries("request")
    return sum(entry.facts["operation"] == "conversion_details" for entry in entries)


@pytest.mark.parametrize(("accept", "verdict"), [(True, "approved"), (False, "declined")])
async def test_a_decision_is_found_as_its_webhook_would_have_told_it(
    world: Any, accept: bool, verdict: str
) -> None:
    told: list[Mapping[str, object]] = []
    world.simulator.account.tell = lambda event_type, _, payload: told.append(
        {"eventType": event_type, "payload": payload}
    )
    authorization_id = await in_review(world)
    decide(world, authorization_id, accept=accept)
    body = json.dumps(told[-1]).encode()
    lost = Delivery("cybersource", "POST", "/", {}, body, datetime.now(UTC))
    (by_webhook,) = world.session.translate(lost).observations
    (by_asking,) = await decisions(world)
    assert by_asking.source is Source.REPORT
    assert by_asking.verdict == verdict
    for name in ("request_id", "operation", "verdict", "parent_id", "order_number", "attempt_key",
                 "occurred_at", "review", "amount"):  # fmt: skip
        assert getattr(by_asking, name) == getattr(by_webhook, name), name


async def test_a_case_that_is_still_open_proves_nothing(world: Any) -> None:
    await in_review(world)
    assert await decisions(world) == []
    assert reports_asked(world) == 1


async def test_an_order_that_is_not_in_review_asks_for_no_report(world: Any) -> None:
    await world.authorize()
    await world.session.observe(world.call(), "1042")
    assert reports_asked(world) == 0


async def test_decisions_about_other_orders_are_not_ours(world: Any) -> None:
    await in_review(world)
    other = await in_review(world, order_number="1043")
    decide(world, other).word = "SOMETHING_NEW"
    assert await decisions(world) == []


async def test_a_decision_in_a_word_nobody_knows_is_a_persons_to_read(world: Any) -> None:
    decide(world, await in_review(world)).word = "SOMETHING_NEW"
    with pytest.raises(Unreconciled, match="'SOMETHING_NEW'"):
        await decisions(world)


async def test_a_case_that_was_passed_on_is_still_open(world: Any) -> None:
    decide(world, await in_review(world)).word = "REVIEW"
    assert await decisions(world) == []


@pytest.mark.parametrize("ago", [0.0, 60.0, DAY_S, DAY_S + 60, 3 * DAY_S])
def test_windows_reach_from_the_start_to_now_without_a_gap(ago: float) -> None:
    found = list(windows(NOW - timedelta(seconds=ago), NOW))
    assert all(timedelta(0) < end - start <= WINDOW_MAX for start, end in found)
    assert [later[0] for later in found[1:]] == [earlier[1] - OVERLAP for earlier in found[:-1]]
    if ago:
        assert (found[0][0], found[-1][1]) == (NOW - timedelta(seconds=ago), NOW)


def test_windows_of_one_call_are_bounded() -> None:
    assert len(list(windows(NOW - timedelta(days=60), NOW))) == WINDOWS_MAX
    assert list(windows(NOW + timedelta(seconds=1), NOW)) == []


async def test_a_decision_on_the_edge_of_a_window_is_found(world: Any) -> None:
    authorization_id = await in_review(world, days_ago=3)
    authorized_s = int(world.simulator.state.authorizations[authorization_id].at_s)
    first_window_ends_s = authorized_s - OVERLAP.total_seconds() + WINDOW_MAX.total_seconds()
    decide(world, authorization_id).at_s = first_window_ends_s
    assert [found.verdict for found in await decisions(world)] == [Verdict.APPROVED]
    assert reports_asked(world) == 2


async def test_a_long_way_back_is_asked_in_several_calls(world: Any) -> None:
    authorization_id = await in_review(world, days_ago=20)
    decide(world, authorization_id, days_ago=9)
    assert await decisions(world) == []
    assert reports_asked(world) == WINDOWS_MAX
    assert len(await decisions(world)) == 1


async def test_what_was_asked_is_not_asked_again_but_for_what_may_come_late(
    make_world: Any,
) -> None:
    world = await make_world(decision_lag_s=1800 * 1000)
    authorization_id = await in_review(world, days_ago=5)
    assert await decisions(world) == []
    before = reports_asked(world)
    decide(world, authorization_id, days_ago=1500 / DAY_S)
    assert len(await decisions(world)) == 1
    assert reports_asked(world) == before + 1


async def test_a_decision_that_the_report_shows_late_is_found_later(make_world: Any) -> None:
    world = await make_world(Options(report_lag_s=3_600_000))
    decision = decide(world, await in_review(world, days_ago=1))
    assert await decisions(world) == []
    world.simulator.options.report_lag_s = 0
    assert len(await decisions(world)) == 1
    assert decision.word == "ACCEPT"


@pytest.mark.parametrize(("reach_days", "asked"), [(0, 0), (1, 1)])
async def test_the_report_is_asked_as_far_back_as_it_is_set(
    make_world: Any, reach_days: int, asked: int
) -> None:
    world = await make_world(decision_reach_days=reach_days)
    decide(world, await in_review(world, days_ago=5), days_ago=3)
    assert await decisions(world) == []
    assert reports_asked(world) == asked


async def test_a_report_can_run_under_an_organization_of_its_own(make_world: Any) -> None:
    world = await make_world(report_organization=Options().merchant_id)
    decide(world, await in_review(world))
    assert len(await decisions(world)) == 1


def test_an_organization_that_is_none_is_refused_at_once() -> None:
    settings = CybersourceSettings(
        "m", "k", Secret("d3Jvbmcgc2VjcmV0IG9mIGEgbWVyY2hhbnQ="), report_organization="a&b"
    )
    with pytest.raises(Misconfigured, match="not an organization id"):
        CybersourceSession(settings, Opening("cybersource", lambda: NOW))


async def test_a_report_that_is_refused_is_an_error(world: Any) -> None:
    await in_review(world)
    world.fault("conversion_details", "refuse", status=400)
    with pytest.raises(Rejected, match="Reading the decisions"):
        await decisions(world)


GOOD = {"startTime": "2026-03-01T00:00:00.000Z", "endTime": "2026-03-02T00:00:00.000Z"}


async def ask(world: Any, query: Mapping[str, str], *, signed: bool = True) -> tuple[int, Any]:
    options, port = world.simulator.options, world.simulator.port
    path = "/reporting/v3/conversion-details?" + "&".join(f"{k}={v}" for k, v in query.items())
    secret = secret_bytes(world.settings.secret_key, "shared secret")
    signer = TokenSigner(Claims(options.merchant_id, f"127.0.0.1:{port}"), options.key_id, secret)
    headers = signer.headers("GET", path, b"", datetime.now(UTC)) if signed else {}
    url = URL(world.simulator.url + path, encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"startTime": ""}, "startTime"),
        ({"endTime": "yesterday"}, "endTime"),
        ({"endTime": "2026-03-01"}, "endTime"),
        ({"endTime": "2026-02-31T00:00:00Z"}, "endTime"),
        ({"endTime": "2026-03-01T00:00:00Z"}, "startTime"),
        ({"endTime": "2026-03-02T00:00:01Z"}, "startTime"),
        ({"organizationId": "a" * 33}, "organizationId"),
    ],
)
async def test_a_report_of_no_good_window_is_refused(
    world: Any, changes: dict[str, str], field: str
) -> None:
    status, answer = await ask(world, GOOD | changes)
    assert status == 400
    assert answer["details"][0]["field"] == field


async def test_a_report_without_decisions_is_not_found_and_without_a_signature_refused(
    world: Any,
) -> None:
    assert (await ask(world, GOOD))[0] == 404
    assert (await ask(world, GOOD, signed=False))[0] == 401
    assert (await ask(world, GOOD | {"organizationId": "other"}))[0] == 404


async def test_a_report_has_the_names_of_the_reference(world: Any) -> None:
    authorization_id = await in_review(world)
    decision = decide(world, authorization_id)
    decision.at_s = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    status, answer = await ask(world, GOOD)
    assert status == 200
    assert set(answer) == {"organizationId", "startTime", "endTime", "conversionDetails"}
    (row,) = answer["conversionDetails"]
    assert row["requestId"] == authorization_id
    assert row["merchantReferenceNumber"] == "1042"
    assert row["conversionTime"] == "2026-03-01T12:00:00Z"
    assert (row["originalDecision"], row["newDecision"]) == ("REVIEW", "ACCEPT")
