"""The state machine of an attempt, row by row: what is seen in which state means what."""

import pytest
from tests.payments.book import HELD_ID, attempt, seen, usd

from tillbridge.canonical.events import Kind
from tillbridge.canonical.payments import AttemptState, Operation, Verdict
from tillbridge.payments.attempts import FENCING
from tillbridge.payments.judge import judge
from tillbridge.payments.known import Known

S = AttemptState
AUTH, REVIEW = Operation.AUTHORIZATION, Operation.REVIEW
CAPTURE, REVERSAL = Operation.CAPTURE, Operation.REVERSAL
V = Verdict
K = Kind

OPEN = (S.STARTED, S.UNKNOWN, S.CHALLENGE)
ENDED = (S.DECLINED, S.ABANDONED, S.REVERSED)
HELD = (S.IN_REVIEW, S.AUTHORIZED, S.CAPTURED, S.REVERSING)


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(
    ("verdict", "after", "kinds"),
    [
        (V.APPROVED, S.AUTHORIZED, (K.PAYMENT_AUTHORIZED,)),
        (V.IN_REVIEW, S.IN_REVIEW, (K.PAYMENT_IN_REVIEW,)),
        (V.HELD_DECLINED, S.REVERSING, (K.PAYMENT_DECLINED, K.PAYMENT_STRAY)),
        (V.DECLINED, S.DECLINED, (K.PAYMENT_DECLINED,)),
        (V.FAILED, S.DECLINED, (K.PAYMENT_DECLINED,)),
        (V.UNDONE, S.ABANDONED, ()),
    ],
)
def test_the_first_proof_of_an_authorization_moves_an_open_attempt(
    state: S, verdict: V, after: S, kinds: tuple[K, ...]
) -> None:
    move = judge(attempt(state), seen(AUTH, verdict))

    assert move.meaning == "moved"
    assert move.attempt is not None
    assert (move.attempt.state, move.kinds) == (after, kinds)
    assert move.attempt.held == (after in HELD)


@pytest.mark.parametrize("state", [S.STARTED, S.UNKNOWN])
def test_a_challenge_holds_nothing_and_tells_nobody(state: S) -> None:
    move = judge(attempt(state), seen(AUTH, V.CHALLENGE, amount=None))

    assert move.attempt is not None
    assert (move.attempt.state, move.attempt.held, move.kinds) == (S.CHALLENGE, False, ())


@pytest.mark.parametrize("state", HELD)
@pytest.mark.parametrize("verdict", [V.APPROVED, V.IN_REVIEW, V.HELD_DECLINED])
def test_the_same_authorization_again_confirms(state: S, verdict: V) -> None:
    assert judge(attempt(state), seen(AUTH, verdict)).meaning == "confirmed"


@pytest.mark.parametrize("state", [*HELD, *ENDED])
@pytest.mark.parametrize("verdict", [V.APPROVED, V.IN_REVIEW, V.HELD_DECLINED])
def test_an_authorization_nobody_wants_is_a_stray(state: S, verdict: V) -> None:
    move = judge(attempt(state), seen(AUTH, verdict, "another"))

    assert (move.meaning, move.attempt, move.kinds) == ("stray", None, (K.PAYMENT_STRAY,))


@pytest.mark.parametrize("verdict", [V.APPROVED, V.IN_REVIEW, V.HELD_DECLINED])
def test_what_is_found_of_an_attempt_that_is_being_fenced_is_a_stray(verdict: V) -> None:
    fenced = attempt(S.UNKNOWN, reason=FENCING)

    assert judge(fenced, seen(AUTH, verdict)).meaning == "stray"


