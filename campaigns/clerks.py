"""Clerks: operators at the desk, who look, decide, correct and replay at random over HTTP."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from campaigns.crowd import TYPO, correct
from tillbridge_simulators.shop.belief import ShopOrder

_TIMEOUT_S = 20.0
_LETTERS_AT_ONCE = 20
_WHY = {"why": "The campaign's clerk thought so"}


@dataclass
class Clerks:
    """Two operators who do not ask each other.

    Attributes:
        letters: every dead letter they have seen, by the number of its run, as a sentence.
        did: what they did, by verb, and how it was answered.
    """

    api_url: str
    token: str
    orders: Mapping[str, ShopOrder]
    draw: random.Random
    letters: dict[int, str] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    _session: aiohttp.ClientSession | None = None

    async def work(self, wait_s: float) -> None:
        """Until cancelled: something now and then."""
        while True:
            await asyncio.sleep(self.draw.uniform(0.5, 1.5) * wait_s)
            await self.look(careful=False)

    async def look(self, *, careful: bool) -> int:
        """Takes up what stands on the desk; answers how many letters there were.

        A careful look corrects first and replays all; otherwise they do as they feel, at random.
        """
        letters = await self._open_letters()
        for letter in letters:
            run = int(letter["run_id"])
            self.letters[run] = " ".join(
                str(letter.get(name, ""))
                for name in ("subject", "flow", "kind", "reason", "message")
            )
        if not careful:
            letters = [letter for letter in letters if self.draw.random() < 0.5]
            await self._decide_some()
        await asyncio.gather(*(self._mend(letter, careful=careful) for letter in letters))
        return len(letters)

    async def switch(self, connection: str, *, paused: bool) -> bool:
        """Pauses a gate by hand, or opens it again; whether that was heard."""
        verb = "pause" if paused else "resume"
        status, _ = await self._ask("POST", f"/gates/{connection}/{verb}", _WHY)
        return status == 200

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _open_letters(self) -> list[dict[str, Any]]:
        _, answer = await self._ask("GET", f"/dead-letters?limit={_LETTERS_AT_ONCE}")
        found: list[dict[str, Any]] = answer.get("dead_letters", [])
        return found

    async def _mend(self, letter: Mapping[str, Any], *, careful: bool) -> None:
        run = int(letter["run_id"])
        order = self.orders.get(str(letter["subject"]))
        if order is not None and (careful or self.draw.random() < 0.7):
            await self._correct(run, order)
        replays = [self._steer(run, "replay")]
        if not careful and self.draw.random() < 0.3:  # the other one does the same just now
            replays.append(self._steer(run, "replay"))
        await asyncio.gather(*replays)

    async def _correct(self, run: int, order: ShopOrder) -> None:
        """What the shopper had typed wrong, here and in the shop's books; sometimes what was right
        all the time is typed once more."""
        _, shown = await self._ask("GET", f"/dead-letters/{run}")
        bought = (shown.get("content", {}).get("data", {}).get("order") or {}).get("lines", [])
        for at, line in enumerate(bought):
            product = str(line["product"]).removesuffix(TYPO)
            if product != line["product"] or self.draw.random() < 0.05:
                field_ = f"data.order.lines.{at}.product"
                await self._steer(run, "patch", {"field": field_, "value": product})
        correct(order)

    async def _decide_some(self) -> None:
        """Reviews are decided at Cybersource; now and then somebody does so here."""
        if self.draw.random() >= 0.3:
            return
        _, answer = await self._ask("GET", "/reviews?limit=5")
        for review in answer.get("reviews", [])[:1]:
            verb = "accept" if self.draw.random() < 0.8 else "reject"
            await self._ask("POST", f"/reviews/{review['order_number']}/{verb}", _WHY)

    async def _steer(self, run: int, verb: str, more: Mapping[str, Any] | None = None) -> int:
        status, _ = await self._ask("POST", f"/dead-letters/{run}/{verb}", {**_WHY, **(more or {})})
        return status

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and body; (0, {}) when nobody answered: it is tried again some other time."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                headers={"authorization": f"Bearer {self.token}"},
            )
        verb = path.partition("?")[0].rpartition("/")[2]
        verb = "show" if verb.isdigit() else verb
        try:
            async with self._session.request(method, self.api_url + path, json=body) as answer:
                found = await answer.json()
                self.did[f"{verb} {answer.status}"] += 1
                return answer.status, found if answer.status < 300 else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            self.did[f"{verb} unheard"] += 1
            return 0, {}
