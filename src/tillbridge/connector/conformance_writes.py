"""Checks of what a connector writes: that the kind of safety it declares is the truth."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from tillbridge.canonical.errors import TillbridgeError, Transient, Unreconciled
from tillbridge.connector.abilities import Absent, Finding, Found, NotYet, WritesDocuments
from tillbridge.connector.conformance_bench import (
    Bench,
    Harness,
    Try,
    error_of,
    new_call,
    new_try,
    not_applicable,
    settled,
    unanswered,
)

_LONG_AGO = timedelta(days=30)
_UNKNOWN_STATUS = 418  # RFC 2324: no business system gives it a meaning
_WAIT_S = 7.0


async def every_kind_has_a_sample(harness: Harness, kind: str) -> None:
    """The harness has a sample of every kind the session writes, under the shape's own name."""
    async with harness.open() as bench:
        if not isinstance(bench.session, WritesDocuments):
            not_applicable("the connector writes no documents")
        writes = bench.session.writes
        assert set(harness.documents) == set(writes)
        assert all(name == write.shape.kind for name, write in writes.items())
        assert kind in writes or not writes


async def a_document_is_written_once_with_its_references(harness: Harness, kind: str) -> None:
    """One send, one effect; what the other side calls it is told, under the connection's name."""
    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        receipt = await attempt.write.send(attempt.call(), attempt.fields)
        assert await attempt.standing() == 1
        assert receipt.references or receipt.observations, "a receipt says how it is known there"
        assert {reference.system for reference in receipt.references} <= {bench.connection}


async def the_same_key_twice_writes_once(harness: Harness, kind: str) -> None:
    """A natural key: sending again creates nothing and is answered with what is there."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "natural_key")
        first = await attempt.write.send(attempt.call(), attempt.fields)
        again = await attempt.write.send(attempt.call(), attempt.fields)
        assert await attempt.standing() == 1
        assert first.references == again.references


async def the_same_key_at_the_same_time_writes_once(harness: Harness, kind: str) -> None:
    """A natural key: of two sends at once, one may be told to wait; there is one effect."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "natural_key")
        await asyncio.gather(_sent_or_told_to_wait(attempt), _sent_or_told_to_wait(attempt))
        await attempt.write.send(attempt.call(), attempt.fields)
        assert await attempt.standing() == 1


async def after_a_lost_answer_the_same_key_writes_once(harness: Harness, kind: str) -> None:
    """A natural key: the first send took effect, its answer was lost, the second finds it."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "natural_key")
        await _lose_answer(attempt)
        receipt = await attempt.write.send(attempt.call(), attempt.fields)
        assert await attempt.standing() == 1
        assert receipt.references


async def when_the_first_comes_late_the_same_key_writes_once(harness: Harness, kind: str) -> None:
    """A natural key: the first send takes effect after our deadline, and after the second."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "natural_key")
        await _come_late(harness, attempt)
        await _sent_or_told_to_wait(attempt)
        await asyncio.sleep(harness.late_s * 1.5)
        await attempt.write.send(attempt.call(), attempt.fields)
        assert await attempt.standing() == 1


async def what_was_written_is_found(harness: Harness, kind: str) -> None:
    """`find` never says Absent of what is there, and says Found in the end."""
    async with harness.open() as bench:
        attempt = await _with_find(harness, bench, kind)
        sent_at = datetime.now(UTC)
        receipt = await attempt.write.send(attempt.call(), attempt.fields)
        found = await _found(harness, attempt, sent_at)
        assert set(found.receipt.references) & set(receipt.references) or not receipt.references


async def after_a_lost_answer_it_is_found(harness: Harness, kind: str) -> None:
    """`find` is evidence for a write whose answer was lost."""
    async with harness.open() as bench:
        attempt = await _with_find(harness, bench, kind)
        sent_at = datetime.now(UTC)
        await _lose_answer(attempt)
        await _found(harness, attempt, sent_at)
        assert await attempt.standing() == 1