@pytest.mark.parametrize("verdict", [V.APPROVED, V.IN_REVIEW, V.HELD_DECLINED])
def test_a_hold_of_another_amount_is_released_and_told_as_a_decline(verdict: V) -> None:
    move = judge(attempt(), seen(AUTH, verdict, amount="50.00"))

    assert move.attempt is not None
    assert (move.attempt.state, move.attempt.authorization_id) == (S.REVERSING, HELD_ID)
    assert move.kinds == (K.PAYMENT_DECLINED, K.PAYMENT_STRAY)


@pytest.mark.parametrize("state", HELD)
def test_a_decline_of_what_is_held_is_a_conflict(state: S) -> None:
    move = judge(attempt(state), seen(AUTH, V.DECLINED, amount=None))

    assert (move.meaning, move.attempt) == ("conflict", None)


@pytest.mark.parametrize("state", ENDED)
def test_a_decline_of_what_has_ended_confirms(state: S) -> None:
    assert judge(attempt(state), seen(AUTH, V.DECLINED, amount=None)).meaning == "confirmed"


@pytest.mark.parametrize(
    ("verdict", "after", "kind"),
    [
        (V.APPROVED, S.AUTHORIZED, K.PAYMENT_REVIEW_ACCEPTED),
        (V.DECLINED, S.REVERSING, K.PAYMENT_REVIEW_REJECTED),
    ],
)
def test_a_decision_ends_a_review(verdict: V, after: S, kind: K) -> None:
    move = judge(attempt(S.IN_REVIEW), seen(REVIEW, verdict, amount=None))

    assert move.attempt is not None
    assert (move.attempt.state, move.kinds) == (after, (kind,))


@pytest.mark.parametrize("state", OPEN)
def test_a_decision_before_what_it_decides_is_early(state: S) -> None:
    move = judge(attempt(state), seen(REVIEW, V.APPROVED, amount=None))

    assert (move.meaning, move.attempt) == ("early", None)


@pytest.mark.parametrize(
    ("state", "verdict", "meaning"),
    [
        (S.AUTHORIZED, V.APPROVED, "confirmed"),
        (S.CAPTURED, V.APPROVED, "confirmed"),
        (S.REVERSING, V.DECLINED, "confirmed"),
        (S.REVERSED, V.DECLINED, "confirmed"),
        (S.AUTHORIZED, V.DECLINED, "conflict"),
        (S.CAPTURED, V.DECLINED, "conflict"),
        (S.REVERSED, V.APPROVED, "conflict"),
    ],
)
def test_a_second_decision_confirms_or_is_a_conflict(state: S, verdict: V, meaning: str) -> None:
    move = judge(attempt(state), seen(REVIEW, verdict, amount=None))

    assert (move.meaning, move.attempt) == (meaning, None)


@pytest.mark.parametrize("state", HELD)
@pytest.mark.parametrize("verdict", [V.APPROVED, V.DECLINED])
def test_the_decision_about_a_stray_says_nothing_about_the_payment(state: S, verdict: V) -> None:
    move = judge(attempt(state), seen(REVIEW, verdict, "another", amount=None))

    assert (move.meaning, move.attempt) == ("confirmed", None)


@pytest.mark.parametrize("state", HELD)
def test_a_capture_of_what_is_held_counts(state: S) -> None:
    move = judge(attempt(state, captured=usd("0")), seen(CAPTURE, V.APPROVED, "c1", amount="40.00"))

    assert move.attempt is not None
    assert (move.attempt.state, move.attempt.captured) == (S.CAPTURED, usd("40.00"))
    assert move.kinds == (K.PAYMENT_CAPTURED,)


def test_a_capture_never_passes_what_was_authorized() -> None:
    captured = attempt(S.CAPTURED, captured=usd("70.00"))

    move = judge(captured, seen(CAPTURE, V.APPROVED, "c2", amount="30.01"))

    assert (move.meaning, move.attempt) == ("conflict", None)


@pytest.mark.parametrize("state", [*OPEN, *ENDED])
def test_a_capture_of_what_is_not_held_is_a_conflict_and_brings_nothing_back_to_life(
    state: S,
) -> None:
    move = judge(attempt(state), seen(CAPTURE, V.APPROVED, "c1", amount="40.00"))

    assert (move.meaning, move.attempt) == ("conflict", None)


