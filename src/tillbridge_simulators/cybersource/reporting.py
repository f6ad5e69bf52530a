"""What is kept of reports: those that were made, and the subscriptions that make them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tillbridge_simulators.cybersource.shelf import Shelf


@dataclass(slots=True)
class Report:
    """One report that was asked for, once or by a subscription.

    Attributes:
        definition: its class ("PaymentBatchDetailClass").
        fields: the columns that were asked for, as "Request.RequestID"; empty for all.
        start_s, end_s: the time it is about; the end does not belong to it.
        ready_s: when it can be downloaded.
        content: the file, once somebody asked for it after it was ready.
        rows: how many rows it has, once it is made.
    """

    id: str
    name: str
    definition: str
    mime: str
    frequency: str
    kind: str
    timezone: str
    start_s: float
    end_s: float
    queued_s: float
    ready_s: float
    fields: tuple[str, ...] = ()
    preferences: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class BankChange:
    """The bank says that an account of an electronic check has changed."""

    code: str
    reference: str
    reason_code: str
    at_s: float


@dataclass(slots=True)
class Reporting:
    """Reports in the order they were asked for, subscriptions by name, changes of accounts."""

    changes: list[BankChange] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    subscriptions: Shelf = field(default_factory=Shelf)
    made_until: dict[str, float] = field(default_factory=dict)
