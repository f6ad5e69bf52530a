"""Where a payment system says what became of the money: reports that get ready, window by window.

Satisfying `SettlesPayments` is the declaration, as in `connector.abilities`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from tillbridge.canonical.payments import Observation
from tillbridge.canonical.settlements import SettlementLine
from tillbridge.connector.abilities import Call, ChangedRecord, Poll

Told: TypeAlias = SettlementLine | Observation
"""What a row says: of the money, or of an operation that ended otherwise than it was told."""


@dataclass(frozen=True, slots=True)
class SettlementSource:
    """One way to ask.

    Attributes:
        name: of the source, for people and its cursor.
        every_s: seconds between two questions, factor applied.
        ready: lists what can be read. A record's id is the report's, its fields `name`, `title`,
            `since` and `until` where they are known; the same one may come again.
        lines: what stands in one of them, some rows at a time, as they come: it may be larger than
            memory. Every line's `report` is known by itself, and reading twice gives the same.
            Raises Rejected with file, line and column where a report is not what it should be;
            else like `Write.send`.
    """

    name: str
    every_s: float
    ready: Poll
    lines: Callable[[Call, ChangedRecord], AsyncIterator[Sequence[Told]]]


@runtime_checkable
class SettlesPayments(Protocol):
    """Says what became of the money. Empty: switched off."""

    @property
    def settlement_sources(self) -> Sequence[SettlementSource]: ...
