"""A run: one event going through one flow version, or one checkout."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

import asyncpg

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.canonical.money import Money

BY_FLOW: Final = "deliver"
"""The journey of runs that go through a flow."""
OnFailure: TypeAlias = Literal["hold", "hold_all", "go_on", "stop_all"]
"""What follows a dead letter: later runs of its lane wait, those of its own flow too or not, or all
go on, or its flow is paused."""
HOLDING: Final = ("hold", "hold_all", "stop_all")
RunState: TypeAlias = Literal["ready", "waiting", "done", "dead", "cancelled"]


@dataclass(slots=True)
class Run:
    """An open run as the holder of its lane sees it.

    Attributes:
        input: for `deliver` the event's envelope; for `checkout` the attempt's order.
        steps: outcomes of its done reads, locals and waits, by step name.
        begun: keys of the effects it has begun, when it comes back.
        wait_s: seconds until it wants to be woken; None when only an event wakes it.
        tries: attempts used since the last progress, for the back-off.
        sequence: its place in its lane; a replay has that of the run it replays.
        current_step: the step that is being taken, for people.
        on_failure: what its flow says of the lane when it dies; "" while that is not known.
        owes: when it has failed: keys of all effects it still has to make, where they can be told.
    """

    id: int
    subject: str
    target: str
    journey: str
    flow: str
    flow_version: str
    event_number: int
    input: bytes
    state: RunState
    waits: tuple[str, ...]
    waiting_for: str
    tries: int
    wait_s: float | None
    sequence: int = 0
    replay_of: int | None = None
    started_at: datetime | None = None
    steps: dict[str, bytes] = field(default_factory=dict)
    begun: frozenset[str] = frozenset()
    current_step: str = ""
    on_failure: OnFailure | Literal[""] = ""
    owes: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Run":
        """A run from a row of `claim_lanes`."""
        return cls(
            id=row["id"],
            subject=row["subject"],
            target=row["target"],
            journey=row["journey"],
            flow=row["flow"],
            flow_version=row["flow_version"],
            event_number=row["event_number"],
            input=row["input"],
            state=row["state"],
            waits=tuple(row["waits"]),
            waiting_for=row["waiting_for"],
            tries=row["tries"],
            wait_s=row["wait_s"],
            sequence=row["sequence"],
            replay_of=row["replay_of"],
            started_at=row["started_at"],
            steps=dict(zip(row["step_names"] or (), row["step_outcomes"] or (), strict=True)),
            begun=frozenset(row["begun"] or ()),
        )

    @property
    def is_due(self) -> bool:
        return self.wait_s is not None and self.wait_s <= 0

    @property
    def can_go_on(self) -> bool:
        """Whether it may be advanced now, as it was claimed; otherwise it is tried again later."""
        return self.state == "ready" or bool(self.waits) or self.is_due


class Parked(Exception):
    """The run waits and frees its lane.

    Attributes:
        wait_s: seconds until it is looked at again; None when only an event wakes it.
        why: shown to people.
        kinds: the event kinds that wake it.
        counts: whether this used one of the run's tries (an outage or an unknown does not).
        is_failing: it waits because of an error or an unknown, not for something that is to come.
        cause: the error behind it, if any.
    """

    def __init__(
        self,
        wait_s: float | None,
        why: str,
        *,
        kinds: tuple[str, ...] = (),
        counts: bool = False,
        is_failing: bool = False,
        cause: TillbridgeError | None = None,
    ) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.why = why
        self.kinds = kinds
        self.counts = counts
        self.is_failing = is_failing
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Change:
    """What a turn decided about a run; written when the lane is released.

    Attributes:
        gate: the connection whose gate it is parked at; it is woken when that opens.
        is_failing: it waits because of an error or an unknown, not for something that is to come;
            later runs of its flow and lane do not begin before it goes on.
    """

    run_id: int
    state: RunState
    wait_s: float | None = None
    why: str = ""
    kinds: tuple[str, ...] = ()
    tries: int = 0
    ending: str = ""
    gate: str = ""
    is_failing: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """Why a run needs a person.

    Attributes:
        kind: its error class (canonical/error_classes.py).
        whose_turn: who can mend it: "shop", "operator", "engineer", "accountant".
        connection: where it came up; "" when that was at none.
        at_risk: the money the run is about; None when it is about none, or that cannot be told.
        owes: keys of the effects it still had to make; when later runs have made them all, it is
            resolved. Empty where they cannot be told.
        on_failure: whether it holds its lane; "" for what is no run of a flow.
    """

    run_id: int
    kind: str
    reason: str
    message: str
    whose_turn: str
    step: str = ""
    connection: str = ""
    next_step: str = ""
    at_risk: Money | None = None
    owes: tuple[str, ...] = ()
    on_failure: OnFailure | Literal[""] = ""