async def what_comes_late_is_never_called_absent(harness: Harness, kind: str) -> None:
    """While a write may still take effect, `find` says NotYet."""
    async with harness.open() as bench:
        attempt = await _with_find(harness, bench, kind)
        if attempt.write.safety != "find":
            not_applicable(f"its safety is {attempt.write.safety}: find alone decides nothing")
        sent_at = datetime.now(UTC)
        await _come_late(harness, attempt)
        finding = await _find(attempt, sent_at)
        assert not isinstance(finding, Absent), "it was called absent and then came"
        await asyncio.sleep(harness.late_s * 1.5)
        await _found(harness, attempt, sent_at)


async def absent_is_said_only_after_the_stated_lag(harness: Harness, kind: str) -> None:
    """What was never sent: NotYet at first, Absent once it is old enough to be sure."""
    async with harness.open() as bench:
        attempt = await _with_find(harness, bench, kind)
        lag_s = harness.find_lag_s.get(kind)
        if lag_s is None:
            not_applicable("the harness states no find_lag_s: find never says Absent")
        if lag_s > 0:
            finding = await _find(attempt, datetime.now(UTC))
            assert isinstance(finding, NotYet), f"just sent, and already {finding}"
            assert finding.wait_s > 0
        finding = await _find(attempt, datetime.now(UTC) - _LONG_AGO)
        assert isinstance(finding, Absent), f"never sent, long ago, and yet {finding}"


