"""State machines of what Cybersource keeps by id: stored cards with their owners, subscriptions.

After any sequence with lost, late and refused answers our books are the account's.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.cybersource.payment_machine import FAULTS, Effects, Town, open_town, usd, when
from tests.cybersource.test_money_moves import visa
from tests.cybersource.test_state_machines import PROFILE

from tillbridge.connector.abilities import Receipt
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.identifiers import identified

_FAULTS = st.sampled_from(FAULTS)
_WHICH = st.integers(0, 9)


class KeptMachine(RuleBasedStateMachine):
    """An account, and documents that are sent until what became of them is known."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self._numbers = itertools.count(1)
        self.town: Town = self.run(open_town(fence=True, lag_s=0.0))
        self.effects = Effects(self.town)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run(work)

    def do(self, kind: str, fields: dict[str, Any], fault: Any = None) -> Receipt | None:
        receipt = self.run(self.effects.do(kind, fields, fault, "*"))
        assert receipt is None or isinstance(receipt, Receipt)
        return receipt

    def teardown(self) -> None:
        self.run(self.town.stop())
        self._loop.close()


def _has(name: str) -> Callable[[Any], bool]:
    return lambda machine: bool(getattr(machine, name))


class TokenMachine(KeptMachine):
    """A customer's stored cards and addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, str] = {}
        self.addresses: dict[str, str] = {}

    @initialize()
    def open(self) -> None:
        made = self.do("customer_token", {"customer_number": "C-7", "email": "maya@example.com"})
        assert made is not None
        self.customer = {"customer_token": made.references[0].id}
        account = self.town.simulator.account
        self.card = {"identifier_token": identified(Ask(account), {"card": {"number": visa()}})}

    @rule(fault=_FAULTS)
    def store_a_card(self, fault: Any) -> None:
        year = 2030 + next(self._numbers)
        fields = {**self.customer, **self.card, "expires_month": 12, "expires_year": year}
        if (made := self.do("payment_instrument", fields, fault)) is not None:
            self.cards[made.references[0].id] = str(year)

    @rule(fault=_FAULTS, which=_WHICH)
    @when(_has("cards"))
    def renew_a_card(self, fault: Any, which: int) -> None:
        id_ = list(self.cards)[which % len(self.cards)]
        year = 2030 + next(self._numbers)
        fields = {**self.customer, "instrument_token": id_, "expires_month": 12}
        if self.do("payment_instrument_update", {**fields, "expires_year": year}, fault):
            self.cards[id_] = str(year)

    @rule(fault=_FAULTS, which=_WHICH)
    @when(_has("cards"))
    def remove_a_card(self, fault: Any, which: int) -> None:
        id_ = list(self.cards)[which % len(self.cards)]
        fields = {**self.customer, "instrument_token": id_}
        if self.do("payment_instrument_deletion", fields, fault):
            del self.cards[id_]

    @rule(fault=_FAULTS)
    def store_an_address(self, fault: Any) -> None:
        city = f"Reno {next(self._numbers)}"
        fields = {**self.customer, "shipping": {"line1": "1 Main St", "city": city}}
        if (made := self.do("shipping_address", fields, fault)) is not None:
            self.addresses[made.references[0].id] = city

    @invariant()
    def the_vault_agrees(self) -> None:
        self.run(self.town.simulator.settle())
        vault = self.town.simulator.state.vault
        cards = {row["id"]: row["card"]["expirationYear"] for row in vault.instruments.where(_any)}
        places = {row["id"]: row["shipTo"]["locality"] for row in vault.addresses.where(_any)}
        assert (cards, places) == (self.cards, self.addresses)


class SubscriptionMachine(KeptMachine):
    """Subscriptions to one plan: made, suspended, gone on with, renamed and cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, tuple[str, str]] = {}

    @initialize()
    def open(self) -> None:
        fields = {"name": "Gold", "every": 1, "unit": "month", "amount": usd(2500)}
        made = self.do("plan", fields)
        assert made is not None
        self.plan = {"plan_id": made.references[0].id}

    @rule(fault=_FAULTS)
    def subscribe(self, fault: Any) -> None:
        number = next(self._numbers)
        fields = {
            **self.plan,
            "order_number": f"10{number}",
            "starts_on": datetime.now(UTC).date(),
            "name": f"Gold {number}",
            "customer": self.town.simulator.mint_token(kind="tms"),
        }
        if (made := self.do("subscription", fields, fault)) is not None:
            self.known[made.references[0].id] = (f"Gold {number}", "ACTIVE")

    @rule(
        fault=_FAULTS,
        which=_WHICH,
        to=st.sampled_from(
            (("suspension", "SUSPENDED"), ("activation", "ACTIVE"), ("cancellation", "CANCELLED"))
        ),
    )
    @when(_has("known"))
    def change(self, fault: Any, which: int, to: tuple[str, str]) -> None:
        id_ = list(self.known)[which % len(self.known)]
        fields: dict[str, Any] = {"subscription_id": id_}
        if to[0] == "activation":
            fields["bill_missed"] = False
        if self.do(f"subscription_{to[0]}", fields, fault):
            self.known[id_] = (self.known[id_][0], to[1])

    @invariant()
    def the_account_agrees(self) -> None:
        self.run(self.town.simulator.settle())
        rows = self.town.simulator.state.recurring.subscriptions.where(_any)
        told = {row["id"]: row["subscriptionInformation"] for row in rows}
        theirs = {id_: (one["name"], one["status"]) for id_, one in told.items()}
        assert theirs == self.known


def _any(_: object) -> bool:
    return True


TestTokens = TokenMachine.TestCase
TestTokens.settings = PROFILE
TestSubscriptions = SubscriptionMachine.TestCase
TestSubscriptions.settings = PROFILE
