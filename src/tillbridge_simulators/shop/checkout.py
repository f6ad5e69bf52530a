"""How a shopper pays: one key for one try, the same key until it is answered, then other cards."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults
from tillbridge_simulators.shop.belief import Attempt, ShopOrder, State
from tillbridge_simulators.shop.client import Answer, Client

Mint: TypeAlias = Callable[[str], Awaitable[Mapping[str, str]]]
"""A token for a card that will end as named: {"kind": ..., "value": ...}."""

PATH = "/checkout/payments"
FIRST_WAIT_S, LONGEST_WAIT_S, LONGER = 1.0, 10.0, 1.5
"""Between two posts of one try, or two questions about it: the longer it takes, the rarer."""
IMPATIENCE_S = 0.5
LAST_QUESTIONS = 5

SAME_CARD_MAX = 5
"""How often a card whose try came to nothing is tried again with a new key."""

_STOP, _OTHER_CARD, _AGAIN = "stop", "other card", "same card again"
_VERDICTS = {
    "authorized": _STOP,
    "partial": _STOP,
    "in_review": _STOP,
    "declined": _OTHER_CARD,
    "challenge": _OTHER_CARD,
    "abandoned": _AGAIN,  # nothing is held; the order is payable again
}
_NOT_BEGUN = (409, 503)
"""Answers that say that this try was not begun: another is in flight, or nothing was sent."""
_ENDINGS: dict[str, State] = {"declined": "declined", "challenge": "challenge"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the shop asks for one try; waits are divided by the factor.

    Attributes:
        posts_max: how often one key is posted.
        pending_s: for how long its status address is asked.
    """

    posts_max: int = 20
    pending_s: float = 120.0
    factor: float = 1.0

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.factor)


