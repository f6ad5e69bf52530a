"""What this Cybersource account knows: authorizations, what moved of them, and fences."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.cybersource.booked import Booked
from tillbridge_simulators.cybersource.context_keys import ContextKeys
from tillbridge_simulators.cybersource.invoicing import Invoicing
from tillbridge_simulators.cybersource.outcomes import Outcome
from tillbridge_simulators.cybersource.recurring import Recurring
from tillbridge_simulators.cybersource.reporting import Reporting
from tillbridge_simulators.cybersource.shelf import Shelf
from tillbridge_simulators.cybersource.uploaded_batch import UploadedBatch
from tillbridge_simulators.cybersource.vault import Vault

HoldState: TypeAlias = Literal["held", "nothing", "captured", "reversed", "undone"]
DisputeKind: TypeAlias = Literal["chargeback", "retrieval"]
MovementKind: TypeAlias = Literal["capture", "reversal", "void", "refund", "credit", "increment"]
_VOIDABLE = ("capture", "refund", "credit")


@dataclass(slots=True)
class Authorization:
    """One authorization.

    Attributes:
        requested, amount: what was asked for and what the issuer holds.
        captured, reversed: of `amount`.
        state: "nothing" was held, "held", "captured" (whatever was left has been released),
            "reversed", or "undone" by a fence.
        review: "" or "pending", "accepted", "rejected" by Decision Manager.
        sale: it was captured in the same request, under the same id.
        check: a bank account was debited.
        increments: how often the hold was made larger.
        customer_id: the stored customer who paid; "" for others.
        paid_with, stored: by kind, the tokens it was paid with, and those that it has made.
    """

    id: str
    code: str
    transaction_id: str
    comments: str
    requested: Decimal
    amount: Decimal
    currency: str
    outcome: Outcome
    at_s: float
    state: HoldState
    approval_code: str
    brand: str
    last4: str
    captured: Decimal = Decimal(0)
    reversed: Decimal = Decimal(0)
    captures: int = 0
    review: str = ""
    sale: bool = False
    check: bool = False
    increments: int = 0
    customer_id: str = ""
    paid_with: dict[str, dict[str, str]] = field(default_factory=dict)
    stored: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def network_id(self) -> str:
        """The card network's own id of it."""
        return f"0{self.id[-14:]}"

    @property
    def open_amount(self) -> Decimal:
        """What is still held and neither captured nor reversed."""
        return self.amount - self.captured - self.reversed if self.state == "held" else Decimal(0)


@dataclass(slots=True)
class Movement:
    """One capture, reversal, void, refund, credit or increment of a hold.

    Attributes:
        parent_id: the authorization it belongs to; of a stand-alone credit its own id.
        about_id: what it acts on: the authorization, or for a void or refund the capture.
        voided: for a capture, refund or credit, whether it was undone.
        refunded: of a capture.
        brand, last4: of the card a stand-alone credit went to.
        check: a credit to a bank account.
        failed_s, failure: when the processor turned it down after all, and why; 0 and "" else.
    """

    id: str
    kind: MovementKind
    code: str
    transaction_id: str
    comments: str
    parent_id: str
    about_id: str
    amount: Decimal
    currency: str
    status: str
    at_s: float
    voided: bool = False
    refunded: Decimal = Decimal(0)
    brand: str = ""
    last4: str = ""
    failed_s: float = 0.0
    failure: str = ""
    check: bool = False

    @property
    def undone(self) -> bool:
        """It moves no money any more."""
        return self.voided or bool(self.failed_s)


@dataclass(slots=True)
class Fence:
    """A time-out reversal or void that waits for a transaction that has not arrived."""

    kind: Literal["reversal", "void"]
    code: str
    transaction_id: str
    comments: str
    at_s: float


@dataclass(slots=True)
class Decision:
    """What somebody decided about an authorization in review: "ACCEPT" or "REJECT"."""

    authorization_id: str
    code: str
    word: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Dispute:
    """One chargeback or retrieval of a captured payment. `sign` is "-" when money leaves us."""

    kind: DisputeKind
    request_id: str
    code: str
    amount: Decimal
    currency: str
    brand: str
    sign: str
    reason_code: str
    at_s: float
    captured_s: float


@dataclass(slots=True)
class Authentication:
    """One payer authentication: it "passed", "failed", was "attempted", ..., or waits
    ("challenged"); `unanswered` is how it ends when nobody answers it."""

    id: str
    code: str
    amount: Decimal
    currency: str
    brand: str
    state: str
    unanswered: str = "failed"


