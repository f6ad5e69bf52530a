"""Judge: what an observation means for an attempt. Pure: all of the state machine stands here."""

from dataclasses import dataclass, replace

from tillbridge.canonical.events import Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation, Operation, Verdict
from tillbridge.payments.attempts import ENDED, FENCING, Attempt
from tillbridge.payments.known import NOTHING_KNOWN, Known

_OPEN = frozenset({AttemptState.STARTED, AttemptState.UNKNOWN, AttemptState.CHALLENGE})
_HELD = frozenset(
    {
        AttemptState.IN_REVIEW,
        AttemptState.PARTIAL,
        AttemptState.AUTHORIZED,
        AttemptState.CAPTURED,
        AttemptState.REVERSING,
    }
)
_TAKEN_FROM = _HELD - {AttemptState.PARTIAL}
"""What is captured or made larger. A part of a payment is not, until all of it is held."""
CAPTURE_FAILED = "CAPTURE_FAILED"
"""The reason of an attempt of which a capture was taken and turned down later. One that was voided
is none: somebody meant it."""
_ACCEPTED = frozenset({AttemptState.PARTIAL, AttemptState.AUTHORIZED, AttemptState.CAPTURED})
_REFUSED = frozenset({AttemptState.REVERSING, AttemptState.REVERSED})


@dataclass(frozen=True, slots=True)
class Move:
    """What one observation means.

    Attributes:
        meaning: "moved", "confirmed", "stray" (an authorization nobody wants), "early" (a decision
            that came before what it decides), "conflict" or "unmatched".
        attempt: the attempt as it is afterwards; None leaves it as it was.
        kinds: the events that follow.
    """

    meaning: str
    attempt: Attempt | None = None
    kinds: tuple[Kind, ...] = ()


def judge(
    attempt: Attempt, seen: Observation, known: Known = NOTHING_KNOWN, *, is_owed: bool = True
) -> Move:
    """What an observation means for an attempt.

    `known` is what was seen before of the same capture, or of the capture that a void undoes;
    `is_owed`: what a later part of a payment was asked for is owed still.
    """
    if seen.operation in (Operation.AUTHORIZATION, Operation.SALE):
        return _judge_authorization(attempt, seen, is_owed)
    if seen.operation is Operation.REVIEW:
        return _judge_review(attempt, seen)
    if seen.operation is Operation.CAPTURE:
        return _judge_capture(attempt, seen, known)
    if seen.operation is Operation.REVERSAL:
        return _judge_reversal(attempt, seen)
    if seen.operation is Operation.INCREMENT:
        return _judge_increment(attempt, seen)
    if seen.operation is Operation.VOID and seen.verdict is Verdict.APPROVED:
        if not seen.parent_id and known == NOTHING_KNOWN:
            return Move("unmatched")  # nobody says of what: until somebody does, or is asked
        undone = replace(seen, verdict=Verdict.UNDONE, amount=None)
        return _judge_capture(attempt, undone, known)
    return Move("confirmed")


def _judge_authorization(attempt: Attempt, seen: Observation, is_owed: bool) -> Move:
    own = attempt.authorization_id in ("", seen.request_id)
    if seen.verdict in (Verdict.DECLINED, Verdict.FAILED):
        if attempt.state in _OPEN:
            declined = _with_answer(attempt, seen, AttemptState.DECLINED, held=False)
            return Move("moved", declined, (Kind.PAYMENT_DECLINED,))
        return Move("confirmed" if attempt.state in ENDED else "conflict")
    if seen.verdict is Verdict.CHALLENGE:
        if attempt.state in (AttemptState.STARTED, AttemptState.UNKNOWN):
            return Move("moved", _with_answer(attempt, seen, AttemptState.CHALLENGE, held=False))
        return Move("confirmed")
    if seen.verdict is Verdict.UNDONE:
        return _undone(attempt, seen, own)
    if attempt.state in _HELD:
        return Move("confirmed") if own else Move("stray", None, (Kind.PAYMENT_STRAY,))
    if attempt.state in ENDED:
        known = attempt.authorization_id == seen.request_id
        return Move("confirmed") if known else Move("stray", None, (Kind.PAYMENT_STRAY,))
    if attempt.reason == FENCING:
        return Move("stray", None, (Kind.PAYMENT_STRAY,))
    return _held(attempt, seen, is_owed)


