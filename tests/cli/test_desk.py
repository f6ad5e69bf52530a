"""What a person sees and does about runs, dead letters, unknowns and gates."""

import pytest
from tests.api.history import ORDER, REQUEST_ID, bury, pay, whole_story
from tests.cli.conftest import Tell

from tillbridge.access.audit import entries
from tillbridge.database.database import Database

CARD = "4111 1111 1111 1111"
POSTCODE = "data.order.shipping.postal_code"


async def audited(database: Database) -> list[tuple[str, str, str]]:
    async with database.connection() as connection:
        return [(one.action, one.subject, one.why) for one in await entries(connection)]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("runs",), "No runs yet."),
        (("runs", "list", "--state", "dead"), "No runs like that."),
        (("dead-letters",), "No dead letters: nothing needs a person."),
        (("unknowns",), "No unknowns: every call that was sent has its answer."),
        (("inbox",), "Nothing was delivered yet."),
        (("gates",), "No gates yet"),
        (("operators",), "No operators yet."),
        (("audit",), "Nobody has steered anything yet."),
    ],
)
async def test_nothing_to_show_is_a_sentence(
    tell: Tell, command: tuple[str, ...], sentence: str
) -> None:
    result = await tell(*command)
    assert result.exit_code == 0
    assert result.stdout.startswith(sentence)


async def test_runs_are_listed_in_columns_that_align(tell: Tell, database: Database) -> None:
    await bury(database, "7")
    await bury(database, "1042")
    result = await tell("runs")
    head, _, newest, oldest, *_ = result.stdout.splitlines()
    column = head.index("order")
    assert newest[column:].startswith("1042 ")
    assert oldest[column:].startswith("7    ")
    assert " UTC" in newest
    assert "tillbridge runs show RUN" in result.stdout


async def test_a_dead_run_says_where_it_can_be_mended(tell: Tell, database: Database) -> None:
    number = await whole_story(database)
    result = await tell("runs", "show", str(number))
    assert "The ERP knows no TEA." in result.stdout
    assert "sales_order" in result.stdout
    assert f"tillbridge dead-letters show {number}" in result.stdout


async def test_a_dead_letter_is_shown_corrected_and_run_again(
    tell: Tell, database: Database
) -> None:
    number = str(await bury(database))
    shown = await tell("dead-letters", "show", number)
    assert f"{POSTCODE}" in shown.stdout
    assert "whose turn  shop" in shown.stdout
    edited = await tell("dead-letters", "edit", number, POSTCODE, "10115", "--why", "a typo")
    assert edited.exit_code == 0, edited.output
    replayed = await tell("dead-letters", "replay", number, "--why", "mended")
    assert "runs again as run" in replayed.stdout
    assert await audited(database) == [
        ("replay", f"run {number}", "mended"),
        ("edit", f"run {number}", "a typo"),
    ]
    corrected = await database.fetch_value("SELECT input FROM runs WHERE replay_of IS NOT NULL")
    assert b'"postal_code":"10115"' in corrected


async def test_a_cancelled_dead_letter_is_off_the_desk(tell: Tell, database: Database) -> None:
    number = str(await bury(database))
    assert (await tell("dead-letters", "cancel", number, "--why", "a test")).exit_code == 0
    assert "No dead letters" in (await tell("dead-letters", "list")).stdout
    assert "cancelled: a test" in (await tell("dead-letters", "list", "--all")).stdout


async def test_nothing_is_steered_without_a_reason(tell: Tell, database: Database) -> None:
    number = str(await bury(database))
    missing = await tell("dead-letters", "replay", number)
    assert (missing.exit_code, "--why" in missing.stderr) == (2, True)
    empty = await tell("dead-letters", "replay", number, "--why", " ")
    assert empty.exit_code == 1
    assert "Say in a sentence why" in empty.stderr
    assert await audited(database) == []


async def test_unknowns_show_their_age_and_order(tell: Tell, database: Database) -> None:
    await whole_story(database)
    result = await tell("unknowns")
    assert "capture" in result.stdout
    assert f"{ORDER}" in result.stdout
    assert "no answer within 60 s" in result.stdout


async def test_a_trace_tells_the_story_with_money_and_its_currency(
    tell: Tell, database: Database
) -> None:
    number = await whole_story(database)
    result = await tell("trace", REQUEST_ID)
    assert result.stdout.startswith(f"Order {ORDER}.")
    assert "25.00 USD" in result.stdout
    assert "visa 1111" in result.stdout
    assert "sales_order done" in result.stdout
    assert f"tillbridge dead-letters show {number}" in result.stdout


