"""The suite itself: a connector that breaks one promise is caught by the check of that promise."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector import conformance_deliveries as deliveries
from tillbridge.connector import conformance_describing as describing
from tillbridge.connector import conformance_settings as settings_checks
from tillbridge.connector import conformance_writes as writes
from tillbridge.connector.abilities import (
    Absent,
    Call,
    Fenced,
    Finding,
    Found,
    NotYet,
    Receipt,
    Write,
)
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge.connector.settings import Secret, setting

LAG_S = 0.2
LATE_S = 0.05
SECRET = "a-secret-nobody-should-see"


@dataclass
class World:
    """The other side, in memory, and the promises the connector is going to break."""

    broken: frozenset[str]
    effects: dict[str, list[str]] = field(default_factory=dict)
    fenced: set[str] = field(default_factory=set)
    mishap: tuple[str, float] = ("", 0)
    later: set[asyncio.Task[None]] = field(default_factory=set)

    def keep(self, kind: str, key: str) -> None:
        kept = self.effects.setdefault(kind, [])
        if key in self.fenced or (key in kept and "unique_key" not in self.broken):
            return
        kept.append(key)

    async def keep_later(self, seconds: float, kind: str, key: str) -> None:
        await asyncio.sleep(seconds)
        self.keep(kind, key)

    async def send(self, kind: str, call: Call) -> None:
        """One call over an imaginary wire."""
        if "guard" not in self.broken:
            call.guard()
        (mishap, seconds), self.mishap = self.mishap, ("", 0)
        if mishap == "late":
            self.later.add(asyncio.create_task(self.keep_later(seconds, kind, call.key)))
        elif not mishap.isdigit():
            self.keep(kind, call.key)
        if mishap in ("lose", "late"):
            self._lost()
        if mishap.isdigit():
            self._answered(int(mishap), seconds)
        if mishap == "odd" and "odd" not in self.broken:
            raise Transient("An odd answer.", sent="perhaps")

    def _lost(self) -> None:
        if "lost_is_done" in self.broken:
            return
        raise Transient("No answer.", sent="no" if "lost_is_not_sent" in self.broken else "perhaps")

    def _answered(self, status: int, wait_s: float) -> None:
        if status == 429:
            raise Transient("Busy.", wait_s=None if "wait" in self.broken else wait_s)
        if status >= 500:
            raise Transient("Trouble.", sent="no" if "server_error" in self.broken else "perhaps")
        if "status" not in self.broken:
            shown = SECRET if "secret_in_error" in self.broken else ""
            raise Rejected(f"The other side answered {status}. {shown}")


@dataclass(frozen=True)
class Settings:
    """The settings of the connector under trial."""

    password: Secret = setting("Password", "The other side knows it.")


class Session:
    """Writes one kind by each kind of safety; reads deliveries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __repr__(self) -> str:
        return SECRET if "secret_in_repr" in self._world.broken else "Session"

    @property
    def writes(self) -> Mapping[str, Write]:
        return {
            "keyed": Write(shape("keyed"), "natural_key", self._sends("keyed")),
            "found": Write(shape("found"), "find", self._sends("found"), find=self._find),
            "fenced": Write(shape("fenced"), "fence", self._sends("fenced"), fence=self._fence),
        }

    async def describe(self, call: Call) -> Mapping[str, DocumentShape]:
        broken = self._world.broken
        if "writes_too" in broken:
            self._world.keep("keyed", "described")
        kind = "other" if "other_kind" in broken else "keyed"
        if "other_type" in broken:
            return {kind: replace(shape(kind), fields=(Field("new", "text"),))}
        return {kind: shape(kind)}

    def _sends(self, kind: str) -> Callable[[Call, Fields], Any]:
        async def send(call: Call, fields: Fields) -> Receipt:
            await self._world.send(kind, call)
            return Receipt((ExternalReference("books", kind, call.key),))

        return send

    async def _find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        broken = self._world.broken
        if call.key in self._world.effects.get("found", []) and "blind" not in broken:
            return Found(Receipt((ExternalReference("books", "found", call.key),)))
        age_s = (datetime.now(UTC) - sent_at).total_seconds()
        if "hasty" in broken or (age_s > LAG_S and "never_absent" not in broken):
            return Absent()
        return NotYet(LAG_S)

    async def _fence(self, call: Call, fields: Fields) -> Fenced:
        kept = self._world.effects.get("fenced", [])
        was_there = call.key in kept
        if was_there and "no_undo" not in self._world.broken:
            kept.remove(call.key)
        if "no_prevention" not in self._world.broken:
            self._world.fenced.add(call.key)
        return Fenced(was_there)

    def verify(self, delivery: Delivery) -> None:
        broken = self._world.broken
        body = delivery.body.strip() if "loose_body" in broken else delivery.body
        if "unsigned" not in broken and delivery.headers.get("signature") != body.hex():
            raise Rejected("It is not genuine.", reason="bad_signature")
        at = datetime.fromisoformat(delivery.headers["at"])
        if "stale" not in broken and delivery.received_at - at > timedelta(minutes=5):
            raise Rejected("It is old.", reason="bad_signature")

    def translate(self, delivery: Delivery) -> Translation:
        broken = self._world.broken
        if delivery.body != b'{"a": 1}' and "crash" not in broken:
            raise Rejected("It is not understood.")
        at = delivery.received_at if "impure" in broken else datetime(2026, 1, 2, tzinfo=UTC)
        at = at.replace(tzinfo=None) if "naive" in broken else at
        assert delivery.body
        event = Event("1", "books", Kind.ORDER_CANCELLED, "1042", at, EventData())
        return Translation("1", (replace(event, source="x") if "source" in broken else event,))