def _held(attempt: Attempt, seen: Observation, is_owed: bool) -> Move:
    """The first proof that the issuer holds money for an attempt that was waiting for it.

    A hold of another amount than was asked for is not wanted either, unless it is kept as a part;
    nor one that somebody would have to decide about while the goods are leaving, or while the
    shopper is to pay the rest.
    """
    if seen.verdict is Verdict.PARTIAL and is_owed and _is_a_part(attempt, seen):
        held = _with_answer(attempt, seen, AttemptState.PARTIAL, held=True)
        part = replace(held, amount=seen.amount or held.amount, part=max(attempt.part, 1))
        return Move("moved", part, (Kind.PAYMENT_PARTLY_AUTHORIZED,))
    unwanted = (
        not is_owed
        or seen.verdict in (Verdict.HELD_DECLINED, Verdict.PARTIAL)
        or (attempt.follows != "" and seen.verdict is Verdict.IN_REVIEW)
    )
    if unwanted or (seen.amount is not None and seen.amount != attempt.amount):
        held = _with_answer(attempt, seen, AttemptState.REVERSING, held=True)
        if attempt.part and _is_less(seen.amount, attempt.amount):
            held = replace(held, amount=seen.amount or held.amount)  # what there is to give back
        return Move("moved", held, (Kind.PAYMENT_DECLINED, Kind.PAYMENT_STRAY))
    if seen.verdict is Verdict.IN_REVIEW:
        held = _with_answer(attempt, seen, AttemptState.IN_REVIEW, held=True)
        return Move("moved", held, (Kind.PAYMENT_IN_REVIEW,))
    assert seen.verdict is Verdict.APPROVED, seen.verdict
    held = _with_answer(attempt, seen, AttemptState.AUTHORIZED, held=True)
    if seen.operation is Operation.SALE:
        taken = replace(held, state=AttemptState.CAPTURED, captured=attempt.amount)
        return Move("moved", taken, (Kind.PAYMENT_AUTHORIZED, Kind.PAYMENT_CAPTURED))
    return Move("moved", held, (Kind.PAYMENT_AUTHORIZED,))


def _is_a_part(attempt: Attempt, seen: Observation) -> bool:
    """Whether it is known to be less than was asked for. What is authorized anew for a shipment is
    due whole."""
    is_anew = attempt.follows != "" and not attempt.part
    if is_anew or seen.operation is not Operation.AUTHORIZATION:
        return False
    return _is_less(seen.amount, attempt.amount)


def _is_less(amount: Money | None, asked: Money) -> bool:
    if amount is None or amount.currency != asked.currency:
        return False
    return bool(amount) and amount < asked


def _undone(attempt: Attempt, seen: Observation, own: bool) -> Move:
    if attempt.state in _OPEN:
        return Move("moved", _with_answer(attempt, seen, AttemptState.ABANDONED, held=False))
    if own and attempt.state in _HELD and not attempt.captured:
        undone = replace(attempt, state=AttemptState.REVERSED, held=False, reversed=attempt.amount)
        return Move("moved", undone, (Kind.PAYMENT_REVERSED,))
    return Move("confirmed")


