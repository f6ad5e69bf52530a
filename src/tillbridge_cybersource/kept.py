"""Things that Cybersource keeps by id (invoices, links, plans, subscriptions): what they share.

A thing is made under an id that we choose, or is found by a mark of ours; it is changed by its id.
Making it again under the same id is refused there, and what is there then is compared with what was
asked for: that is how a lost answer is settled without a search.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Absent, Call, Finding, Found, NotYet, Receipt
from tillbridge.connector.connector import Opening
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal, unknown_status

Body: TypeAlias = Mapping[str, Any]
Holds: TypeAlias = Callable[[Body], bool]
"""Whether what is there is what was asked for."""

PAGE: Final = 100
"""Rows of one page of a list (API reference: at most 100)."""
_SUCCESS: Final = (200, 201, 204)
_DONE: Final = frozenset({"", "COMPLETED", "ACCEPTED", "PENDING_REVIEW", "DECLINED"})
"""The words of recurring billing for a request that was taken; DECLINED is an answer: what was made
is FAILED. Read bodies have none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing.

    Attributes:
        kind: its name in references and messages: "invoice".
        path: where all of them are.
        rows: what a list calls them.
        total: what a list calls how many there are.
    """

    exchange: Exchange
    settings: CybersourceSettings
    opening: Opening
    kind: str
    path: str
    rows: str
    total: str

    @property
    def noun(self) -> str:
        """As people call it: "payment link"."""
        return self.kind.replace("_", " ")

    def at(self, id_: str, *steps: str) -> str:
        """The path of one, or of something about it."""
        return "/".join((self.path, quote(id_, safe=""), *steps))

    async def read(self, call: Call, id_: str, *steps: str) -> Body | None:
        """One as it is there now; None where there is none."""
        answer = await self.exchange.read(call, self.at(id_, *steps))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refusal(self.exchange.name, f"Reading the {self.noun} {id_}", answer)
        return answer.body

    async def expect(self, call: Call, id_: str, *steps: str) -> Body:
        """One as it is there now. Raises Rejected where there is none."""
        found = await self.read(call, id_, *steps)
        if found is None:
            raise self.missing(id_)
        return found

    async def page(self, call: Call, wanted: Mapping[str, str], offset: int) -> "Page":
        """One page of those that are wanted, from `offset` on."""
        query = urlencode({**wanted, "offset": str(offset), "limit": str(PAGE)})
        answer = await self.exchange.read(call, f"{self.path}?{query}")
        if answer.status == 404:
            return Page((), offset)
        if answer.status != 200:
            raise refusal(self.exchange.name, f"Listing {self.noun}s", answer)
        rows = answer.body.get(self.rows) or ()
        total = text_of(answer.body, self.total)
        untold = offset + len(rows) + (len(rows) >= PAGE)  # behind a full page there may be more
        return Page(rows, int(total) if total.isdigit() else untold)

    async def make(self, call: Call, document: Body, id_: str, is_same: Holds) -> Body:
        """POST of a new one under an id of ours; what is there already answers for it.

        Raises:
            Rejected: "number_taken" when something else stands under the id; as
                `statuses.refusal` when nothing does.
        """
        answer = await self.exchange.write(call, self.path, document)
        if answer.status in _SUCCESS:
            return answer.body
        refused = refusal(self.exchange.name, f"Making the {self.noun} {id_}", answer)
        if not isinstance(refused, Rejected | Transient):
            raise refused
        there = await self.read(call, id_)
        if there is None:
            raise refused
        if not is_same(there):
            raise Rejected(
                f"{self.exchange.name}: there is another {self.noun} {id_} already.",
                reason="number_taken",
                next_step=f"Look at it there; give this {self.noun} another number.",
            ) from refused
        return there

    async def change(
        self,
        call: Call,
        path: str,
        document: Body | None,
        *,
        method: str = "POST",
        doing: str,
    ) -> Answer:
        """A change of one that is there. Raises as `statuses.refusal` when it is refused."""
        answer = await self.exchange.write(call, path, document, method)
        if answer.status in _SUCCESS:
            return answer
        raise refusal(self.exchange.name, doing, answer)

    async def turn(self, call: Call, id_: str, path: str, is_there: Holds, doing: str) -> Body:
        """A POST after which one is in a state, or was before: sending it again is harmless.

        Raises:
            Rejected: it is not there, or cannot come into that state.
        """
        try:
            return (await self.change(call, path, {}, doing=doing)).body
        except Rejected:
            there = await self.expect(call, id_)
            if not is_there(there):
                raise
            return there

    def finding(
        self, call: Call, found: Receipt | None, sent_at: datetime, lag_s: float | None = None
    ) -> Finding:
        """What a look at what is kept there says of a lost answer.

        `lag_s` is after how long absence is proof; by default as the connection's settings say.
        """
        if found is not None:
            return Found(found)
        factor = self.opening.factor
        absent_after_s = self.settings.kept_absent_after_s if lag_s is None else lag_s
        age_s = (call.now - sent_at).total_seconds()
        if absent_after_s and age_s >= absent_after_s / factor:
            return Absent()
        return NotYet(max(self.settings.search_lag_s / factor, 0.01))

    def receipt(self, id_: str, fields: Mapping[str, str]) -> Receipt:
        """How it is known there, and what is worth reading of it."""
        reference = ExternalReference(self.opening.connection, self.kind, id_)
        return Receipt((reference,), {name: value for name, value in fields.items() if value})

    def missing(self, id_: str) -> Rejected:
        """The error for an id under which there is none."""
        return Rejected(
            f"{self.exchange.name}: there is no {self.noun} {id_}.",
            reason=f"unknown_{self.kind}",
            next_step=f"Read it from the receipt of the write that made the {self.noun}.",
        )

    def expect_done(self, body: Body) -> None:
        """Raises Transient "perhaps" for a success in a word nobody knows."""
        status = text_of(body, "status")
        if status.upper() not in _DONE:
            raise self.odd(status)

    def odd(self, status: str) -> Transient:
        """The error for a success in a word nobody knows."""
        return unknown_status(self.exchange.name, status, "")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and how many there are in all."""

    rows: Sequence[Body]
    total: int
