"""A payment in review at a simulated account: what was told of it, and when books agree."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant
from tests.cybersource.payment_machine import Effects, Town, usd
from tests.cybersource.review_room import CONNECTION, NUMBER, Room

from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.abilities import Call
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.payments.attempts import Attempt

AMOUNT = usd(2500)
_DECIDED = {"accepted": True, "rejected": False}


class ReviewBooks(RuleBasedStateMachine):
    """The account and our room, for the rules of a machine.

    Attributes:
        told: every webhook that has left, whether it arrived or not.
        decided: by authorization, what a person at our desk has said.
    """

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self.room: Room = self.run(Room.open(dsn))
        self._town: Town | None = None
        self.told: list[Translation] = []
        self.decided: dict[str, bool] = {}

    def enter(self, town: Town) -> None:
        """The account is there, and its webhooks leave for us."""
        self._town = town
        self.effects = Effects(town)
        town.simulator.account.tell = self.tell

    @property
    def town(self) -> Town:
        assert self._town is not None, "entered"
        return self._town

    @property
    def attempt(self) -> Attempt:
        """The newest."""
        found = self.run(self.room.attempt())
        assert isinstance(found, Attempt)
        return found

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run(work)

    def rows(self) -> list[dict[str, str]]:
        """Every authorization of the order, as the account has it."""
        return self.town.simulator.holds().get(NUMBER, [])

    def attempts(self) -> dict[str, Attempt]:
        """Ours, by authorization."""
        found: dict[str, Attempt] = self.run(self.room.all())
        return found

    def do(self, kind: str, fields: Mapping[str, Any], fault: Any) -> bool:
        """Whether it took effect."""
        fields = {"order_number": NUMBER, **fields}
        receipt = self.run(self.effects.do(kind, fields, fault, kind))
        if receipt is not None:
            self.run(self.room.take(receipt.observations))
        return receipt is not None

    def tell(self, event_type: str, _: str, payload: Mapping[str, object]) -> None:
        """A webhook leaves; when it arrives is another matter."""
        body = json.dumps({"eventType": event_type, "payload": payload}).encode()
        delivery = Delivery(CONNECTION, "POST", "/", {}, body, datetime.now(UTC))
        self.told.append(self.town.session.translate(delivery))

    def let_go(self, authorization_id: str, fault: Any) -> None:
        """Releases a hold; where that is refused, it waits on a desk to be tried again."""
        amount = self.room.releases.pop(authorization_id, AMOUNT)
        if not self.run(self.room.claim_reversal(authorization_id)):
            return
        fields = {"authorization_id": authorization_id, "amount": amount}
        if not self.do("reversal", fields, fault):
            self.run(self.room.give_back(authorization_id))
            self.room.releases[authorization_id] = amount

    @invariant()
    def no_hold_is_an_orphan(self) -> None:
        self.run(self.town.simulator.settle())
        owned = {one.authorization_id for one in self.attempts().values() if one.held}
        for row in self.rows():
            is_open = Decimal(row["open"]) > 0
            assert not is_open or row["id"] in owned | self.room.releases.keys(), row

    @invariant()
    def money_adds_up(self) -> None:
        for row in self.rows():
            moved = Decimal(row["open"]) + Decimal(row["captured"]) + Decimal(row["reversed"])
            assert moved == Decimal(row["amount"]) or row["state"] == "captured", row
            assert Decimal(row["refunded"]) <= Decimal(row["captured"]), row
            movements = self.town.simulator.state.movements.by("parent_id", row["id"])
            released = [one for one in movements if one.kind == "reversal" and one.amount]
            assert len(released) <= 1, f"released twice: {released}"
        for attempt in self.attempts().values():
            assert attempt.captured.amount <= attempt.amount.amount

    def teardown(self) -> None:
        try:
            if self._town is not None and self.room.keys:
                self._hear_everything()
                self._agree()
                self.told.reverse()
                assert not self._hear_everything(), "what is told again starts something"
                self._agree()
        finally:
            if self._town is not None:
                self.run(self._town.stop())
            self.run(self.room.close())
            self._loop.close()

    def _hear_everything(self) -> bool:
        """Every webhook, every pull, and what follows from them; whether anything did."""
        for turn in range(9):
            self.run(self.town.simulator.settle())
            news = self.run(self._look())
            for authorization_id in list(self.room.releases):
                self.let_go(authorization_id, None)
            if not news:
                return turn > 0
        raise AssertionError("there is always something new")

    async def _look(self) -> bool:
        town, started = self.town, False
        for one in tuple(self.told):
            started |= await self.room.take(one.observations)
        await asyncio.sleep(town.lag_s / town.simulator.factor)
        call = Call("", datetime.now(UTC), 5.0, "machine", lambda: None)
        shown = [one.id for one in town.simulator.state.visible(call.now.timestamp())]
        assert town.session.pull is not None
        for request_id in await self.room.unheard(shown):
            started |= await self.room.take(await town.session.pull.observe(call, request_id))
        return started

    def _agree(self) -> None:
        """Everything was told: our books are the account's."""
        ours = self.attempts()
        for row in self.rows():
            if row["id"] not in ours:
                assert Decimal(row["open"]) == 0, f"nobody's hold: {row}"
                continue
            attempt = ours[row["id"]]
            assert attempt.state is self._expected(row), (row, attempt)
            assert attempt.captured.amount == Decimal(row["captured"]), (row, attempt)
            assert attempt.refunded.amount == Decimal(row["refunded"]), (row, attempt)

    def _expected(self, row: Mapping[str, str]) -> AttemptState:
        """Where an authorization stands, by the account alone and the person at our desk."""
        if Decimal(row["captured"]):
            return AttemptState.CAPTURED
        if not Decimal(row["open"]):
            return AttemptState.REVERSED
        decided = _DECIDED.get(row["review"])
        if row["status"] == "AUTHORIZED_PENDING_REVIEW" and not row["review"]:
            decided = self.decided.get(row["id"])
        elif not row["review"]:
            decided = True
        if decided is None:
            return AttemptState.IN_REVIEW
        return AttemptState.AUTHORIZED if decided else AttemptState.REVERSED
