"""A test of flows: what is sent, how the world misbehaves, what has to come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from tillbridge.canonical.errors import Place
from tillbridge.canonical.events import Event, Trigger
from tillbridge.mapping.text import Node

FaultKind: TypeAlias = Literal[
    "slow", "refuse", "break_before", "lose_answer", "late", "twice", "lost"
]
FAULTS: tuple[FaultKind, ...] = (
    "slow", "refuse", "break_before", "lose_answer", "late", "twice", "lost",
)  # fmt: skip
Ending: TypeAlias = Literal["done", "cancelled", "dead_letter", "waiting"]
ENDINGS: tuple[Ending, ...] = ("done", "cancelled", "dead_letter", "waiting")
WriteEnding: TypeAlias = Literal["done", "refused", "fenced", "unknown"]
WRITE_ENDINGS: tuple[WriteEnding, ...] = ("done", "refused", "fenced", "unknown")
CARDS: Final = (
    *("authorized", "partial", "avs_failed", "cv_failed", "contact_processor", "review"),
    *("pending_review", "risk_declined", "score", "challenge", "expired_card"),
    *("processor_declined", "insufficient_fund", "stolen_lost_card", "issuer_unavailable"),
    *("unauthorized_card", "cvn_not_match", "exceeds_credit_limit", "invalid_cvn"),
    *("declined_check", "blacklisted_customer", "suspended_account", "payment_refused"),
    *("invalid_account", "general_decline", "consumer_authentication_failed"),
    *("allowable_pin_retries_exceeded", "blocked_by_cardholder", "processor_error"),
    *("customer_watchlist_match", "address_country_watchlist_match"),
    *("email_country_watchlist_match", "ip_country_watchlist_match"),
)
"""How a card can end, in the simulated Cybersource's words."""
Document: TypeAlias = Mapping[str, Any]
"""JSON as the shop posts it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour.

    Attributes:
        operation: which request ("sales_order", "capture", "*").
        seconds: of the world's own time, for "slow" and "late".
        status: what "refuse" answers.
        times: how often at most; None for always.
    """

    operation: str
    kind: FaultKind
    seconds: int = 0
    status: int = 503
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Weather:
    """How connections' systems misbehave from now on, by connection; `down` answer nobody."""

    faults: Mapping[str, tuple[Fault, ...]]
    down: frozenset[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Checkout:
    """A shopper pays an order.

    Attributes:
        card: how the card ends ("authorized", "insufficient_fund", "review", ...).
        key: the shop's key of the try.
        answer: the status the shop has to be told; "" when it does not matter.
        owed: what is paid of an order of which a part is paid; "" for all of it.
    """

    order_number: str
    document: Document
    card: str
    key: str
    answer: str
    owed: str
    place: Place


@dataclass(frozen=True, slots=True)
class Telling:
    """The shop tells of a shipment, a refund or a cancellation ("fulfilment", "refund",
    "cancellation")."""

    operation: str
    delivery: Document
    place: Place


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody at the payment system decides about a payment in review."""

    order_number: str
    accept: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something happens at the payment system: an invoice is paid, a renewal falls due.

    Attributes:
        name: as `tillbridge sandbox trigger` has it ("invoice.paid").
        given: what it is about, by name.
    """

    name: str
    given: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that comes from nowhere: a schedule, a file, another system."""

    event: Event
    place: Place


@dataclass(frozen=True, slots=True)
class Beginning:
    """A flow begins that no delivery begins: its time has come, its file or record is there, or
    somebody asks for it by hand."""

    flow: str
    trigger: Trigger
    subject: str
    place: Place


@dataclass(frozen=True, slots=True)
class DeskAct:
    """A person at the desk: replays or gives up the dead letter of a flow, or answers what it
    asks."""

    verb: Literal["replay", "give_up", "approve", "refuse"]
    flow: str
    who: str
    place: Place


@dataclass(frozen=True, slots=True)
class Passage:
    """Time passes: what waits for so long, waits no more."""

    seconds: int
    place: Place


Act: TypeAlias = (
    Checkout | Telling | Decision | Elsewhere | Happening | Beginning | DeskAct | Passage | Weather
)


@dataclass(frozen=True, slots=True)
class ExpectedWrite:
    """A document that has to be written.

    Attributes:
        times: how often; 0: never.
        fields: the whole document, exactly; None when only `including` matters.
        including: some of its fields, exactly; None when there are none to look at.
        ends: how it ends.
    """

    connection: str
    document: str
    times: int
    fields: Node | None
    including: Node | None
    ends: WriteEnding
    place: Place


@dataclass(frozen=True, slots=True)
class ExpectedRun:
    """How a run of a flow has to end.

    Attributes:
        because: a part of the reason (of a dead letter, a stop, or what it waits for).
        times: how many runs of the flow end so.
    """

    flow: str
    ends: Ending
    because: str
    times: int
    place: Place


@dataclass(frozen=True, slots=True)
class Story:
    """One test.

    Attributes:
        acts: in their order; each begins when nothing moves any more.
        writes, runs: what is expected; a write or an unfinished run that is not expected is a
            difference, too.
        others: whether other writes may take place.
        settings: by connection, what is set otherwise in this test.
    """

    name: str
    acts: tuple[Act, ...]
    writes: tuple[ExpectedWrite, ...]
    runs: tuple[ExpectedRun, ...]
    others: bool
    place: Place
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoryFile:
    """The tests of one file."""

    path: str
    stories: tuple[Story, ...]

    @property
    def products(self) -> set[str]:
        """What its orders name."""
        acts = [act for story in self.stories for act in story.acts]
        orders = [act.document for act in acts if isinstance(act, Checkout)]
        return {str(line["product"]) for order in orders for line in order.get("lines", ())}
