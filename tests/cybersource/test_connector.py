from datetime import UTC, datetime
from typing import Any

import pytest

from tillbridge.canonical.errors import Place, Rejected, Transient, Unreconciled
from tillbridge.canonical.payments import Verdict
from tillbridge.connector import abilities
from tillbridge.connector.connector import Opening
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import declared, parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import REASON_CODES, Policy, judge, judge_code, refusal
from tillbridge_simulators.cybersource.outcomes import Outcome

POLICY = Policy("review", splits_tender=False)
GIVEN = {"merchant_id": "m", "key_id": "k", "secret_key": "d3Jvbmcgc2VjcmV0IG9mIGEgbWVyY2hhbnQ="}


def test_the_session_has_the_abilities_it_declares() -> None:
    settings = parse_settings(CybersourceSettings, GIVEN, Place(file="tillbridge.yaml"))
    session = CONNECTOR.open(settings, Opening("cards", lambda: datetime.now(UTC)))
    assert isinstance(session, CybersourceSession)
    for ability in (
        abilities.ChecksConnection,
        abilities.WritesDocuments,
        abilities.ObservesPayments,
        abilities.Probes,
        abilities.VerifiesDeliveries,
        abilities.TranslatesDeliveries,
        abilities.Closes,
    ):
        assert isinstance(session, ability)
    assert {"authorization", "capture", "reversal", "void", "refund"} <= set(session.writes)


def test_the_connector_is_found_through_its_entry_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connectors = installed_connectors.__globals__["entry_points"](
        group="tillbridge.connectors", name="cybersource"
    )
    assert [point.load() for point in connectors] == [CONNECTOR]


def test_unverified_facts_are_marked_on_their_settings() -> None:
    doubtful = {one.name for one in declared(CybersourceSettings) if one.about.unverified}
    assert {"fence", "search_lag_s", "absent_after_s", "webhook_signed_part"} <= doubtful


async def test_a_check_passes_on_a_good_connection(make_world: Any) -> None:
    world = await make_world()
    lines = await world.session.check(world.call())
    assert [line.passed for line in lines] == [True, True, True, True, False]
    assert "key_expires_on" in lines[3].detail
    assert "webhook_keys" in lines[4].detail


async def test_a_check_names_a_key_that_may_not_read_reports(make_world: Any) -> None:
    world = await make_world()
    world.fault("conversion_details", "refuse", status=403)
    line = (await world.session.check(world.call()))[2]
    assert not line.passed
    assert "Let the key read reports" in line.next_step


async def test_a_check_names_what_is_wrong_and_never_raises(make_world: Any) -> None:
    world = await make_world(key_id="unknown")
    lines = await world.session.check(world.call())
    assert not lines[0].passed
    assert "Check merchant id" in lines[0].next_step


async def test_a_probe_is_a_read_and_says_when_nobody_answers(make_world: Any) -> None:
    world = await make_world()
    await world.session.probe(world.call())
    operations = {entry.facts["operation"] for entry in world.simulator.log.entries("request")}
    assert operations == {"search"}
    world.simulator.faults.down = True
    with pytest.raises(Transient):
        await world.session.probe(world.call())


async def test_a_probe_passes_though_the_credentials_are_wrong(make_world: Any) -> None:
    world = await make_world(key_id="unknown")
    await world.session.probe(world.call())


async def test_the_guard_stops_a_call_before_it_leaves(make_world: Any) -> None:
    world = await make_world()

    def stop() -> None:
        raise Transient("The lease has passed.", sent="no")

    call = abilities.Call("key", datetime.now(UTC), 5.0, "test", stop)
    with pytest.raises(Transient, match="lease"):
        await world.session.writes["authorization"].send(call, world.payment())
    assert list(world.simulator.log.entries("request")) == []


@pytest.mark.parametrize("code", sorted(REASON_CODES))
def test_every_code_of_search_has_a_verdict(code: int) -> None:
    assert judge_code(code, POLICY, held=True).verdict in Verdict


def test_a_rejection_of_what_was_never_authorized_holds_nothing() -> None:
    assert judge_code(481, POLICY, held=False).verdict is Verdict.DECLINED


def test_a_code_nobody_knows_is_a_persons_to_decide() -> None:
    with pytest.raises(Unreconciled):
        judge_code(999, POLICY, held=True)


@pytest.mark.parametrize(
    ("status", "reason"),
    [("SOMETHING_NEW", ""), ("", "")],
)
def test_a_status_nobody_knows_is_never_given_a_verdict(status: str, reason: str) -> None:
    assert judge(status, reason, POLICY) is None


def test_a_new_reason_under_a_known_status_follows_the_status() -> None:
    found = judge("DECLINED", "SOMETHING_NEW", POLICY)
    assert found is not None
    assert (found.verdict, found.reason) == (Verdict.DECLINED, "SOMETHING_NEW")
    review = judge("AUTHORIZED_PENDING_REVIEW", "SOMETHING_NEW", POLICY)
    assert review is not None
    assert (review.verdict, review.review) == (Verdict.IN_REVIEW, "decision_manager")


@pytest.mark.parametrize(
    ("reason", "error", "sent"),
    [
        ("MISSING_FIELD", "Rejected", ""),
        ("INVALID_DATA", "Rejected", ""),
        ("EXCEEDS_AUTH_AMOUNT", "Rejected", ""),
        ("INVALID_CARD", "Rejected", ""),
        ("SOMETHING_NEW", "Rejected", ""),
        ("", "Rejected", ""),
        ("INVALID_MERCHANT_CONFIGURATION", "Misconfigured", ""),
        ("PROCESSOR_UNAVAILABLE", "Transient", "no"),
        ("DUPLICATE_REQUEST", "Transient", "perhaps"),
    ],
)
def test_every_refusal_says_who_mends_it(reason: str, error: str, sent: str) -> None:
    found = refusal("cards", "The authorization", Answer(400, {"reason": reason}))
    assert type(found).__name__ == error
    assert getattr(found, "sent", "") == sent


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_that_is_not_documented_is_never_a_no(status: int) -> None:
    found = refusal("cards", "The authorization", Answer(status, {"status": "AUTHORIZED"}))
    assert isinstance(found, Transient)
    assert found.sent == "perhaps"


async def test_what_cybersource_does_not_know_either_is_never_absent(make_world: Any) -> None:
    undecided = Outcome("AUTHORIZED", holds=True, code=151, flag="ETIMEOUT")
    world = await make_world(absent_after_s=1)
    fields = world.payment()
    write = world.session.writes["authorization"]
    await write.send(world.call(), fields)
    for one in world.simulator.state.authorizations.values():
        one.outcome = undecided
    call = world.call()
    with pytest.raises(Transient) as caught:
        await write.find(call, fields, call.now.replace(year=2020))
    assert caught.value.reason == "undecided"
    assert await world.session.observe(call, "1042") == []


async def test_an_unknown_status_in_a_reply_is_settled_like_a_lost_answer(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world()
    monkeypatch.setattr("tillbridge_cybersource.authorizations.judge", lambda *_, **__: None)
    with pytest.raises(Transient) as caught:
        await world.authorize()
    assert (caught.value.sent, caught.value.reason) == ("perhaps", "unknown_status")


async def test_text_where_money_should_be_is_refused_before_sending(make_world: Any) -> None:
    world = await make_world()
    with pytest.raises(Rejected, match="takes money above zero"):
        await world.authorize(amount="25.00")
    assert list(world.simulator.log.entries("request")) == []
