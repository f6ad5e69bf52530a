"""What came of a call in the words of the table, and what the engine makes of that."""

from datetime import UTC, datetime
from typing import Final, cast

from campaigns.break_samples import Asking
from campaigns.break_table import READS
from campaigns.break_tuples import Tuple
from tillbridge.canonical.error_classes import ErrorClass, class_of
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.canonical.events import Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import AttemptState, Card, Observation, Verdict
from tillbridge.connections.error_policies import ErrorPolicies
from tillbridge.connector.abilities import Receipt, Write
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.judge import judge

_POLICIES: Final = ErrorPolicies()
_ATTEMPT: Final = Attempt(
    wire_key="abcdefghijklmnopqrstuvwxyz",
    connection="cards",
    shop="shop",
    attempt_key="1",
    order_number="1042",
    request_sha256=b"",
    state=AttemptState.STARTED,
    amount=Money.of("25.00", "USD"),
    captured=Money.zero("USD"),
    reversed=Money.zero("USD"),
    refunded=Money.zero("USD"),
    authorization_id="",
    approval_code="",
    reason="",
    review="",
    token="",
    card=Card(),
    held=False,
    order=cast(Order, None),  # what an observation means does not depend on what was bought
    authorized_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def named(came: Receipt | TillbridgeError | None) -> str:
    """The class a receipt or an error stands for."""
    match came:
        case None:
            return "answered"
        case Receipt(observations=()):
            return "answered"
        case Receipt(observations=(seen, *_)):
            return f"review {seen.review}" if seen.review else seen.verdict.value
        case Transient(sent="perhaps"):
            return "unknown"
        case Transient():
            return "not_done"
        case Misconfigured():
            return "set_up"
        case Rejected():
            return "refused"
    return type(came).__name__


def followed(one: Tuple, came: Receipt | TillbridgeError | None, asks: Asking) -> str:
    """What the engine does next, by its own table of policies and its own state machine."""
    if isinstance(came, TillbridgeError):
        return _after(one, came, asks)
    if came is None or not came.observations:
        return "none"
    if one.operation in ("authorization", "sale"):
        return _judged(came.observations[0])
    return "wait" if came.observations[0].verdict is Verdict.IN_REVIEW else "none"


def _after(one: Tuple, error: TillbridgeError, asks: Asking) -> str:
    error_class = class_of(error)
    policy = _POLICIES.of("cards", error_class)
    if policy.course == "proof":
        if one.operation in READS:
            return "unproven read"
        return _proof(asks.session.writes[one.kind])
    if error_class is ErrorClass.AUTHENTICATION:
        return "desk"  # its gate opens once a person has mended the connection
    return "retry" if policy.is_retried else "desk"


def _proof(write: Write) -> str:
    """An unknown has to end by a key of its own, by evidence, or by a fence."""
    ways = {
        "natural_key": True,
        "find": write.find is not None,
        "fence": write.fence is not None,
        "none": False,
    }
    return "find_or_fence" if ways[write.safety] else "desk"


def _judged(seen: Observation) -> str:
    move = judge(_ATTEMPT, seen)
    if Kind.PAYMENT_STRAY in move.kinds:
        return "reverse"
    waits = (AttemptState.IN_REVIEW, AttemptState.CHALLENGE, AttemptState.PARTIAL)
    if move.attempt is None:
        return move.meaning
    return "wait" if move.attempt.state in waits else "none"
