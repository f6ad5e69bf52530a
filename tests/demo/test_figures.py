"""The demo's figures are read from the house's own tables."""

from tillbridge.database.database import Database
from tillbridge.demo.figures import day, progress

RUN = """
INSERT INTO runs (subject, target, sequence, journey, input, state, ended_at)
VALUES ($1, 'cybersource', 1, 'deliver', '', $2, CASE WHEN $2 = 'dead' THEN now() END)
RETURNING id
"""
EFFECT = """
INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step, lease, request,
                     intended_at, resolve_after, resolved_by, round, tries)
VALUES ($1, 'cybersource', 'W1', $2, '1', $3, $4, 'step', 1, '', now(), now(), $5, $6, $7)
"""


async def test_an_empty_house_is_at_rest(database: Database) -> None:
    now = await progress(database)
    assert now.at_rest
    assert (now.unknown, now.dead_letters, now.closed) == (0, 0, "")


async def test_an_open_run_is_no_rest(database: Database) -> None:
    await database.fetch_value(RUN, "W1", "waiting")
    assert not (await progress(database)).at_rest
    assert (await day(database)).open_runs == [
        "run 1 of W1 at cybersource: checkout waits for its turn"
    ]


async def test_unknowns_are_counted_by_how_they_ended(database: Database) -> None:
    run = await database.fetch_value(RUN, "W1", "waiting")
    for values in (
        ("A", "authorization", "done", run, "evidence", 0, 1),
        ("B", "authorization", "fenced", run, "fence", 0, 1),
        ("C", "capture", "done", run, "reply", 1, 2),
        ("D", "sales_order", "done", run, "reply", 0, 3),
    ):
        await database.execute(EFFECT, *values)
    found = await day(database)
    assert (found.evidence, found.fence, found.key) == (1, 2, 1)


async def test_an_unknown_has_an_owner_while_its_run_or_a_letter_is_open(
    database: Database,
) -> None:
    waiting = await database.fetch_value(RUN, "W1", "waiting")
    dead = await database.fetch_value(RUN, "W2", "dead")
    await database.execute(EFFECT, "A", "capture", "unknown", waiting, "", 0, 1)
    await database.execute(EFFECT, "B", "capture", "unknown", dead, "", 0, 1)
    assert (await day(database)).unowned == 1
    await database.execute(
        "INSERT INTO dead_letters (run_id, class, reason, message, whose_turn)"
        " VALUES ($1, 'bug', '', '', 'engineer')",
        dead,
    )
    assert (await day(database)).unowned == 0