def test_a_capture_in_another_currency_is_a_conflict() -> None:
    capture = seen(CAPTURE, V.APPROVED, "c1")
    euros = type(usd("1")).of("40.00", "EUR")

    from_elsewhere = type(capture)(
        **{name: getattr(capture, name) for name in capture.__slots__} | {"amount": euros}
    )

    assert judge(attempt(S.AUTHORIZED), from_elsewhere).meaning == "conflict"


@pytest.mark.parametrize("verdict", [V.FAILED, V.UNDONE])
def test_a_capture_that_failed_later_counts_no_more(verdict: V) -> None:
    captured = attempt(S.CAPTURED, captured=usd("70.00"))

    part = judge(captured, seen(CAPTURE, verdict, "c1", amount=None), Known(usd("30.00")))
    whole = judge(captured, seen(CAPTURE, verdict, "c1", amount="70.00"), Known(usd("70.00")))

    assert part.attempt is not None
    assert (part.attempt.state, part.attempt.captured) == (S.CAPTURED, usd("40.00"))
    assert whole.attempt is not None
    assert (whole.attempt.state, whole.attempt.captured) == (S.AUTHORIZED, usd("0"))
    assert part.kinds == whole.kinds == (K.PAYMENT_CAPTURE_FAILED,)


@pytest.mark.parametrize("verdict", [V.APPROVED, V.FAILED, V.UNDONE])
def test_a_capture_that_was_undone_before_is_not_counted_any_more(verdict: V) -> None:
    captured = attempt(S.CAPTURED, captured=usd("70.00"))

    move = judge(captured, seen(CAPTURE, verdict, "c1"), Known(usd("30.00"), undone=True))

    assert (move.meaning, move.attempt) == ("confirmed", None)


@pytest.mark.parametrize("state", [S.IN_REVIEW, S.AUTHORIZED, S.REVERSING])
def test_a_reversal_releases_the_hold(state: S) -> None:
    move = judge(attempt(state), seen(REVERSAL, V.APPROVED, "r1"))

    assert move.attempt is not None
    assert (move.attempt.state, move.attempt.held) == (S.REVERSED, False)
    assert move.attempt.reversed == usd("100.00")
    assert move.kinds == (K.PAYMENT_REVERSED,)


@pytest.mark.parametrize("state", OPEN)
def test_a_fence_that_took_effect_abandons_an_open_attempt(state: S) -> None:
    move = judge(attempt(state), seen(REVERSAL, V.APPROVED, "r1", attempt_key="w"))

    assert move.attempt is None or move.attempt.state is S.ABANDONED


def test_the_reversal_of_what_was_not_captured_leaves_the_debt_paid() -> None:
    """Were it reversed, the order could be charged a second time."""
    captured = attempt(S.CAPTURED, captured=usd("70.00"))

    move = judge(captured, seen(REVERSAL, V.APPROVED, "r1", amount="30.00"))

    assert move.attempt is not None
    assert (move.attempt.state, move.attempt.captured) == (S.CAPTURED, usd("70.00"))
    assert move.attempt.reversed == usd("30.00")
    assert move.kinds == ()


@pytest.mark.parametrize("state", [*HELD, *ENDED])
def test_the_reversal_of_a_stray_leaves_the_payment_alone(state: S) -> None:
    move = judge(attempt(state), seen(REVERSAL, V.APPROVED, "r1", parent_id="another"))

    assert (move.meaning, move.attempt) == ("confirmed", None)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("operation", [CAPTURE, REVERSAL])
def test_a_follow_on_that_was_declined_changes_nothing(state: S, operation: Operation) -> None:
    assert judge(attempt(state), seen(operation, V.DECLINED, "f1")).attempt is None
