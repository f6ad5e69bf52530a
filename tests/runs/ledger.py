"""A tiny system outside: it takes documents under keys, and answers or not as it is told."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import (
    Absent,
    Call,
    Fenced,
    Finding,
    Found,
    NotYet,
    Receipt,
    Write,
)
from tillbridge.connector.documents import DocumentShape, Fields

SHAPE = DocumentShape("note", "A note", ())


@dataclass
class Ledger:
    """Attributes: taken: document by key, in order; sends: how often it was asked to."""

    lose_answers: int = 0
    not_sent: int = 0
    refuse: bool = False
    lag: bool = False
    absent: bool = False
    taken: dict[str, Fields] = field(default_factory=dict)
    burnt: set[str] = field(default_factory=set)
    sends: int = 0
    sent_at: float = 0.0

    def write(self, safety: str) -> Write:
        """Its write, with the kind of safety a test is about."""
        return Write(
            SHAPE,
            safety,  # type: ignore[arg-type]  # a test names one of the four
            self.send,
            find=self.find if safety in ("find", "fence") else None,
            fence=self.fence if safety == "fence" else None,
        )

    async def send(self, call: Call, fields: Fields) -> Receipt:
        call.guard()
        self.sends += 1
        self.sent_at = time.monotonic()
        if self.not_sent:
            self.not_sent -= 1
            raise Transient("refused connection", sent="no", gate=True)
        if self.refuse:
            raise Rejected("no such account", reason="no_account")
        if call.key not in self.burnt:
            self.taken.setdefault(call.key, fields)
        if self.lose_answers:
            self.lose_answers -= 1
            raise Transient("the answer was lost", sent="perhaps", gate=True)
        return self._receipt(call.key)

    async def find(self, call: Call, _fields: Fields, _sent_at: datetime) -> Finding:
        if call.key in self.taken and not self.lag:
            return Found(self._receipt(call.key))
        return Absent() if self.absent else NotYet(0.05)

    async def fence(self, call: Call, _fields: Fields) -> Fenced:
        self.burnt.add(call.key)
        return Fenced(self.taken.pop(call.key, None) is not None)

    def _receipt(self, key: str) -> Receipt:
        fields: Mapping[str, str] = {"status": "taken"}
        return Receipt((ExternalReference("ledger", "note", key),), fields)
