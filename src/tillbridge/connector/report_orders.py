"""Reports of a payment system as people handle them: which there are, which are made, one more.

Satisfying `OrdersReports` is the declaration, as in `connector.abilities`. What a report says of
the money is read by `connector.settlement_sources`, whoever ordered it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from tillbridge.connector.abilities import Call

ReportState: TypeAlias = Literal["waiting", "ready", "empty", "failed"]
"""waiting: it is being made. empty: it was made, and there was nothing to tell."""
SubscriptionForm: TypeAlias = Literal["custom", "standard", "classic"]
"""custom: with the columns we read. The others are the payment system's own."""
SchemaForm: TypeAlias = Literal["xsd", "dtd"]


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column there may be.

    Attributes:
        is_default: it is there where nobody says which columns are wanted.
        is_read: we know what it says.
    """

    id: str
    title: str
    is_required: bool
    is_default: bool
    is_read: bool


@dataclass(frozen=True, slots=True)
class ReportDefinition:
    """One kind of report there is.

    Attributes:
        name: by which it is ordered.
        read_as: what its rows are read as for settlement lines ("batches"); "" for none.
        columns: empty in a list of definitions.
    """

    name: str
    title: str
    formats: tuple[str, ...]
    read_as: str = ""
    columns: tuple[ReportColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportSubscription:
    """A report that is made again and again.

    Attributes:
        every: "daily", "weekly", "monthly", or as the payment system says it.
        starts: at which time of day, in its zone: "00:00 GMT".
        read_as: as that of its definition.
        lacks: why its rows cannot be read all the same; "" when they can.
    """

    name: str
    definition: str
    format: str
    every: str
    starts: str
    read_as: str = ""
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class MadeReport:
    """One report, made or being made.

    Attributes:
        since, until: the time it is about, UTC; `until` does not belong to it.
        made_at: None while it is not, and where it was not said.
        read_as: as that of its definition.
    """

    id: str
    name: str
    definition: str
    state: ReportState
    format: str
    since: datetime
    until: datetime
    made_at: datetime | None = None
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What came of an order.

    Attributes:
        name: of the report: that of the same definition and time is always the same.
        report: None while the payment system does not show it.
        is_new: False when it had been ordered before.
    """

    name: str
    report: MadeReport | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report as it is downloaded.

    Attributes:
        name: of the report, and the day it ends on.
        format: "csv", "xml" or "txt".
        size: in bytes; None where nobody says.
        chunks: its bytes, as fast as they are taken; raises Transient when it breaks off. It can be
            gone through once, while the file is open.
    """

    name: str
    format: str
    size: int | None
    chunks: AsyncIterator[bytes]


class DefinesReports(Protocol):
    """Which reports there are. Raises Transient, Misconfigured; Rejected for a name that is
    none."""

    async def every(self, call: Call) -> Sequence[ReportDefinition]: ...

    async def one(self, call: Call, name: str) -> ReportDefinition: ...

    async def schema(self, call: Call, name: str, form: SchemaForm) -> str:
        """What a report's XML is made of."""
        ...


class SubscribesReports(Protocol):
    """Which reports are made again and again. Raises like `DefinesReports`."""

    async def every(self, call: Call) -> Sequence[ReportSubscription]: ...

    async def one(self, call: Call, name: str) -> ReportSubscription: ...

    async def subscribe(
        self, call: Call, definition: str, form: SubscriptionForm
    ) -> ReportSubscription:
        """Has it made from now on; one that is there is left as it is.

        Raises Transient(sent="perhaps") when the answer is lost and nothing shows it: ask again.
        """
        ...

    async def unsubscribe(self, call: Call, name: str) -> None:
        """Ends it; what was made stays. A lost answer ends by a look at what is left."""
        ...


class MakesReports(Protocol):
    """Which reports were made, and one more. Raises like `DefinesReports`."""

    async def made(self, call: Call, since: datetime) -> Sequence[MadeReport]:
        """Those that were made, or are being made, since then; oldest first."""
        ...

    async def about(
        self, call: Call, definition: str, since: datetime, until: datetime
    ) -> Sequence[MadeReport]:
        """Those of one definition that tell of some of that time, or will; without the one that
        `order` would find."""
        ...

    async def order(self, call: Call, definition: str, since: datetime, until: datetime) -> Ordered:
        """Has one made of that time. What was ordered before is found and not ordered anew.

        Raises Transient(sent="perhaps") when the answer is lost and nothing shows it: ask again.
        """
        ...

    async def one(self, call: Call, id_: str) -> MadeReport:
        """One as it stands now."""
        ...


class DownloadsReports(Protocol):
    """Their files, to be kept by a person. Raises like `DefinesReports`; Rejected for a report that
    is not there."""

    def by_id(self, call: Call, id_: str) -> AbstractAsyncContextManager[ReportFile]: ...

    def by_name(self, call: Call, name: str, day: date) -> AbstractAsyncContextManager[ReportFile]:
        """Of several under that name that end on that day, the newest."""
        ...


@runtime_checkable
class OrdersReports(Protocol):
    """Its reports can be looked at, ordered and subscribed to."""

    @property
    def report_definitions(self) -> DefinesReports: ...

    @property
    def report_subscriptions(self) -> SubscribesReports: ...

    @property
    def report_orders(self) -> MakesReports: ...

    @property
    def report_downloads(self) -> DownloadsReports: ...
