"""Webhooks kept and payments adopted, by command, at a simulated account."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Tell, point_till
from tests.cybersource.test_tokens import send
from tests.payments.book import order

from tillbridge.access.audit import entries
from tillbridge.connector.delivery import PaidElsewhere
from tillbridge.database.database import Database
from tillbridge.payments.adoptions import want_adoption
from tillbridge_simulators.cybersource import CybersourceSimulator

WHY = ("--why", "In a sentence.")


class Account:
    """What `send` wants of a world: its simulator."""

    def __init__(self, simulator: CybersourceSimulator) -> None:
        self.simulator = simulator


@pytest.fixture
async def account(books: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """The site's till is a simulated account, and its webhooks are kept."""
    simulator = CybersourceSimulator(factor=100)
    await simulator.start()
    address = "webhook_url: https://books.example.com/doors/till"
    point_till(books, monkeypatch, simulator, address)
    yield Account(simulator)
    await simulator.stop()


async def pay(account: Account, order: str, amount: str) -> str:
    """Somebody pays there, and we have nothing to do with it."""
    token = account.simulator.mint_token()
    document: dict[str, Any] = {
        "clientReferenceInformation": {"code": order},
        "tokenInformation": {"transientTokenJwt": token},
        "orderInformation": {
            "amountDetails": {"totalAmount": amount, "currency": "USD"},
            "billTo": {
                "firstName": "Maya", "lastName": "Ortiz", "address1": "1 Market St",
                "locality": "San Francisco", "administrativeArea": "CA", "postalCode": "94105",
                "country": "US", "email": "maya@example.com",
            },
        },
    }  # fmt: skip
    status, told = await send(account, "POST", "/pts/v2/payments", document)
    assert status == 201, told
    return str(told["id"])


async def test_webhooks_are_provisioned_listed_and_their_keys_rotated(
    tell: Tell, account: Account, database: Database
) -> None:
    assert "No webhooks are kept" in (await tell("webhooks")).stdout
    made = await tell("provision", "till")
    assert (made.exit_code, "Made" in made.stdout) == (0, True), made.output
    again = await tell("provision", "till")
    assert (again.exit_code, "Made" in again.stdout) == (0, False), again.output
    listed = (await tell("webhooks")).stdout
    assert "https://books.example.com/doors/till" in listed
    assert "yes" in listed
    rotated = await tell("webhooks", "rotate", "till", *WHY)
    assert (rotated.exit_code, rotated.stdout.count("Made")) == (0, 2), rotated.output
    refused = await tell("webhooks", "rotate", "webshop", *WHY)
    assert (refused.exit_code, "not kept" in refused.stderr) == (1, True)
    async with database.connection() as connection:
        actions = [entry.action for entry in await entries(connection)]
    assert actions.count("rotate webhook keys") == 2


async def test_a_payment_is_adopted_by_command(
    tell: Tell, account: Account, database: Database
) -> None:
    unknown = await tell("adopt", "1042", "7000000000000000000000", *WHY)
    assert (unknown.exit_code, "No shop has told us" in unknown.stderr) == (1, True)
    assert "No shop and no person" in (await tell("adoptions")).stdout
    payment_id = await pay(account, "CART-7", "25.00")
    async with database.transaction() as tx:
        await want_adoption(
            tx, "till", "webshop", PaidElsewhere(order("1042", "25.00"), "7" * 22), "webshop"
        )
    unseen = await tell("adopt", "1042", "7" * 22, *WHY)
    assert (unseen.exit_code, "does not show" in unseen.stdout) == (1, True), unseen.output
    done = await tell("adopt", "1042", payment_id, *WHY)
    assert (done.exit_code, "is the payment of order 1042 now" in done.stdout) == (0, True), (
        done.output
    )
    listed = (await tell("adoptions")).stdout
    assert ("adopted" in listed, "waiting" in listed, "25.00 USD" in listed) == (True,) * 3