class Checkout:
    """Pays orders. `Faults` operation "checkout": "twice" posts the same try twice at once,
    "lose_answer" hangs up early and posts again, "slow" waits before.
    """

    def __init__(
        self, client: Client, mint: Mint, faults: Faults, log: EffectLog, patience: Patience
    ) -> None:
        self._client = client
        self._mint = mint
        self._faults = faults
        self._log = log
        self._patience = patience

    async def pay(self, order: ShopOrder) -> None:
        """Tries the shopper's cards one after another until one holds or none is left."""
        for outcome in order.purchase.cards:
            for _ in range(1 if order.keys else SAME_CARD_MAX):
                verdict = await self._try_card(order, outcome)
                if verdict != _AGAIN:
                    break
            if verdict != _OTHER_CARD:
                break
        if order.state == "new":
            order.state = _ENDINGS.get(order.attempts[-1].status, "unanswered")

    async def _try_card(self, order: ShopOrder, outcome: str) -> str:
        """One try: one key, one token, asked for until it is answered."""
        tried = len(order.attempts)
        key = order.keys[tried] if order.keys else secrets.token_hex(12)
        attempt = Attempt(key, outcome)
        order.attempts.append(attempt)
        verdict = await self._ask(order, attempt)
        self._log.add(
            "checkout",
            order_number=order.number,
            key=attempt.key,
            outcome=outcome,
            status=attempt.status,
            reason=attempt.reason,
            amount=attempt.amount,
            currency=order.currency,
        )
        return verdict

    async def _ask(self, order: ShopOrder, attempt: Attempt) -> str:
        token = await self._mint(attempt.outcome)
        posted: dict[str, Any] = {"order": order.purchase.document, "token": dict(token)}
        if order.owed:
            posted["owed"] = order.owed
        body = json.dumps(posted).encode()
        wait_s = FIRST_WAIT_S
        for _ in range(self._patience.posts_max):
            answer = await self._post(order, attempt, body)
            verdict = await self._understand(order, attempt, answer)
            if verdict is not None:
                return verdict
            if answer.status != 202:
                await self._patience.wait(max(wait_s, answer.wait_s or 0.0))
                wait_s = min(LONGEST_WAIT_S, wait_s * LONGER)
        if order.state != "new":  # a message has told meanwhile
            return _STOP
        if all(status in _NOT_BEGUN for status in attempt.answers):
            order.state = "gave_up"
            return _STOP
        return await self._ask_last(order, attempt)

    async def _ask_last(self, order: ShopOrder, attempt: Attempt) -> str:
        """Before the shopper goes without an answer: what has become of the try by now."""
        wait_s = FIRST_WAIT_S
        for _ in range(LAST_QUESTIONS):
            answer = await self._client.get(f"{PATH}/{attempt.key}")
            attempt.answers.append(answer.status)
            if answer.status == 200 and answer.body.get("status") != "pending":
                return self._settled(order, attempt, answer.body)
            if answer.status == 503 and answer.body.get("safe_to_retry"):
                order.state = "gave_up"
                return _STOP
            await self._patience.wait(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * LONGER)
        if order.state == "new":
            order.state = "unanswered"
        return _STOP

    async def _post(self, order: ShopOrder, attempt: Attempt, body: bytes) -> Answer:
        fault = self._faults.draw("checkout", order.number)
        attempt.posts += 1
        if fault is not None and fault.kind == "slow":
            await self._patience.wait(fault.seconds)
        elif fault is not None and fault.kind == "lose_answer":
            await self._client.post(
                PATH, body, attempt.key, patience_s=(fault.seconds or IMPATIENCE_S)
            )
            attempt.posts += 1
        elif fault is not None and fault.kind == "twice":
            attempt.posts += 1
            _, answer = await asyncio.gather(
                self._client.post(PATH, body, attempt.key),
                self._client.post(PATH, body, attempt.key),
            )
            attempt.answers.append(answer.status)
            return answer
        answer = await self._client.post(PATH, body, attempt.key)
        attempt.answers.append(answer.status)
        return answer

    async def _understand(self, order: ShopOrder, attempt: Attempt, answer: Answer) -> str | None:
        """What the shop does next; None: post the same key again."""
        if answer.status == 200:
            return self._settled(order, attempt, answer.body)
        if answer.status == 202:
            attempt.status = "pending"
            return await self._poll(order, attempt, answer)
        error = answer.body.get("error") or {}
        attempt.reason = str(error.get("reason", "")) or attempt.reason
        in_flight = answer.status == 409 and attempt.reason == "attempt_in_flight"
        if answer.status in (0, 429, 500, 502, 503, 504) or in_flight:
            return None
        if answer.status == 409 and attempt.reason == "order_paid":
            return await self._look_back(order, attempt)
        attempt.status = order.state = "refused"
        self._log.add(
            "checkout_refused", order_number=order.number, status=answer.status, error=error
        )
        return _STOP

    async def _look_back(self, order: ShopOrder, attempt: Attempt) -> str:
        """The order is paid by an earlier try, whose answer the shop never understood."""
        attempt.status = "order_paid"
        for earlier in order.attempts[:-1]:
            answer = await self._client.get(f"{PATH}/{earlier.key}")
            if answer.status == 200:
                order.answered(earlier, answer.body)
        if order.state == "new":
            order.state = "unanswered"
        return _STOP

    async def _poll(self, order: ShopOrder, attempt: Attempt, first: Answer) -> str | None:
        address = str(first.body.get("status_url") or first.location)
        address = address or f"{PATH}/{attempt.key}"
        waited_s, wait_s = 0.0, FIRST_WAIT_S
        while waited_s < self._patience.pending_s:
            await self._patience.wait(wait_s)
            waited_s, wait_s = waited_s + wait_s, min(LONGEST_WAIT_S, wait_s * LONGER)
            answer = await self._client.get(address)
            attempt.answers.append(answer.status)
            if answer.status == 200 and answer.body.get("status") != "pending":
                return self._settled(order, attempt, answer.body)
            if answer.status == 503 and answer.body.get("safe_to_retry"):
                return None
        return None

    def _settled(self, order: ShopOrder, attempt: Attempt, body: dict[str, Any]) -> str:
        order.answered(attempt, body)
        return _VERDICTS.get(attempt.status, _STOP)
