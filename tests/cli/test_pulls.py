"""What payment systems were asked, and what was found, by command."""

from tests.cli.conftest import Tell
from tests.payments.finds_seen import look_once

from tillbridge.access.audit import entries
from tillbridge.database.database import Database


async def test_pulls_say_how_far_they_are_and_what_waits(tell: Tell, database: Database) -> None:
    assert "Nothing was looked for yet" in (await tell("pulls")).stdout
    await look_once(database)

    listed = (await tell("pulls")).stdout

    assert "till" in listed
    assert "+ 11 min" in listed
    assert "212" in listed
    assert "2 finds wait for a person" in listed


async def test_finds_are_listed_and_set_aside(tell: Tell, database: Database) -> None:
    assert "No finds wait" in (await tell("pulls", "finds")).stdout
    await look_once(database)
    listed = (await tell("pulls", "finds")).stdout
    assert "unplaced" in listed
    assert "75.00 USD" in listed
    assert "Not shown yet." in listed

    done = await tell("pulls", "set-aside", "1", "--why", "The till in the store.")

    assert done.exit_code == 0, done.output
    assert "is set aside" in done.stdout
    assert "unplaced" not in (await tell("pulls", "finds")).stdout
    assert "set_aside" in (await tell("pulls", "finds", "--all")).stdout
    async with database.connection() as connection:
        (entry,) = await entries(connection)
    assert (entry.action, entry.why) == ("set aside", "The till in the store.")
    again = await tell("pulls", "set-aside", "1", "--why", "Once more.")
    assert (again.exit_code, "no find 1" in again.stderr) == (1, True)
