"""What a session can do: small protocols. Satisfying one *is* the declaration.

A session is what `Connector.open` returns. The engine asks `isinstance(session, WritesDocuments)`
and so on; nothing is ever "not implemented".
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from tillbridge.canonical.authentications import Returned
from tillbridge.canonical.credentials import StoredCredential
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import Observation, Token
from tillbridge.canonical.rates import Rate
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.documents import DocumentShape, Fields


@dataclass(frozen=True, slots=True)
class Call:
    """What every call to another system carries.

    Attributes:
        key: the 26-character key of the business effect; it goes on the wire where the other
            side can keep it. "" for reads.
        now: when the attempt started, UTC.
        timeout_s: seconds until an unanswered call counts as unanswered.
        correlation: one id from shop to ERP, for logs and headers.
        guard: called right before bytes leave; raises Transient(sent="no") when the lease or the
            send-by moment has passed. `connector.http` calls it; a driver of its own must too.
    """

    key: str
    now: datetime
    timeout_s: float
    correlation: str
    guard: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side's answer to a write: it took effect, or it gave a business answer.

    Attributes:
        references: the ids the other side gave.
        fields: what else is worth keeping or reading in a flow (a number, totals, a status).
        observations: payment facts this answer proves.
    """

    references: tuple[ExternalReference, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The effect exists; the receipt says how it is known there."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """The effect provably does not exist and cannot come into being any more."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Not found so far, which proves nothing: ask again in `wait_s` seconds."""

    wait_s: float


Finding: TypeAlias = Found | Absent | NotYet


@dataclass(frozen=True, slots=True)
class Fenced:
    """The other side has undone the effect, or promises that it never comes into being.

    Attributes:
        undone: True when something was there and was undone.
        receipt: what the undoing itself proves.
    """

    undone: bool
    receipt: Receipt = Receipt()


Send: TypeAlias = Callable[[Call, Fields], Awaitable[Receipt]]
Find: TypeAlias = Callable[[Call, Fields, datetime], Awaitable[Finding]]
Fence: TypeAlias = Callable[[Call, Fields], Awaitable[Fenced]]


@dataclass(frozen=True, slots=True)
class Write:
    """One kind of document a session writes, and how a lost answer is resolved.

    Attributes:
        shape: what it takes.
        safety: "natural_key": the other side keeps our key under a unique index, so that sending
            again creates nothing new and answers with what is there. "find": we search by our
            reference; `find` says Absent only after the other side's stated lag has passed since
            `sent_at` (its third argument). "fence": the other side is told to undo it whether or
            not it happened. "none": a lost answer ends on a desk.
        send: raises Transient(sent="no") when it certainly did nothing, Transient(sent="perhaps")
            when it may have, Rejected for a certain no, Misconfigured for credentials and set-up.
            A business answer such as a decline is a Receipt.
        find, fence: None where the other side has no such thing. With "fence", a `find` is asked
            first when it exists.
    """

    shape: DocumentShape
    safety: Literal["natural_key", "find", "fence", "none"]
    send: Send
    find: Find | None = None
    fence: Fence | None = None

    def __post_init__(self) -> None:
        needed = {"find": self.find, "fence": self.fence}.get(self.safety, self.send)
        if needed is None:
            raise TypeError(f"{self.shape.kind} declares {self.safety!r} but does not offer it")


@dataclass(frozen=True, slots=True)
class Read:
    """One thing a session can look up.

    Attributes:
        kind: what a flow calls it ("payment_status").
        takes: the fields it needs.
        call: the answer as fields of text, plus what it proves; raises like `Write.send`.
    """

    kind: str
    takes: DocumentShape
    call: Callable[[Call, Fields], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """One record that changed.

    Attributes:
        id: the other side's id of it.
        version: what tells its changes apart: a version number, or when it changed. The same id
            and version are the same change, however often they are reported.
        fields: its fields as text, by the other side's names.
    """

    id: str
    version: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Looked:
    """Which window of time a page of changes belongs to, UTC; both ends belong to it.

    Attributes:
        is_whole: the page is its last: all that is shown of the window has been told.
    """

    since: datetime
    until: datetime
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of changes.

    Attributes:
        cursor: where the next poll goes on; kept only after the records are.
        more: True when the next page is there now.
        looked: of a poll by time: where it looked; None of others, or when nothing was asked.
    """

    records: tuple[ChangedRecord, ...]
    cursor: str
    more: bool = False
    looked: Looked | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """Records a session can be asked about: which changed since.

    Attributes:
        kind: what a flow calls it ("sales_orders").
        takes: the fields that narrow it.
        gives: the names of the fields of a record; empty when they are not known beforehand.
        call: its third argument is the cursor, "" for the first poll; raises like `Write.send`.
    """

    kind: str
    takes: DocumentShape
    gives: tuple[str, ...]
    call: Callable[[Call, Fields, str], Awaitable[Changes]]


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of `tillbridge check`: what was tried, whether it passed, and what to do if not."""

    title: str
    passed: bool
    detail: str = ""
    next_step: str = ""


@runtime_checkable
class ChecksConnection(Protocol):
    """Proves credentials and set-up with reads only. Never raises for a failed check."""

    async def check(self, call: Call) -> Sequence[CheckLine]: ...


@runtime_checkable
class Provisions(Protocol):
    """Creates in the other system what the connector needs there; running it again is harmless."""

    async def provision(self, call: Call) -> Sequence[CheckLine]: ...


@runtime_checkable
class VerifiesDeliveries(Protocol):
    """Raises Rejected(reason="bad_signature") unless the delivery is genuine and fresh."""

    def verify(self, delivery: Delivery) -> None: ...


@runtime_checkable
class TranslatesDeliveries(Protocol):
    """Pure: no I/O. Raises Rejected when the delivery cannot be understood at all."""

    def translate(self, delivery: Delivery) -> Translation: ...


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What a shop asks when a shopper pays.

    Attributes:
        attempt_key: the shop's own key of this try; the same key re-attaches to the same try.
        order: checked by the engine (`canonical.orders.check_order`), not by the connector.
        token: stands for the card.
        credential: how it stands to a stored card; None for a card that is used once.
        returned: what the shopper's page came back with, where the shopper is authenticated.
        proof: what that gave, for the authorization; the engine's. None: nobody was asked.
        owed: what is still owed of an order of which a part is paid; this pays just that. None:
            it pays the whole order.
    """

    attempt_key: str
    order: Order
    token: Token
    credential: StoredCredential | None = None
    returned: Returned | None = None
    proof: "Fields | None" = None
    owed: Money | None = None

    @property
    def amount(self) -> Money:
        """What it asks for."""
        return self.order.total if self.owed is None else self.owed


@runtime_checkable
class ReceivesCheckouts(Protocol):
    """Pure: a verified delivery as a checkout. Raises Rejected with the place of what is wrong."""

    def checkout(self, delivery: Delivery) -> CheckoutRequest: ...


@runtime_checkable
class WritesDocuments(Protocol):
    """The writes by document kind."""

    @property
    def writes(self) -> Mapping[str, Write]: ...


@runtime_checkable
class ReadsDocuments(Protocol):
    """The reads by kind."""

    @property
    def reads(self) -> Mapping[str, Read]: ...


@runtime_checkable
class PollsChanges(Protocol):
    """The polls by kind."""

    @property
    def polls(self) -> Mapping[str, Poll]: ...


@runtime_checkable
class DescribesDocuments(Protocol):
    """The documents as the other system takes them now, read of its own metadata.

    By document kind; a kind that is left out is as declared. Its widths, digits and options are
    the system's own, and `of` of a custom group names the columns that are really there. Raises
    Transient, Misconfigured.
    """

    async def describe(self, call: Call) -> Mapping[str, DocumentShape]: ...


@runtime_checkable
class ObservesPayments(Protocol):
    """Asks the payment system what it knows of an order's payment operations now.

    Every operation found under the order's reference, oldest first. An empty answer proves
    nothing (search lags).
    """

    async def observe(self, call: Call, order_number: str) -> Sequence[Observation]: ...


@dataclass(frozen=True, slots=True)
class Pull:
    """How payment operations are found that nobody told us of, whoever made them.

    Attributes:
        every_s: seconds between two looks, factor applied.
        operations: lists what was done there. The `id` of a record is the `request_id` of the
            observation that the operation becomes. One may come again; none may be left out.
        observe: what is proven of one operation, asked for by its id; empty while nothing is
            (it is not shown yet, or the payment system does not know how it ended). Asked only
            for what is not known here; raises like `Write.send`.
    """

    every_s: float
    operations: Poll
    observe: Callable[[Call, str], Awaitable[Sequence[Observation]]]


@runtime_checkable
class PullsPayments(Protocol):
    """Can be asked for what its webhooks have lost. None: switched off."""

    @property
    def pull(self) -> Pull | None: ...


@runtime_checkable
class QuotesRates(Protocol):
    """Publishes exchange rates, each with its day and its source."""

    @property
    def rates_kept_s(self) -> float:
        """Seconds after which it is worth asking whether there are newer rates."""
        ...

    async def rates(self, call: Call, since: date) -> Sequence[Rate]:
        """Every rate published for the days from `since` on.

        Rates of currencies that are no more are left out. Raises Transient, Misconfigured for a
        wrong address or credentials, Rejected when the answer is not what it should be.
        """
        ...


@runtime_checkable
class Probes(Protocol):
    """A read that is cheap and harmless, for a gate that is half open. Raises Transient."""

    async def probe(self, call: Call) -> None: ...


@runtime_checkable
class Closes(Protocol):
    """Releases pooled connections and threads."""

    async def close(self) -> None: ...
