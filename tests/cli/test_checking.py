"""Texts are checked against what connections really take, before anything runs."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Tell

from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.dynamics365.tables import Column

MAPPING = """\
mapping: order
target: dynamics365/sales_order
fields:
  ordernumber: order.number
  transactioncurrencyid: order.currency
  totalamount: order.total
  lines:
    each: order.lines
    as: line
    fields:
      quantity: line.quantity
      priceperunit: line.unit_price
  shipto_city: order.shipping.city
"""
CUSTOM = "  custom: { fields: { new_loyalty: order.custom.loyalty } }\n"


@pytest.fixture
async def dynamics(
    books: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DataverseSimulator]:
    """The site's Dynamics, with a column of its own, and a mapping to it."""
    simulator = DataverseSimulator(key_lag_s=0)
    column = Column("new_loyalty", "new_loyalty", "String", length_max=12, custom=True)
    simulator.organization.table("salesorder").columns["new_loyalty"] = column
    await simulator.start()
    settings = (books / "tillbridge.yaml").read_text()
    (books / "tillbridge.yaml").write_text(
        f"""{settings}
  books:
    connector: dynamics365
    settings:
      organization_url: {simulator.url}
      authority_url: {simulator.url}
      tenant: {simulator.sign_in.tenant}
      client_id: {simulator.sign_in.client_id}
      client_secret: books
"""
    )
    monkeypatch.setenv("TILLBRIDGE_SECRET_BOOKS", simulator.sign_in.client_secret)
    (books / "mappings").mkdir()
    (books / "mappings" / "order.yaml").write_text(MAPPING)
    try:
        yield simulator
    finally:
        await simulator.stop()


async def test_warnings_are_told_apart_from_errors_and_fail_only_when_asked(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    result = await tell("check", "--offline")
    assert result.exit_code == 0, result.output
    assert "Errors" not in result.stdout
    shown = result.stdout.partition("Warnings")[2]
    assert "mappings/order.yaml:13" in shown
    assert "shipto_city takes 80 characters" in shown
    assert "truncate: true cuts it" in shown
    strict = await tell("check", "--offline", "--strict")
    assert strict.exit_code == 1
    assert "(--strict)" in strict.stdout


@pytest.mark.complaint("I14b")
async def test_what_was_found_is_json_for_continuous_integration(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    file = books / "mappings" / "order.yaml"
    file.write_text(MAPPING.replace("totalamount: order.total", "totalamout: order.total"))
    result = await tell("check", "--offline", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["passed"], told["failed"]) == (False, 2)
    assert told["flaws"][0] == {
        "severity": "error",
        "reason": "unknown_field",
        "message": "There is no field 'totalamout'.",
        "file": "mappings/order.yaml",
        "line": 6,
        "field": "fields.totalamout",
        "next_step": "Did you mean 'totalamount'?"
        " No flow uses order, so it reads only what every event has.",
    }
    assert {check["part"] for check in told["checks"]} >= {"Settings", "Flows and mappings"}


async def test_columns_that_are_kept_are_checked_offline(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    pulled = await tell("schemas", "pull")
    assert pulled.exit_code == 0, pulled.output
    assert "schemas/books.yaml" in pulled.stdout
    assert "webshop: the same everywhere, not kept" in pulled.stdout
    await dynamics.stop()
    file = books / "mappings" / "order.yaml"
    file.write_text(MAPPING + CUSTOM.replace("new_loyalty", "new_loyality"))
    result = await tell("check", "--offline")
    assert result.exit_code == 1
    assert "mappings/order.yaml:14" in result.stdout
    assert "Did you mean 'new_loyalty'?" in result.stdout
    file.write_text(MAPPING + CUSTOM)
    assert "new_loyalty takes 12 characters" in (await tell("check", "--offline")).stdout


async def test_a_column_that_is_gone_is_told_and_then_named_where_it_is_used(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    (books / "mappings" / "order.yaml").write_text(MAPPING + CUSTOM)
    await tell("schemas", "pull", "books")
    del dynamics.organization.table("salesorder").columns["new_loyalty"]
    today = datetime.now(UTC).date()
    told = f"custom.new_loyalty was there on {today}, is gone now"
    assert told in (await tell("check")).stdout
    assert "--refresh" in (await tell("check")).stdout
    result = await tell("check", "--refresh")
    assert f"pass  Kept: sales_order: column {told}" in result.stdout
    assert result.exit_code == 1
    assert "mappings/order.yaml:14" in result.stdout
    assert f"The column new_loyalty was there on {today}, and is gone now." in result.stdout


async def test_what_is_kept_is_listed_and_shown(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    assert "tillbridge schemas pull" in (await tell("schemas")).stdout
    missing = await tell("schemas", "show", "books")
    assert (missing.exit_code, "No schema of 'books' is kept" in missing.stderr) == (1, True)
    await tell("schemas", "pull")
    assert "dynamics365" in (await tell("schemas")).stdout
    shown = (await tell("schemas", "show", "books", "sales_order")).stdout
    line = next(line for line in shown.split("\n") if "custom.new_loyalty" in line)
    assert "12 characters" in line
    assert "payment_transaction" not in shown


async def test_pulling_twice_changes_nothing(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    await tell("schemas", "pull")
    before = (books / "schemas" / "books.yaml").read_text()
    again = await tell("schemas", "pull")
    assert "Changed" not in again.stdout
    assert (books / "schemas" / "books.yaml").read_text() == before


async def test_a_connection_that_does_not_answer_fails_and_the_others_are_kept(
    tell: Tell, books: Path, dynamics: DataverseSimulator
) -> None:
    await dynamics.stop()
    result = await tell("schemas", "pull")
    assert result.exit_code == 1
    assert "FAIL  books" in result.stdout
    unknown = await tell("schemas", "pull", "nowhere")
    assert "There is no connection 'nowhere'" in unknown.stderr


async def test_asking_and_not_asking_at_once_is_refused(tell: Tell) -> None:
    result = await tell("check", "--offline", "--refresh")
    assert result.exit_code == 2
