"""The sandbox: its page, and what can be made to happen."""

import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from tests.cybersource.test_invoicing import INVOICE, PATH
from tests.cybersource.test_money_moves import sale
from tests.cybersource.test_simulator import payment
from tests.cybersource.test_tokens import send

from tillbridge.cli.main import main
from tillbridge_simulators.cybersource.coverage import coverage
from tillbridge_simulators.cybersource.triggers import TRIGGERS, pull


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """`tillbridge sandbox` as a process of its own; its address."""
    command = [sys.executable, "-m", "tillbridge.cli.main", "sandbox", "--port", "0"]
    with Popen(command, stdout=PIPE, text=True) as process:  # noqa: S603 (our own program)
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_its_page_lists_every_operation_and_every_trigger(served: str) -> None:
    with urllib.request.urlopen(served) as answer:  # noqa: S310 (our own process)
        page = answer.read().decode()
    assert all(row.operation.path in page for row in coverage())
    assert all(f"sandbox trigger {name}" in page for name in TRIGGERS)
    assert "Nobody has asked for anything yet." in page
    host = served.removeprefix("http://")
    for language in ("Python", "Node", "Java", "C#", "PHP", "Ruby"):
        assert f"<td>{language}</td>" in page
    assert page.count(f"</code> = <code>{host}</code>") == 6
    assert "apitest.cybersource.com" in page


def test_a_trigger_says_what_happened_or_what_is_wrong(served: str) -> None:
    def trigger(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["sandbox", "trigger", *arguments, "--url", served])
        return result.exit_code, result.output

    assert trigger("batch") == (0, "0 captures, refunds and credits left with the batch.\n")
    assert trigger("chargeback") == (1, "Error: chargeback needs --payment.\n")
    code, said = trigger("earthquake")
    assert (code, "There is no trigger 'earthquake'" in said) == (1, True)
    code, said = trigger("chargeback", "--payment", "7")
    assert (code, said) == (1, "Error: chargeback: there is no payment 7 for which that can be.\n")


def test_where_no_sandbox_is_it_says_how_to_start_one() -> None:
    arguments = ["sandbox", "trigger", "batch", "--url", "http://127.0.0.1:9"]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "Start one: tillbridge sandbox" in result.output) == (1, True)


def test_a_file_that_is_no_p12_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "keys.p12").write_bytes(b"nothing")
    result = CliRunner().invoke(main, ["sandbox", "--p12", str(tmp_path / "keys.p12")])
    assert result.exit_code == 1
    assert "These keys cannot be used" in result.output
    assert "--p12-password" in result.output


async def test_what_was_asked_is_on_the_page(world: Any) -> None:
    await sale(world)
    async with aiohttp.ClientSession() as session, session.get(world.simulator.url) as answer:
        page = await answer.text()
    assert "<td>/pts/v2/payments</td><td>1042</td>" in page


async def test_a_chargeback_is_listed_with_its_payment_and_amount(world: Any) -> None:
    sold = await sale(world)
    said = pull(world.simulator.account, "chargeback", {"payment": sold["id"], "amount": "10.00"})
    assert said == "10.00 USD of order 1042 are charged back."
    now = datetime.now(UTC)
    start, end = (
        (now + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (-1, 1)
    )
    window = f"startTime={start}&endTime={end}"
    status, told = await send(world, "GET", f"/reporting/v3/chargeback-details?{window}")
    (row,) = told["chargebackDetails"]
    assert (status, row["amount"], row["sign"], row["merchantReferenceNumber"]) == (
        200,
        "10.00",
        "-",
        "1042",
    )
    _, told = await send(world, "GET", f"/reporting/v3/chargeback-summaries?{window}")
    assert [row["count"] for row in told["chargebackSummaries"]] == [1]
    assert (await send(world, "GET", f"/reporting/v3/retrieval-details?{window}"))[0] == 404


async def test_more_than_was_taken_is_not_charged_back(world: Any) -> None:
    sold = await sale(world)
    with pytest.raises(ValueError, match=r"25\.01 of 25\.00 USD cannot be disputed"):
        pull(world.simulator.account, "chargeback", {"payment": sold["id"], "amount": "25.01"})


async def test_an_invoice_is_paid_by_a_trigger(world: Any) -> None:
    information = INVOICE["invoiceInformation"] | {"sendImmediately": True}
    _, made = await send(world, "POST", PATH, INVOICE | {"invoiceInformation": information})
    pull(world.simulator.account, "invoice.paid", {"invoice": made["id"]})
    _, told = await send(world, "GET", f"{PATH}/{made['id']}")
    assert told["status"] == "PAID"


async def test_a_review_is_decided_by_a_trigger(world: Any) -> None:
    document = payment(world, totalAmount="9920.00")
    _, held = await send(world, "POST", "/pts/v2/payments", document)
    said = pull(world.simulator.account, "review.reject", {"payment": held["id"]})
    assert said == f"The case of {held['id']} is rejected."