async def test_the_kill_switch_says_what_happens_and_how_to_undo_it(
    tell: Tell, database: Database
) -> None:
    await database.execute("INSERT INTO gates (connection) VALUES ('till')")
    paused = await tell("gates", "pause", "till", "--why", "wrong prices")
    assert "Its work waits" in paused.stdout
    assert "tillbridge gates resume till" in paused.stdout
    assert "wrong prices" in (await tell("gates")).stdout
    resumed = await tell("gates", "resume", "till", "--why", "right again")
    assert resumed.exit_code == 0
    assert [action for action, _, _ in await audited(database)] == ["resume", "pause"]
    kept = (await tell("audit", "--subject", "till")).stdout
    assert "wrong prices" in kept
    assert "(command line)" in kept


@pytest.mark.parametrize(
    "command",
    [
        ("runs", "show", "7"),
        ("dead-letters", "show", "7"),
        ("trace", "nobody"),
        ("gates", "pause", "nobody", "--why", "a test"),
        ("connectors", "show", "nobody"),
        ("operators", "renew", "nobody"),
        ("secrets", "drop", "nobody"),
    ],
)
async def test_what_is_not_there_is_said_with_the_next_step(
    tell: Tell, command: tuple[str, ...]
) -> None:
    result = await tell(*command)
    assert result.exit_code == 1
    message, then = result.stderr.splitlines()
    assert message.endswith(".")
    assert then
    assert "Traceback" not in result.output


async def test_a_card_number_is_never_repeated(tell: Tell, database: Database) -> None:
    await pay(database)
    number = str(await bury(database))
    for command in (
        ("trace", CARD),
        ("trace", CARD.replace(" ", "")),
        ("dead-letters", "edit", number, POSTCODE, CARD, "--why", "a typo"),
        ("dead-letters", "edit", number, CARD, "x", "--why", "a typo"),
        ("dead-letters", "replay", number, "--why", f"the shopper's card is {CARD}"),
        ("gates", "pause", CARD, "--why", "a test"),
        ("operators", "renew", CARD),
    ):
        result = await tell(*command)
        assert result.exit_code == 1
        assert "4111" not in result.output, command


async def test_a_stored_value_cannot_steer_the_terminal(tell: Tell, database: Database) -> None:
    await bury(database, message="bad\x1b[2J [bold]news[/bold]")
    result = await tell("dead-letters")
    assert "\x1b" not in result.stdout
    assert "[bold]news[/bold]" in result.stdout


async def test_a_change_of_money_waits_for_a_second_person(tell: Tell, database: Database) -> None:
    number = str(await bury(database))
    quantity = "data.order.lines.0.quantity"
    edited = await tell("dead-letters", "edit", number, quantity, "3", "--why", "counted again")
    if edited.exit_code == 0:
        assert "waits for a second person" in edited.stdout
        assert "dead-letters approve" in edited.stdout
        alone = await tell("dead-letters", "approve", "1", "--why", "I am sure")
        assert (alone.exit_code, "two persons" in alone.stderr) == (1, True)
        refused = await tell("dead-letters", "refuse", "1", "--why", "a mistake")
        assert "stays as it is" in refused.stdout
    else:  # the order's own equation has to hold, too
        assert "quantity" in edited.stderr


async def test_a_letter_is_taken_and_handed_back(tell: Tell, database: Database) -> None:
    number = str(await bury(database))
    taken = await tell("dead-letters", "take", number, "--why", "calling them")
    assert "(command line) has it" in taken.stdout
    assert "(command line)" in (await tell("dead-letters", "list", "--state", "in_work")).stdout
    back = await tell("dead-letters", "hand-back", number, "--why", "on holiday")
    assert "open again" in back.stdout


async def test_many_are_counted_with_their_class_before_they_run_again(
    tell: Tell, database: Database
) -> None:
    for number in ("7", "8"):
        await bury(database, number)
    again = ("dead-letters", "replay", "--class", "invalid_data", "--why", "the table is mended")
    counted = await tell(*again)
    assert "2 dead letters are meant: 2 invalid_data." in counted.stdout
    assert "--yes" in counted.stdout
    none = await tell("dead-letters", "replay", "--older-than", "2d", "--all", "--why", "old ones")
    assert "0 dead letters are meant" in none.stdout
    done = await tell(*again, "--yes")
    assert "2 run again; 0 are left alone." in done.stdout
    unclear = await tell("dead-letters", "replay", "--why", "which?")
    assert (unclear.exit_code, "--all" in unclear.stderr) == (2, True)


async def test_the_table_of_errors_is_shown(tell: Tell) -> None:
    shown = await tell("errors")
    assert shown.exit_code == 0
    for word in ("transient", "unknown_outcome", "12 tries", "never sent again on a guess"):
        assert word in shown.stdout