@dataclass(slots=True)
class State:
    """Everything, in the order it happened."""

    seed: int = 0
    authorizations: Booked[Authorization] = field(
        default_factory=lambda: Booked("code", "transaction_id")
    )
    movements: Booked[Movement] = field(
        default_factory=lambda: Booked("code", "transaction_id", "parent_id", "about_id")
    )
    fences: dict[tuple[str, str], Fence] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    authentications: dict[str, Authentication] = field(default_factory=dict)
    case_comments: dict[str, list[str]] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    risks: Shelf = field(default_factory=Shelf)
    taxes: Shelf = field(default_factory=Shelf)
    currency_offers: Shelf = field(default_factory=Shelf)
    agreements: Shelf = field(default_factory=Shelf)
    users: Shelf = field(default_factory=Shelf)
    devices: Shelf = field(default_factory=Shelf)
    registrations: Shelf = field(default_factory=Shelf)
    searches: dict[str, dict[str, Any]] = field(default_factory=dict)
    echoes: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    batch_closed_s: float = 0.0
    batch_closings: list[float] = field(default_factory=list)
    paid_out_by_hand: list[float] = field(default_factory=list)
    reporting: Reporting = field(default_factory=Reporting)
    vault: Vault = field(default_factory=Vault)
    recurring: Recurring = field(default_factory=Recurring)
    invoicing: Invoicing = field(default_factory=Invoicing)
    subscribers: Shelf = field(default_factory=Shelf)
    wallets: Shelf = field(default_factory=Shelf)
    wallet_tokens: Shelf = field(default_factory=Shelf)
    uploads: dict[str, UploadedBatch] = field(default_factory=dict)
    signature_keys: Shelf = field(default_factory=Shelf)
    context_keys: ContextKeys = field(default_factory=ContextKeys)
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 (a simulation, not a secret)

    def new_id(self, now_s: float) -> str:
        """A request id: 22 digits that start with the time, as Cybersource's do."""
        return f"{int(now_s * 1000):013d}{self._random.randrange(10**9):09d}"

    def approval_code(self) -> str:
        return f"{self._random.randrange(10**6):06d}"

    def authorization_by(self, transaction_id: str) -> Authorization | None:
        """The latest with this transactionId that holds or held something."""
        found = self.authorizations.by("transaction_id", transaction_id)
        return found[-1] if found else None

    def taken_by(self, transaction_id: str) -> Movement | None:
        """The latest capture, sale, refund or credit with this transactionId."""
        found = self.movements.by("transaction_id", transaction_id)
        return next((one for one in reversed(found) if one.kind in _VOIDABLE), None)

    def refunded(self, authorization_id: str) -> Decimal:
        """What was given back of what was captured of an authorization."""
        movements = self.movements.by("parent_id", authorization_id)
        return sum(
            (one.amount for one in movements if one.kind == "refund" and not one.undone), Decimal(0)
        )

    def visible(
        self, until_s: float, code: str | None = None
    ) -> Iterator[Authorization | Movement]:
        """What was submitted by then, of all orders or one."""
        transactions: list[Authorization | Movement]
        if code is None:
            transactions = [*self.authorizations.values(), *self.movements.values()]
        else:
            transactions = [
                *self.authorizations.by("code", code),
                *self.movements.by("code", code),
            ]
        for one in transactions:
            if one.at_s <= until_s and (
                isinstance(one, Authorization) or one.id not in self.authorizations
            ):
                yield one

    def shown(self, id_: str, until_s: float) -> Authorization | Movement | None:
        """The transaction with this id, if it was submitted by then."""
        one = self.authorizations.get(id_) or self.movements.get(id_)
        return one if one is not None and one.at_s <= until_s else None

    def holds(self) -> dict[str, list[dict[str, str]]]:
        """By order number, every authorization and what became of it; amounts as text."""
        orders: dict[str, list[dict[str, str]]] = {}
        for one in self.authorizations.values():
            orders.setdefault(one.code, []).append(
                {
                    "id": one.id,
                    "transaction_id": one.transaction_id,
                    "status": one.outcome.status,
                    "state": one.state,
                    "currency": one.currency,
                    "amount": str(one.amount),
                    "captured": str(one.captured),
                    "refunded": str(self.refunded(one.id)),
                    "reversed": str(one.reversed),
                    "open": str(one.open_amount),
                    "review": one.review,
                }
            )
        return orders

    def live_holds(self) -> dict[str, list[dict[str, str]]]:
        """By order number, the authorizations that still hold money of a shopper."""
        live = {
            code: [row for row in rows if Decimal(row["open"]) > 0]
            for code, rows in self.holds().items()
        }
        return {code: rows for code, rows in live.items() if rows}
