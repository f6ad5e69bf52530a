"""What a person sees and does about flows, and the questions they ask."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Tell

from tillbridge.access.audit import entries
from tillbridge.database.database import Database
from tillbridge.desk.approvals import ask
from tillbridge.desk.notices import keep_notice
from tillbridge.runs.history import runs

NIGHTLY = """\
flow: nightly
title: What happens at night
lane: till
schedule: {at: "02:30", zone: Europe/Berlin}
steps:
  - notify: told
    title: "'It is night'"
"""
GREET = """\
flow: greet
title: Says hello
lane: till
takes: {name: text, times: {type: integer, required: false}}
steps:
  - notify: told
    title: concat('Hello ', trigger.fields.name)
"""


@pytest.fixture
def flows(books: Path) -> Path:
    """The folder of the site's flows, with two more."""
    folder = books / "flows"
    (folder / "nightly.yaml").write_text(NIGHTLY)
    (folder / "greet.yaml").write_text(GREET)
    return folder


async def audited(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as connection:
        return [(one.action, one.subject) for one in await entries(connection)]


async def test_flows_are_listed_with_what_starts_them(tell: Tell, flows: Path) -> None:
    result = await tell("flows")

    assert result.exit_code == 0, result.output
    assert "What happens at night" in result.stdout
    assert "schedule.due" in result.stdout


@pytest.mark.complaint("I42")
async def test_a_schedule_shows_its_next_five_times(tell: Tell, flows: Path) -> None:
    result = await tell("flows", "show", "nightly")

    assert "Next planned times" in result.stdout
    times = result.stdout.partition("Next planned times")[2]
    assert times.count(":30") == 5


async def test_a_flow_is_paused_and_resumed_with_a_reason(
    tell: Tell, flows: Path, database: Database
) -> None:
    paused = await tell("flows", "pause", "greet", "--why", "wrong words")
    shown = await tell("flows", "show", "greet")
    resumed = await tell("flows", "resume", "greet", "--why", "right words")
    again = await tell("flows", "resume", "greet", "--why", "right words")

    assert paused.exit_code == resumed.exit_code == 0
    assert "Paused: wrong words" in shown.stdout
    assert again.exit_code != 0
    assert await audited(database) == [("resume", "flow greet"), ("pause", "flow greet")]


async def test_a_flow_that_is_not_there_is_named_with_the_nearest(tell: Tell, flows: Path) -> None:
    result = await tell("flows", "pause", "great", "--why", "a slip")

    assert result.exit_code != 0
    assert "Did you mean 'greet'?" in result.output


async def test_a_run_is_started_by_hand_from_a_file_or_from_the_pipe(
    tell: Tell, flows: Path, tmp_path: Path, database: Database
) -> None:
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"name": "Ada", "times": 2}))
    why = ("--why", "a customer asked")
    from_file = await tell("run", "greet", "--input", str(given), *why)
    from_pipe = await tell("run", "greet", "--input", "-", *why, typed='{"name": "Bob"}')

    assert from_file.exit_code == from_pipe.exit_code == 0, from_pipe.output
    assert len(await runs(database)) == 2
    assert await audited(database) == [("run", "flow greet")] * 2


@pytest.mark.parametrize(
    ("flow", "typed", "sentence"),
    [
        ("greet", '{"nme": "Ada"}', "Did you mean 'name'?"),
        ("greet", '{"name": "4111111111111111"}', "card number"),
        ("greet", '["Ada"]', "no JSON object"),
        ("greet", '{"name": ["Ada"]}', "more than one value"),
        ("nightly", "{}", "does not start by hand"),
    ],
)
async def test_what_cannot_be_started_is_said_and_nothing_is(
    tell: Tell, flows: Path, database: Database, *, flow: str, typed: str, sentence: str
) -> None:
    result = await tell("run", flow, "--input", "-", "--why", "a test", typed=typed)

    assert result.exit_code != 0
    assert sentence in result.output
    assert await runs(database) == []


async def test_no_approvals_and_no_notices_are_sentences(tell: Tell) -> None:
    assert (await tell("approvals")).stdout.startswith("No approvals:")
    assert (await tell("notices")).stdout.startswith("No notices:")


async def test_a_question_is_listed_and_answered_once(
    tell: Tell, flows: Path, database: Database
) -> None:
    await tell("run", "greet", "--input", "-", "--why", "a test", typed='{"name": "Ada"}')
    (run,) = await runs(database)
    await ask(
        database,
        run.id,
        "large",
        flow="greet",
        subject="1042",
        question="Release it?",
        shows={"amount": "31.95 USD"},
        may=(),
        due_at=await database.fetch_value("SELECT now() + interval '1 day'"),
    )
    listed = await tell("approvals")
    answered = await tell("approvals", "approve", "1", "--why", "it is small")
    again = await tell("approvals", "refuse", "1", "--why", "or not")

    assert "Release it?" in listed.stdout
    assert "amount: 31.95 USD" in listed.stdout
    assert answered.exit_code == 0, answered.output
    assert again.exit_code != 0
    assert "it is approved" in again.output


async def test_notices_are_listed(tell: Tell, database: Database) -> None:
    async with database.transaction() as tx:
        await keep_notice(
            tx, "k", flow="greet", subject="1042", level="warning", title="Late", content="By far"
        )

    result = await tell("notices")
    assert "Late" in result.stdout
    assert "warning" in result.stdout
