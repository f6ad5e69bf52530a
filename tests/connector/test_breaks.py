"""The table of breaks, row by row."""

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for

UNSENT = ("not_allowed", "dns", "refused", "tls", "connect_timeout")


@pytest.mark.parametrize("point", UNSENT)
@pytest.mark.parametrize("write", [True, False])
def test_what_never_left_was_not_sent(point: str, write: bool) -> None:
    assert classify(BreakPoint(point), write=write) is Outcome.NOT_SENT


@pytest.mark.parametrize("point", ["after_bytes", "timeout"])
def test_what_left_and_was_not_answered_is_unknown_for_a_write(point: str) -> None:
    assert classify(BreakPoint(point), write=True) is Outcome.UNKNOWN
    assert classify(BreakPoint(point), write=False) is Outcome.BUSY


@pytest.mark.parametrize(
    ("status", "write", "read"),
    [
        (200, "done", "done"),
        (201, "done", "done"),
        (204, "done", "done"),
        (301, "no", "no"),
        (304, "no", "no"),
        (400, "no", "no"),
        (401, "credentials", "credentials"),
        (403, "credentials", "credentials"),
        (404, "no", "no"),
        (408, "unknown", "busy"),
        (409, "no", "no"),
        (412, "no", "no"),
        (418, "no", "no"),
        (422, "no", "no"),
        (429, "unknown", "rate_limited"),
        (500, "unknown", "busy"),
        (502, "unknown", "busy"),
        (503, "unknown", "busy"),
        (504, "unknown", "busy"),
        (520, "unknown", "busy"),
        (599, "unknown", "busy"),
    ],
)
def test_every_status_has_its_class(status: int, write: str, read: str) -> None:
    assert classify(BreakPoint.ANSWERED, status, write=True) == write
    assert classify(BreakPoint.ANSWERED, status, write=False) == read


def test_an_answer_without_a_status_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        classify(BreakPoint.ANSWERED, write=True)


@pytest.mark.parametrize(
    ("outcome", "error", "sent"),
    [
        (Outcome.NOT_SENT, Transient, "no"),
        (Outcome.BUSY, Transient, "no"),
        (Outcome.RATE_LIMITED, Transient, "no"),
        (Outcome.UNKNOWN, Transient, "perhaps"),
        (Outcome.NO, Rejected, None),
        (Outcome.CREDENTIALS, Misconfigured, None),
    ],
)
def test_every_class_has_its_error(outcome: Outcome, error: type, sent: str | None) -> None:
    made = error_for(outcome, "Something broke.", wait_s=3.0)
    assert type(made) is error
    if isinstance(made, Transient):
        assert (made.sent, made.wait_s, made.gate) == (sent, 3.0, True)


def test_what_is_done_has_no_error() -> None:
    with pytest.raises(AssertionError):
        error_for(Outcome.DONE, "Fine.")
