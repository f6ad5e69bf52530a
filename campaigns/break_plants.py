"""Plants of the breaks campaign: each makes one kind of answer or break mean something else."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import tillbridge.connector.http as seam
from campaigns import break_follow
from tillbridge.canonical.error_classes import ErrorClass, class_of
from tillbridge.canonical.errors import Rejected, TillbridgeError, Transient
from tillbridge.canonical.payments import Verdict
from tillbridge.connector.breaks import BreakPoint, Outcome, classify
from tillbridge_cybersource import authorizations, exchange, follow_ons, statuses
from tillbridge_cybersource.statuses import Judgement, judge

_UNANSWERED: Final = (BreakPoint.AFTER_BYTES, BreakPoint.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Plant:
    """One defect: what it does, and what it puts in place of what."""

    title: str
    swap: Callable[[], Mapping[tuple[Any, str], Any]]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Until the end of the block."""
        swaps = self.swap()
        before = {(owner, name): getattr(owner, name) for owner, name in swaps}
        for (owner, name), value in swaps.items():
            setattr(owner, name, value)
        try:
            yield
        finally:
            for (owner, name), value in before.items():
                setattr(owner, name, value)


def _lost_is_not_sent() -> Mapping[tuple[Any, str], Any]:
    def blind(point: BreakPoint, status: int | None = None, *, write: bool) -> Outcome:
        return Outcome.NOT_SENT if point in _UNANSWERED else classify(point, status, write=write)

    return {(seam, "classify"): blind}


def _failure_is_no() -> Mapping[tuple[Any, str], Any]:
    def sure(point: BreakPoint, status: int | None = None, *, write: bool) -> Outcome:
        outcome = classify(point, status, write=write)
        return Outcome.NO if status and status >= 500 else outcome

    return {(exchange, "classify"): sure}


def _new_status_is_approved() -> Mapping[tuple[Any, str], Any]:
    def hopeful(status: str, reason: str, policy: statuses.Policy) -> Judgement:
        return judge(status, reason, policy) or Judgement(Verdict.APPROVED, reason)

    return {(authorizations, "judge"): hopeful}


def _hold_forgotten() -> Mapping[tuple[Any, str], Any]:
    plain = {**statuses._PLAIN, "AUTHORIZED_RISK_DECLINED": Verdict.DECLINED}
    return {(statuses, "_PLAIN"): plain}


def _duplicate_is_no() -> Mapping[tuple[Any, str], Any]:
    def harsh(system: str, doing: str, answer: exchange.Answer) -> TillbridgeError:
        error = statuses.refusal(system, doing, answer)
        return Rejected("refused") if answer.reason == "DUPLICATE_REQUEST" else error

    return {(authorizations, "refusal"): harsh, (follow_ons, "refusal"): harsh}


def _unknown_is_retried() -> Mapping[tuple[Any, str], Any]:
    def rash(error: TillbridgeError) -> ErrorClass:
        lost = isinstance(error, Transient) and error.sent == "perhaps"
        return ErrorClass.CONNECTION if lost else class_of(error)

    return {(break_follow, "class_of"): rash}


def _reviews_are_one() -> Mapping[tuple[Any, str], Any]:
    return {(statuses, "REVIEWS"): dict.fromkeys(statuses.REVIEWS, "decision_manager")}


SHOWN_BY: Final = frozenset({"authorization", "capture"})
"""The kinds of document with which each of them shows."""
PLANTS: Final[Mapping[str, Plant]] = {
    "lost_is_not_sent": Plant("a lost answer counts as not sent", _lost_is_not_sent),
    "failure_is_no": Plant("a server's failure counts as a no", _failure_is_no),
    "new_status_is_approved": Plant("a status nobody knows is a yes", _new_status_is_approved),
    "hold_forgotten": Plant("a hold that was declined by rule is forgotten", _hold_forgotten),
    "duplicate_is_no": Plant("what was sent before counts as refused", _duplicate_is_no),
    "unknown_is_retried": Plant("an unknown is sent again", _unknown_is_retried),
    "reviews_are_one": Plant("all reviews count as Decision Manager's", _reviews_are_one),
}
