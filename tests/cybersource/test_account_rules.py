"""Rules of the simulated account that only time or an amount brings out."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge_simulators.cybersource.outcomes import OUTCOMES, TRIGGER_AMOUNTS
from tillbridge_simulators.cybersource.retry_policy import retry_waits_s

_DAY_S = 86_400


@pytest.mark.parametrize(("amount", "outcome"), TRIGGER_AMOUNTS.items())
async def test_an_amount_says_how_its_payment_ends(
    world: Any, amount: Decimal, outcome: str
) -> None:
    receipt = await world.authorize(amount=Money(amount, "USD"))
    wanted = OUTCOMES[outcome]
    assert receipt.fields["status"] == wanted.status
    assert bool(world.simulator.live_holds()) == wanted.holds
    near = Money(amount + Decimal("0.01"), "USD")
    receipt = await world.authorize(amount=near, attempt_key="another")
    assert receipt.fields["status"] == "AUTHORIZED"


@pytest.mark.parametrize(("days", "taken"), [(179, True), (181, False)])
async def test_nothing_follows_an_authorization_that_is_180_days_old(
    world: Any, days: int, taken: bool
) -> None:
    held = (await world.authorize()).references[0].id
    paid = (await world.authorize(attempt_key="another", order_number="1043")).references[0].id
    capture = (await world.capture(paid, "25.00", order_number="1043")).references[0].id
    _later(world, days)
    for kind, fields in (
        ("capture", {"authorization_id": held}),
        ("refund", {"capture_id": capture, "order_number": "1043"}),
    ):
        document = {"order_number": "1042", "amount": Money.of("25.00", "USD"), **fields}
        if taken:
            await world.write(kind, document, key=f"late-{kind}")
        else:
            with pytest.raises(Rejected):
                await world.write(kind, document, key=f"late-{kind}")


def _later(world: Any, days: int) -> None:
    """So many days have passed, divided by the world's factor as every wait."""
    account = world.simulator.account
    now, passed_s = account.now, days * _DAY_S / account.factor
    account.now = lambda: now() + passed_s
    world.session._exchange._clock = lambda: datetime.fromtimestamp(time.time() + passed_s, UTC)


@pytest.mark.parametrize(
    ("policy", "minutes"),
    [
        ({}, (1, 1, 1)),
        ({"firstRetry": "10", "interval": "30", "numberOfRetries": "3"}, (10, 30, 30)),
        (
            {"algorithm": "GEOMETRIC", "firstRetry": 10, "interval": 30, "numberOfRetries": 3},
            (10, 290, 8700),
        ),
        (
            {
                "firstRetry": 1, "interval": 2, "numberOfRetries": 2,
                "repeatSequenceCount": 1, "repeatSequenceWaitTime": 10,
            },
            (1, 2, 11, 2),
        ),
        ({"numberOfRetries": 0}, ()),
    ],
)  # fmt: skip
def test_a_notification_is_sent_again_as_the_policy_says(
    policy: dict[str, object], minutes: tuple[int, ...]
) -> None:
    assert retry_waits_s(policy) == tuple(60.0 * one for one in minutes)
