"""The desk: what is buried can be seen, mended and run again, once, and nothing is forgotten."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.lanes import claim

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.database.database import Database, Tx
from tillbridge.runs.dead_letters import (
    bury_delivery,
    cancel,
    dead_letters,
    open_dead_letter,
    replay,
)
from tillbridge.runs.lanes import Lane, Start, accept, release
from tillbridge.runs.patches import Edit, patch
from tillbridge.runs.run import Change, Letter

LANE = Lane("1042", "dynamics")
FIELD = "data.written.document"


async def bury(database: Database, number: int = 1, reason: str = "no_account") -> int:
    """An event whose run is on the desk; its number."""
    event = Event(
        id=f"e{number}",
        source="cybersource",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject=LANE.subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(written=Written("sales_order", "dynamics")),
    )
    async with database.transaction() as tx:
        await accept(tx, event, [Start("order", "v1", LANE.target)])
    return await bury_next(database, reason)


async def bury_next(database: Database, reason: str = "no_account") -> int:
    """The one open run of the lane goes onto the desk."""
    turn = await claim(database, LANE, "a test", 30.0)
    assert turn is not None
    (run,) = turn.runs
    turn.change(Change(run.id, "dead", ending="No such account."))
    turn.letters.append(
        Letter(run.id, "rejected_by_rule", reason, "No such account.", "shop", "written")
    )
    await release(database, turn)
    return run.id


async def edit(database: Database, run_id: int, value: Any, field: str = FIELD) -> int:
    async def record(_tx: Tx, _replaced: Any) -> None:
        return None

    change = Edit(run_id, field, value, "ada", "a typo")
    async with database.transaction() as tx:
        return await patch(tx, change, record=record)


async def again(database: Database, run_id: int) -> int:
    async with database.transaction() as tx:
        return await replay(tx, run_id, "v2")


async def intend(database: Database, run_id: int, state: str) -> None:
    """The run has an effect in this state."""
    await database.execute(
        "INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step,"
        " lease, request, intended_at, resolve_after) VALUES"
        " ($1, 'dynamics', '1042', 'sales_order', '1', $2, $3, 'written', 1, '', now(), now())",
        f"key of {run_id}",
        state,
        run_id,
    )


async def test_the_newest_letter_stands_first_and_says_whose_turn_it_is(
    database: Database,
) -> None:
    first, second = await bury(database, 1), await bury(database, 2, "over_capture")

    found = await dead_letters(database)

    assert [letter.run_id for letter in found] == [second, first]
    assert (found[0].reason, found[0].whose_turn, found[0].step, found[0].flow) == (
        "over_capture",
        "shop",
        "written",
        "order",
    )


async def test_a_letter_opens_with_its_input(database: Database) -> None:
    opened = await open_dead_letter(database, await bury(database))

    assert opened.content["data"]["written"]["document"] == "sales_order"
    assert (opened.flow_version, opened.patches) == ("v1", ())


@pytest.mark.complaint("I16")
async def test_a_correction_is_what_the_replay_takes_and_the_original_is_kept(
    database: Database,
) -> None:
    run_id = await bury(database)
    await edit(database, run_id, "invoice")
    await edit(database, run_id, "receipt")

    number = await again(database, run_id)

    inputs = await database.fetch("SELECT id, input, replay_of, flow_version FROM runs ORDER BY id")
    taken = {row["id"]: decode_event(row["input"]).data.written for row in inputs}
    assert taken == {
        run_id: Written("sales_order", "dynamics"),
        number: Written("receipt", "dynamics"),
    }
    assert [(row["replay_of"], row["flow_version"]) for row in inputs] == [
        (None, "v1"),
        (run_id, "v2"),
    ]
    opened = await open_dead_letter(database, run_id)
    assert [(one.operator, one.why) for one in opened.patches] == [("ada", "a typo")] * 2


@pytest.mark.parametrize(
    "field", ["data.written.colour", "data.written.document.0", "data.nothing.at.all", "data."]
)
async def test_a_field_that_is_not_there_is_refused_and_not_added(
    database: Database, field: str
) -> None:
    run_id = await bury(database)

    with pytest.raises(Rejected) as refused:
        await edit(database, run_id, "x", field)

    assert refused.value.reason == "unknown_field"


@pytest.mark.parametrize("field", ["subject", "id", "source", "type", "time"])
async def test_which_event_it_is_can_not_be_changed(database: Database, field: str) -> None:
    run_id = await bury(database)

    with pytest.raises(Rejected, match="which event it is"):
        await edit(database, run_id, "x", field)


async def test_a_correction_that_makes_no_event_is_refused(database: Database) -> None:
    run_id = await bury(database)

    with pytest.raises(Rejected):
        await edit(database, run_id, {"not": "text"})

    assert (await open_dead_letter(database, run_id)).patches == ()


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ("done", False),
        ("unknown", False),
        ("intended", False),
        ("refused", True),
        ("planned", True),
    ],
)
async def test_data_that_a_step_has_used_is_not_changed_any_more(
    database: Database, state: str, allowed: bool
) -> None:
    run_id = await bury(database)
    await intend(database, run_id, state)

    if allowed:
        await edit(database, run_id, "invoice")
    else:
        with pytest.raises(Rejected) as refused:
            await edit(database, run_id, "invoice")
        assert refused.value.reason == "consumed"


async def test_a_replay_does_not_forget_what_the_runs_before_it_have_used(
    database: Database,
) -> None:
    first = await bury(database)
    await intend(database, first, "done")
    await again(database, first)
    second = await bury_next(database)
    await again(database, second)
    third = await bury_next(database)

    with pytest.raises(Rejected) as refused:
        await edit(database, third, "invoice")

    assert refused.value.reason == "consumed"


async def test_of_two_corrections_at_once_none_is_lost_unseen(database: Database) -> None:
    run_id = await bury(database)

    ended = await asyncio.gather(
        *(edit(database, run_id, f"document {number}") for number in range(4)),
        return_exceptions=True,
    )

    kept = [one for one in ended if not isinstance(one, Exception)]
    opened = await open_dead_letter(database, run_id)
    assert len(kept) == len(opened.patches) == 4
    for earlier, later in zip(opened.patches, opened.patches[1:], strict=False):
        assert later.before == earlier.after


async def test_a_letter_is_replayed_once(database: Database) -> None:
    run_id = await bury(database)
    await again(database, run_id)

    for act in (again(database, run_id), edit(database, run_id, "x"), give_up(database, run_id)):
        with pytest.raises(Rejected):
            await act

    assert await dead_letters(database) == []


@pytest.mark.complaint("I49")
async def test_of_many_replays_at_once_one_makes_a_run(database: Database) -> None:
    run_id = await bury(database)

    ended = await asyncio.gather(
        *(again(database, run_id) for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(one, int) for one in ended) == 1
    assert await database.fetch_value("SELECT count(*) FROM runs") == 2


@pytest.mark.complaint("I34")
async def test_a_letter_that_was_given_up_stays_in_the_list_of_all(database: Database) -> None:
    run_id = await bury(database)

    await give_up(database, run_id)

    assert await dead_letters(database) == []
    (letter,) = await dead_letters(database, also_resolved=True)
    assert letter.resolution == "cancelled: the customer left"


async def test_a_delivery_nobody_can_read_is_shown_as_it_came(database: Database) -> None:
    async with database.transaction() as tx:
        await bury_delivery(
            tx,
            Lane("unusable-1", "webshop"),
            b"\xffnot json",
            reason="unusable",
            message="It is not understood.",
            whose_turn="sender",
        )

    (letter,) = await dead_letters(database)

    assert letter.kind == "invalid_data"
    opened = await open_dead_letter(database, letter.run_id)
    assert opened.content == {"body": "\ufffdnot json"}


async def test_a_number_without_a_letter_is_refused(database: Database) -> None:
    for act in (open_dead_letter(database, 7), edit(database, 7, "x"), give_up(database, 7)):
        with pytest.raises(Rejected, match="7"):
            await act


async def give_up(database: Database, run_id: int) -> None:
    async with database.transaction() as tx:
        await cancel(tx, run_id, "the customer left")
