"""Events: what happened, in canonical words, in the CloudEvents 1.0 envelope."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tillbridge.canonical.fulfilments import Fulfilment
from tillbridge.canonical.invoices import Invoice, PaymentLink
from tillbridge.canonical.news import News
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import Payment
from tillbridge.canonical.refunds import Refund
from tillbridge.canonical.subscriptions import Subscription


class Kind(StrEnum):
    """Every kind of event a flow can start on or wait for."""

    ORDER_FULFILLED = "order.fulfilled"
    ORDER_CANCELLED = "order.cancelled"
    REFUND_REQUESTED = "refund.requested"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_PARTLY_AUTHORIZED = "payment.partly_authorized"
    PAYMENT_LAPSED = "payment.lapsed"
    PAYMENT_IN_REVIEW = "payment.in_review"
    PAYMENT_INCREMENTED = "payment.incremented"
    PAYMENT_REVIEW_ACCEPTED = "payment.review_accepted"
    PAYMENT_REVIEW_REJECTED = "payment.review_rejected"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_CAPTURE_FAILED = "payment.capture_failed"
    PAYMENT_REVERSED = "payment.reversed"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_REFUND_FAILED = "payment.refund_failed"
    PAYMENT_STRAY = "payment.stray"
    INVOICE_SENT = "invoice.sent"
    INVOICE_PARTLY_PAID = "invoice.partly_paid"
    INVOICE_PAID = "invoice.paid"
    INVOICE_REMINDED = "invoice.reminded"
    INVOICE_OVERDUE = "invoice.overdue"
    INVOICE_CANCELLED = "invoice.cancelled"
    LINK_PAID = "link.paid"
    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_RENEWAL_DUE = "subscription.renewal_due"
    SUBSCRIPTION_RENEWED = "subscription.renewed"
    SUBSCRIPTION_RENEWAL_FAILED = "subscription.renewal_failed"
    SUBSCRIPTION_SUSPENDED = "subscription.suspended"
    SUBSCRIPTION_ACTIVATED = "subscription.activated"
    SUBSCRIPTION_CANCELLED = "subscription.cancelled"
    PAYMENT_SCREENED = "payment.screened"
    CASE_NOTED = "case.noted"
    TOKEN_CREATED = "token.created"  # noqa: S105 (a kind of event)
    TOKEN_UPDATED = "token.updated"  # noqa: S105 (a kind of event)
    TOKEN_PROVISIONED = "token.provisioned"  # noqa: S105 (a kind of event)
    TOKEN_BOUND = "token.bound"  # noqa: S105 (a kind of event)
    DOCUMENT_WRITTEN = "document.written"
    DOCUMENT_ABANDONED = "document.abandoned"
    SCHEDULE_DUE = "schedule.due"
    FILE_DROPPED = "file.dropped"
    RECORD_CHANGED = "record.changed"
    RUN_REQUESTED = "run.requested"
    FLOW_CALLED = "flow.called"
    FLOW_ENDED = "flow.ended"
    WINDOW_CLOSED = "window.closed"
    APPROVAL_ANSWERED = "approval.answered"


TRIGGERS = frozenset(
    {
        Kind.SCHEDULE_DUE,
        Kind.FILE_DROPPED,
        Kind.RECORD_CHANGED,
        Kind.RUN_REQUESTED,
        Kind.FLOW_CALLED,
        Kind.WINDOW_CLOSED,
    }
)
"""Kinds that are meant for one flow: the one that `trigger.flow` names."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document another system took (or, for DOCUMENT_ABANDONED, will never take).

    Attributes:
        document: the document's kind, such as "sales_order".
        connection: where it was written.
        references: the ids the other system gave it, by kind.
        ordinal: which one of its kind it is for the order, as the write said: a try's key, a
            fulfilment's id; "" where that is not known.
        attempt_key: the payment it was written for, as the order may be paid anew; "" where what
            led to it was no payment.
    """

    document: str
    connection: str
    references: dict[str, str] = field(default_factory=dict)
    ordinal: str = ""
    attempt_key: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """One event of a window, by what it is about."""

    kind: str
    subject: str
    occurred_at: datetime
    order: Order | None = None
    payment: Payment | None = None
    fulfilment: Fulfilment | None = None
    written: Written | None = None
    refund: Refund | None = None
    invoice: Invoice | None = None
    link: PaymentLink | None = None
    subscription: Subscription | None = None
    news: News | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a run that no delivery started, or answered one that waits.

    Attributes:
        flow: the flow it is meant for.
        name: the file's name, the record's id, the approval's or call's name.
        planned_at: the planned moment of a schedule, UTC.
        outcome: "approved" or "refused" (an approval); "done" or "cancelled" (a called flow).
        who: the person who asked for the run, or who answered.
        caller: the subject of the run that called, which is told how this one ended.
        fields: what came with it: a record's fields, a call's, a person's.
        rows: the rows of a file or of a person's input, each by column.
        events: the events of a closed window, in the order they came.
    """

    flow: str
    name: str = ""
    planned_at: datetime | None = None
    outcome: str = ""
    who: str = ""
    caller: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    rows: tuple[dict[str, str], ...] = ()
    events: tuple[Collected, ...] = ()


@dataclass(frozen=True, slots=True)
class EventData:
    """What an event is about; a kind fills the parts it has."""

    order: Order | None = None
    payment: Payment | None = None
    fulfilment: Fulfilment | None = None
    written: Written | None = None
    trigger: Trigger | None = None
    refund: Refund | None = None
    invoice: Invoice | None = None
    link: PaymentLink | None = None
    subscription: Subscription | None = None
    news: News | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        id: unique within `source`; the same id is the same happening, however often it arrives.
        source: the connection that told us, or "tillbridge".
        kind: CloudEvents `type`, without our prefix.
        subject: the order number, or what else it is about: it names the lane.
        occurred_at: when it happened at the source, UTC.
    """

    id: str
    source: str
    kind: Kind
    subject: str
    occurred_at: datetime
    data: EventData