def shape(kind: str) -> DocumentShape:
    return DocumentShape(kind, kind, ())


def harness(*broken: str) -> Harness:
    breaks = frozenset(broken)

    def opened(_: Settings, __: Opening) -> Session:
        return Session(World(breaks))

    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        world = World(breaks)

        def plan(mishap: str, seconds: float = 0) -> None:
            world.mishap = (mishap, seconds)

        yield Bench(
            Session(world),
            "books",
            count_effects=lambda kind: len(world.effects.get(kind, [])),
            lose_next_answer=lambda _: plan("lose"),
            answer_late=lambda _, seconds: plan("late", seconds),
            answer_status=lambda _, status, wait_s: plan(str(status), wait_s),
            answer_oddly=lambda _: plan("odd"),
        )
        await asyncio.gather(*world.later)

    return Harness(
        Connector("under-trial", "Under trial", Settings, opened),
        {"password": SECRET},
        bench,
        documents={kind: lambda _: {} for kind in ("keyed", "found", "fenced")},
        deliveries={"cancelled": lambda _: genuine()},
        find_lag_s={"found": LAG_S},
        find_patience_s=0.3,
        late_s=LATE_S,
    )


def genuine() -> Delivery:
    now = datetime.now(UTC)
    headers = {"signature": b'{"a": 1}'.hex(), "at": now.isoformat()}
    return Delivery("books", "POST", "/doors/books", headers, b'{"a": 1}', now)


TestGoodConnector = conformance_suite(harness())


@pytest.mark.parametrize(
    ("broken", "kind", "check"),
    [
        ("unique_key", "keyed", writes.the_same_key_twice_writes_once),
        ("unique_key", "keyed", writes.the_same_key_at_the_same_time_writes_once),
        ("unique_key", "keyed", writes.after_a_lost_answer_the_same_key_writes_once),
        ("unique_key", "keyed", writes.when_the_first_comes_late_the_same_key_writes_once),
        ("lost_is_done", "keyed", writes.after_a_lost_answer_the_same_key_writes_once),
        ("lost_is_not_sent", "keyed", writes.after_a_lost_answer_the_same_key_writes_once),
        ("blind", "found", writes.what_was_written_is_found),
        ("blind", "found", writes.after_a_lost_answer_it_is_found),
        ("hasty", "found", writes.what_comes_late_is_never_called_absent),
        ("hasty", "found", writes.absent_is_said_only_after_the_stated_lag),
        ("never_absent", "found", writes.absent_is_said_only_after_the_stated_lag),
        ("no_undo", "fenced", writes.a_fence_undoes_what_happened),
        ("no_prevention", "fenced", writes.a_fence_prevents_what_comes_late),
        ("wait", "keyed", writes.a_429_is_waited_out),
        ("status", "keyed", writes.an_unknown_status_is_an_error),
        ("odd", "keyed", writes.an_odd_success_is_an_error),
        ("server_error", "keyed", writes.a_server_error_may_have_happened),
        ("guard", "keyed", writes.a_guard_that_refuses_stops_the_call),
        ("secret_in_error", "keyed", writes.errors_show_no_secret),
        ("unsigned", "cancelled", deliveries.an_altered_body_is_refused),
        ("unsigned", "cancelled", deliveries.a_bad_signature_is_refused),
        ("loose_body", "cancelled", deliveries.an_altered_body_is_refused),
        ("stale", "cancelled", deliveries.a_stale_delivery_is_refused),
        ("impure", "cancelled", deliveries.the_same_delivery_twice_means_the_same),
        ("naive", "cancelled", deliveries.amounts_are_exact_and_times_are_utc),
        ("source", "cancelled", deliveries.events_name_the_connection),
        ("crash", "cancelled", deliveries.rubbish_is_refused_not_crashed_on),
    ],
)
@pytest.mark.complaint("I26")
async def test_a_broken_promise_is_caught(
    broken: str, kind: str, check: Callable[[Harness, str], Any]
) -> None:
    await check(harness(), kind)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await check(harness(broken), kind)


async def test_a_description_of_other_fields_is_caught() -> None:
    await describing.what_is_described_is_what_is_taken(harness())
    for broken in ("other_kind", "other_type", "writes_too"):
        with pytest.raises(AssertionError):
            await describing.what_is_described_is_what_is_taken(harness(broken))


async def test_a_secret_in_a_repr_is_caught() -> None:
    await settings_checks.secrets_are_never_shown(harness())
    with pytest.raises(AssertionError):
        await settings_checks.secrets_are_never_shown(harness("secret_in_repr"))


async def test_settings_that_explain_nothing_or_show_a_password_are_caught() -> None:
    @dataclass(frozen=True)
    class Bare:
        password: str = setting("password")

    bare = replace(harness(), connector=Connector("bare", "Bare", Bare, lambda *_: object()))
    with pytest.raises(AssertionError):
        await settings_checks.the_settings_reference_is_complete(bare)
    with pytest.raises(AssertionError):
        await settings_checks.what_sounds_secret_is_a_secret(bare)


async def test_a_kind_without_a_sample_is_caught() -> None:
    with pytest.raises(AssertionError):
        await writes.every_kind_has_a_sample(replace(harness(), documents={}), "")


async def test_what_cannot_be_tried_is_not_applicable_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="its safety is fence"):
        await writes.the_same_key_twice_writes_once(harness(), "fenced")
    with pytest.raises(pytest.skip.Exception, match="no deliveries"):
        await deliveries.a_genuine_delivery_passes(replace(harness(), deliveries={}), "")