async def a_fence_undoes_what_happened(harness: Harness, kind: str) -> None:
    """The answer was lost, the effect is there: after the fence it is not. Twice is harmless."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "fence")
        await _lose_answer(attempt)
        await _fence(attempt)
        assert await attempt.standing() == 0
        await _fence(attempt)
        assert await attempt.standing() == 0


async def a_fence_prevents_what_comes_late(harness: Harness, kind: str) -> None:
    """The write takes effect after the fence was put up: it must not stay."""
    async with harness.open() as bench:
        attempt = await _with_safety(harness, bench, kind, "fence")
        await _come_late(harness, attempt)
        await _fence(attempt)
        await asyncio.sleep(harness.late_s * 1.5)
        assert await attempt.standing() == 0


async def a_429_is_waited_out(harness: Harness, kind: str) -> None:
    """It becomes Transient with the wait that was asked for, and nothing was written."""
    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        error = await _answered(attempt, 429, _WAIT_S)
        assert isinstance(error, Transient), f"a 429 is Transient, not {error!r}"
        assert error.wait_s == _WAIT_S
        assert await attempt.standing() == 0


async def an_unknown_status_is_an_error(harness: Harness, kind: str) -> None:
    """A status nobody has heard of is never taken for success."""
    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        await _answered(attempt, _UNKNOWN_STATUS, 0)


async def an_odd_success_is_an_error(harness: Harness, kind: str) -> None:
    """A success in words the connector cannot know is not done, and not "no" either."""
    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        if bench.answer_oddly is None:
            not_applicable("the bench has no answer_oddly")
        await settled(bench.answer_oddly(kind))
        error = await error_of(attempt)
        unknown = isinstance(error, Transient) and error.sent == "perhaps"
        assert unknown or isinstance(error, Unreconciled), f"it may have happened: {error!r}"


async def a_server_error_may_have_happened(harness: Harness, kind: str) -> None:
    """A 500, 502 or 504 leaves a write unknown: the other side may have acted."""
    async with harness.open() as bench:
        for status in (500, 502, 504):
            attempt = await new_try(harness, bench, kind)
            error = await _answered(attempt, status, 0)
            assert isinstance(error, Transient), f"a {status} is Transient, not {error!r}"
            assert error.sent == "perhaps", f"after a {status} it may have happened"


async def a_guard_that_refuses_stops_the_call(harness: Harness, kind: str) -> None:
    """Nothing leaves once the guard says no, and the error says that nothing did."""
    refusals = []

    def refuse() -> None:
        refusals.append(1)
        raise Transient("The lease has passed to another worker.", sent="no", reason="lease")

    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        with pytest.raises(Transient) as caught:
            await attempt.write.send(
                new_call(attempt.key, harness.answer_s, refuse), attempt.fields
            )
        assert caught.value.sent == "no"
        assert refusals, "the guard was not asked"
        assert await attempt.standing() == 0


async def errors_show_no_secret(harness: Harness, kind: str) -> None:
    """Neither an error nor what caused it holds a secret of the settings."""
    async with harness.open() as bench:
        attempt = await new_try(harness, bench, kind)
        error: BaseException | None = await _answered(attempt, 400, 0)
        while error is not None:
            shown = f"{error} {error!r} {getattr(error, 'next_step', '')}"
            assert not any(secret in shown for secret in harness.secrets), type(error)
            error = error.__cause__ or error.__context__


CHECKS = (
    every_kind_has_a_sample,
    a_document_is_written_once_with_its_references,
    the_same_key_twice_writes_once,
    the_same_key_at_the_same_time_writes_once,
    after_a_lost_answer_the_same_key_writes_once,
    when_the_first_comes_late_the_same_key_writes_once,
    what_was_written_is_found,
    after_a_lost_answer_it_is_found,
    what_comes_late_is_never_called_absent,
    absent_is_said_only_after_the_stated_lag,
    a_fence_undoes_what_happened,
    a_fence_prevents_what_comes_late,
    a_429_is_waited_out,
    an_unknown_status_is_an_error,
    an_odd_success_is_an_error,
    a_server_error_may_have_happened,
    a_guard_that_refuses_stops_the_call,
    errors_show_no_secret,
)


async def _with_safety(harness: Harness, bench: Bench, kind: str, safety: str) -> Try:
    attempt = await new_try(harness, bench, kind)
    if attempt.write.safety != safety:
        not_applicable(f"its safety is {attempt.write.safety}")
    return attempt


async def _with_find(harness: Harness, bench: Bench, kind: str) -> Try:
    attempt = await new_try(harness, bench, kind)
    if attempt.write.find is None:
        not_applicable("it has no find")
    return attempt


async def _sent_or_told_to_wait(attempt: Try) -> None:
    try:
        await attempt.write.send(attempt.call(), attempt.fields)
    except Transient:
        return


async def _lose_answer(attempt: Try) -> None:
    if attempt.bench.lose_next_answer is None:
        not_applicable("the bench has no lose_next_answer")
    await settled(attempt.bench.lose_next_answer(attempt.write.shape.kind))
    await unanswered(attempt)


async def _come_late(harness: Harness, attempt: Try) -> None:
    if attempt.bench.answer_late is None:
        not_applicable("the bench has no answer_late")
    await settled(attempt.bench.answer_late(attempt.write.shape.kind, harness.late_s))
    await unanswered(attempt)


async def _answered(attempt: Try, status: int, wait_s: float) -> TillbridgeError:
    if attempt.bench.answer_status is None:
        not_applicable("the bench has no answer_status")
    await settled(attempt.bench.answer_status(attempt.write.shape.kind, status, wait_s))
    return await error_of(attempt)


async def _find(attempt: Try, sent_at: datetime) -> Finding:
    assert attempt.write.find is not None, "asked for when the try was made"
    return await attempt.write.find(attempt.call(), attempt.fields, sent_at)


async def _found(harness: Harness, attempt: Try, sent_at: datetime) -> Found:
    give_up = time.monotonic() + harness.find_patience_s
    while True:
        finding = await _find(attempt, sent_at)
        if isinstance(finding, Found):
            return finding
        assert isinstance(finding, NotYet), f"it is there, and yet {finding}"
        assert time.monotonic() < give_up, f"not found within {harness.find_patience_s} s"
        await asyncio.sleep(min(finding.wait_s, 0.1))


async def _fence(attempt: Try) -> None:
    assert attempt.write.fence is not None, "its safety is fence"
    await attempt.write.fence(attempt.call(), attempt.fields)
