"""What was done on the account is listed by time, page by page, and proven one by one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.cybersource.conftest import MakeWorld, World, new_call, now

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.canonical.payments import Operation, Source, Verdict
from tillbridge.connector.abilities import Call, Changes, PollsChanges, Pull, PullsPayments
from tillbridge.connector.connector import Opening
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.search import Page, Search
from tillbridge_simulators.cybersource import Options


def pull_of(world: World) -> Pull:
    assert isinstance(world.session, PullsPayments)
    pull = world.session.pull
    assert pull is not None
    return pull


async def look(world: World, cursor: str = "", call: Call | None = None) -> Changes:
    return await pull_of(world).operations.call(call or new_call(), {}, cursor)


async def every_page(world: World, cursor: str = "") -> tuple[list[str], str, int]:
    """The ids of one look, the cursor behind it, and how many pages it took."""
    ids: list[str] = []
    pages = 0
    while True:
        changes = await look(world, cursor)
        ids += [record.id for record in changes.records]
        cursor, pages = changes.cursor, pages + 1
        if not changes.more:
            return ids, cursor, pages


async def test_whoever_made_it_an_operation_is_listed_with_what_search_says_of_it(
    make_world: MakeWorld,
) -> None:
    world = await make_world(search_lag_s=0)
    receipt = await world.authorize()
    request_id = receipt.fields["request_id"]
    await world.capture(request_id, "25.00")

    changes = await look(world)

    first, second = changes.records
    assert (first.id, first.fields["operation"]) == (request_id, "authorization")
    assert (first.fields["order_number"], first.fields["amount"]) == ("1042", "25.00")
    assert second.fields["operation"] == "capture"
    assert changes.looked is not None
    assert changes.looked.is_whole
    assert not changes.more


async def test_a_look_goes_over_as_many_pages_as_there_are(make_world: MakeWorld) -> None:
    world = await make_world(search_lag_s=0, pull_page=4, pull_overlap_s=60_000)
    made = [
        (await world.authorize(order_number=f"p{number}")).fields["request_id"]
        for number in range(11)
    ]
    one_second = int(world.simulator.account.now())
    for authorization in world.simulator.state.authorizations.values():
        authorization.at_s = one_second  # more than a page of one moment

    ids, _, pages = await every_page(world)

    assert set(ids) == set(made)
    assert pages == 4  # the second begins with the moment that the first ended in


async def test_what_shows_late_is_in_a_later_look(make_world: MakeWorld) -> None:
    world = await make_world(search_lag_s=0)
    late = 0.2
    world.simulator.options.search_lag_s = late * 1000
    _, cursor, _ = await every_page(world)
    request_id = (await world.authorize()).fields["request_id"]
    _, cursor, _ = await every_page(world, cursor)
    world.simulator.options.search_lag_s = 0

    ids, _, _ = await every_page(world, cursor)

    assert ids == [request_id]


async def test_what_is_younger_than_the_lag_is_not_asked_for_yet(make_world: MakeWorld) -> None:
    world = await make_world(search_lag_s=3_600_000)
    await world.authorize()
    assert (await look(world)).records == ()


async def test_an_authorization_is_proven_by_its_id_with_the_key_that_came_back(
    world: World,
) -> None:
    request_id = (await world.authorize()).fields["request_id"]

    (seen,) = await pull_of(world).observe(new_call(), request_id)

    assert (seen.operation, seen.verdict) == (Operation.AUTHORIZATION, Verdict.APPROVED)
    assert (seen.source, seen.request_id) == (Source.SEARCH, request_id)
    assert seen.attempt_key == world.payment()["attempt_key"]


async def test_an_authorization_that_was_reversed_since_is_undone(world: World) -> None:
    receipt = await world.authorize()
    fields = {
        "order_number": "1042",
        "authorization_id": receipt.fields["request_id"],
        "amount": world.payment()["amount"],
    }
    await world.write("reversal", fields)

    (seen,) = await pull_of(world).observe(new_call(), receipt.fields["request_id"])

    assert seen.verdict is Verdict.UNDONE


async def test_what_is_not_shown_yet_proves_nothing(make_world: MakeWorld) -> None:
    world = await make_world(Options(search_lag_s=1e6))
    request_id = (await world.authorize()).fields["request_id"]
    assert await pull_of(world).observe(new_call(), request_id) == ()


async def test_a_page_that_is_missing_is_an_error_and_not_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I41: the count says that there is more, and nothing comes."""

    async def between(*_: object, **__: object) -> Page:
        return Page((), 5)

    monkeypatch.setattr(Search, "between", between)
    with pytest.raises(Transient, match="counts 5 transactions and shows none"):
        await look(world)


async def test_nothing_is_asked_where_it_is_switched_off_and_flows_may_still_poll(
    make_world: MakeWorld,
) -> None:
    world = await make_world(pull_every_s=0)
    assert world.session.pull is None
    assert isinstance(world.session, PollsChanges)
    assert "payments" in world.session.polls


@pytest.mark.parametrize(
    "setting", [{"pull_page": 0}, {"pull_page": 2501}, {"pull_reach_days": 0}, {"pull_every_s": -1}]
)
async def test_a_setting_that_cannot_be_is_refused(world: World, setting: dict[str, Any]) -> None:
    settings = replace(world.settings, **setting)
    with pytest.raises(Misconfigured, match=next(iter(setting))):
        CybersourceSession(settings, Opening("cybersource", now))


async def test_the_first_look_begins_with_the_overlap_and_not_with_the_past(
    make_world: MakeWorld,
) -> None:
    world = await make_world(search_lag_s=0)
    changes = await look(world)
    assert changes.looked is not None
    assert now() - changes.looked.since < timedelta(seconds=10)