def _judge_review(attempt: Attempt, seen: Observation) -> Move:
    if attempt.state in _OPEN:
        return Move("early")
    if attempt.authorization_id not in (seen.parent_id, seen.request_id):
        return Move("confirmed")
    if attempt.state is not AttemptState.IN_REVIEW:
        against = _ACCEPTED if seen.verdict is not Verdict.APPROVED else _REFUSED
        return Move("conflict" if attempt.state in against else "confirmed")
    if seen.verdict is Verdict.APPROVED:
        accepted = replace(attempt, state=AttemptState.AUTHORIZED, review="")
        return Move("moved", accepted, (Kind.PAYMENT_REVIEW_ACCEPTED,))
    rejected = replace(attempt, state=AttemptState.REVERSING, reason=seen.reason or attempt.reason)
    return Move("moved", rejected, (Kind.PAYMENT_REVIEW_REJECTED,))


def _judge_capture(attempt: Attempt, seen: Observation, known: Known) -> Move:
    """Each capture counts once; one that failed or was undone counts no more, in any order.

    What was captured while somebody had to decide is in review again when that is undone.
    """
    amount = seen.amount or known.captured or Money.zero(attempt.amount.currency)
    if amount.currency != attempt.amount.currency:
        return Move("conflict")
    if seen.verdict is Verdict.APPROVED:
        return Move("confirmed") if known.undone else _captured(attempt, amount)
    if seen.verdict not in (Verdict.FAILED, Verdict.UNDONE) or known.undone or not known.captured:
        return Move("confirmed")
    left = attempt.captured - known.captured
    held = AttemptState.IN_REVIEW if attempt.review else AttemptState.AUTHORIZED
    state = AttemptState.CAPTURED if left else held
    reason = CAPTURE_FAILED if seen.verdict is Verdict.FAILED else attempt.reason
    failed = replace(attempt, state=state, captured=left, reason=reason)
    return Move("moved", failed, (Kind.PAYMENT_CAPTURE_FAILED,))


def _captured(attempt: Attempt, amount: Money) -> Move:
    captured = attempt.captured + amount
    if attempt.state not in _TAKEN_FROM or attempt.amount < captured:
        return Move("conflict")
    moved = replace(attempt, state=AttemptState.CAPTURED, captured=captured, held=True)
    return Move("moved", moved, (Kind.PAYMENT_CAPTURED,))


def _judge_increment(attempt: Attempt, seen: Observation) -> Move:
    """More is held: it may be captured from then on."""
    added = seen.amount
    if seen.verdict is not Verdict.APPROVED or added is None:
        return Move("confirmed")
    if added.currency != attempt.amount.currency or attempt.state not in _TAKEN_FROM:
        return Move("conflict")
    larger = replace(attempt, amount=attempt.amount + added)
    return Move("moved", larger, (Kind.PAYMENT_INCREMENTED,))


def _judge_reversal(attempt: Attempt, seen: Observation) -> Move:
    own = seen.parent_id in ("", attempt.authorization_id)
    if seen.verdict is not Verdict.APPROVED or not own or attempt.state in ENDED:
        return Move("confirmed")
    if attempt.state in _OPEN:
        reason = "fenced" if attempt.reason == FENCING else attempt.reason
        ended = replace(attempt, state=AttemptState.ABANDONED, reason=reason, held=False)
        return Move("moved", ended)
    if attempt.captured:  # what was not captured is released; the debt stays paid
        rest = seen.amount or attempt.amount - attempt.captured
        return Move("moved", replace(attempt, reversed=rest))
    undone = replace(
        attempt, state=AttemptState.REVERSED, held=False, reversed=seen.amount or attempt.amount
    )
    return Move("moved", undone, (Kind.PAYMENT_REVERSED,))


def _with_answer(
    attempt: Attempt, seen: Observation, state: AttemptState, *, held: bool
) -> Attempt:
    return replace(
        attempt,
        state=state,
        authorization_id=seen.request_id if held else attempt.authorization_id,
        approval_code=seen.approval_code or attempt.approval_code,
        reason=seen.reason,
        review=seen.review,
        token=seen.token or attempt.token,
        card=seen.card if seen.card.brand or seen.card.last4 else attempt.card,
        held=held,
        authorized_at=seen.occurred_at if held else None,
    )
