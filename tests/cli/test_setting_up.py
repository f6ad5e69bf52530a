"""A folder, its secrets, its check; operators and connectors."""

import re
from pathlib import Path

import pytest
from tests.cli.conftest import Tell

from tillbridge.access.operators import authenticate
from tillbridge.database.database import Database


async def test_templates_are_listed_with_what_they_do(tell: Tell) -> None:
    result = await tell("init")
    assert "order-to-cash-dynamics" in result.stdout
    assert "tillbridge init FOLDER --template NAME" in result.stdout


async def test_a_template_becomes_a_folder_whose_secrets_stay_out_of_version_control(
    tell: Tell, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    result = await tell("init", str(target), "--template", "order-to-cash-dynamics")
    assert result.exit_code == 0, result.output
    assert (target / "tillbridge.yaml").is_file()
    assert list((target / "flows").glob("*.yaml"))
    assert ".tillbridge/" in (target / ".gitignore").read_text()


async def test_init_overwrites_nothing(tell: Tell, tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    (target / "tillbridge.yaml").write_text("mine")
    result = await tell("init", str(target), "--template", "order-to-cash-dynamics")
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    assert [path.name for path in target.iterdir()] == ["tillbridge.yaml"]


async def test_an_unknown_template_names_those_there_are(tell: Tell) -> None:
    result = await tell("init", "--template", "order-to-cash")
    assert result.exit_code == 1
    assert "order-to-cash-dynamics" in result.stderr


async def test_a_secret_is_set_listed_and_never_shown(tell: Tell, database: Database) -> None:
    result = await tell("secrets", "set", "till_other", typed="very secret value\n")
    assert result.exit_code == 0, result.output
    listed = await tell("secrets")
    assert "till_other" in listed.stdout
    assert "TILLBRIDGE_SECRET_TILL_KEY" in listed.stdout
    assert "very secret" not in result.output + listed.output
    kept = await database.fetch_value("SELECT sealed FROM sealed_secrets")
    assert "very secret" not in kept
    assert (await tell("secrets", "drop", "till_other")).exit_code == 0
    actions = await database.fetch("SELECT action FROM audit ORDER BY number")
    assert [row["action"] for row in actions] == ["set secret", "drop secret"]


async def test_an_empty_secret_is_refused(tell: Tell) -> None:
    result = await tell("secrets", "set", "till_other", typed="\n")
    assert (result.exit_code, "No value" in result.stderr) == (1, True)


async def test_an_operators_token_is_shown_once_and_works(tell: Tell, database: Database) -> None:
    result = await tell("operators", "add", "ada", "--role", "viewer")
    [token] = re.findall(r"tillbridge_\S{20,}", result.stdout)
    async with database.connection() as connection:
        ada = await authenticate(connection, token)
    assert ada is not None
    assert ada.name == "ada"
    listed = await tell("operators")
    assert "ada" in listed.stdout
    assert token not in listed.stdout
    assert (await tell("operators", "close", "ada")).exit_code == 0
    async with database.connection() as connection:
        assert await authenticate(connection, token) is None


async def test_check_passes_each_part_of_a_right_folder(tell: Tell) -> None:
    result = await tell("check", "--offline")
    assert result.exit_code == 0, result.output
    for part in ("tillbridge.yaml", "Web shop", "Flow reverse-cancelled"):
        assert part in result.stdout
    assert "FAIL" not in result.stdout


async def test_check_reads_the_files_alone_where_there_is_no_database_and_no_secret(
    tell: Tell, books: Path
) -> None:
    text = (books / "tillbridge.yaml").read_text()
    (books / "tillbridge.yaml").write_text(text.replace("till_key", "till_lost"))
    result = await tell(
        "--database-url", "postgresql://nobody@127.0.0.1:1/none", "check", "--offline"
    )
    assert result.exit_code == 0, result.output
    assert "Flow reverse-cancelled" in result.stdout
    assert "Database" not in result.stdout


async def test_check_says_what_is_wrong_where_and_what_to_do(tell: Tell, books: Path) -> None:
    flow = books / "flows" / "reverse-cancelled.yaml"
    flow.write_text(flow.read_text().replace("order.cancelled", "order.canceled"))
    result = await tell("check", "--offline")
    assert result.exit_code == 1
    assert "Errors" in result.stdout
    assert "flows/reverse-cancelled.yaml:4" in result.stdout
    assert "order.cancelled" in result.stdout


async def test_check_asks_every_connection_and_reports_them_all(tell: Tell) -> None:
    result = await tell("check")
    assert result.exit_code == 1
    assert "pass  Signing secret" in result.stdout
    assert "till (Cybersource)" in result.stdout
    assert "FAIL" in result.stdout.partition("till (Cybersource)")[2]


@pytest.mark.complaint("I14")
async def test_check_names_each_missing_secret(tell: Tell, books: Path) -> None:
    text = (books / "tillbridge.yaml").read_text()
    (books / "tillbridge.yaml").write_text(text.replace("till_key", "till_lost"))
    result = await tell("check")
    assert result.exit_code == 1
    assert "tillbridge secrets set till_lost" in result.stdout
    assert "fsync = on" in result.stdout
    assert "Flow reverse-cancelled" in result.stdout, "the files are checked all the same"


async def test_nothing_to_provision_is_a_sentence(tell: Tell) -> None:
    result = await tell("provision", "webshop")
    assert (result.exit_code, result.stdout.startswith("Nothing to make")) == (0, True)


async def test_a_connectors_page_is_drawn_from_its_settings(tell: Tell) -> None:
    listed = await tell("connectors")
    assert "cybersource" in listed.stdout
    page = await tell("connectors", "show", "cybersource")
    assert "merchant_id (text, required)" in page.stdout
    assert "authentication (jwt | p12 | http_signature, default jwt)" in page.stdout
    assert "Not settled by the vendor's documents" in page.stdout


async def test_migrating_again_says_that_nothing_was_needed(tell: Tell) -> None:
    result = await tell("migrate")
    assert "The database is up to date." in result.stdout
    assert "fsync = on" in result.stdout


async def test_a_folder_that_is_not_ours_says_what_to_do(tell: Tell, tmp_path: Path) -> None:
    result = await tell("--folder", str(tmp_path), "secrets")
    assert result.exit_code == 1
    assert "tillbridge init" in result.stderr


async def test_a_database_that_does_not_answer_is_said_without_a_traceback(tell: Tell) -> None:
    result = await tell("--database-url", "postgresql://nobody@127.0.0.1:1/none", "runs")
    assert result.exit_code == 1
    assert "No PostgreSQL answers" in result.stderr
    assert "Traceback" not in result.output
