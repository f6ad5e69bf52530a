"""Misbehaviour on request: seeded, or aimed at one operation of one order."""

import random
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

FaultKind: TypeAlias = Literal[
    "slow",  # answers correctly after `seconds`
    "refuse",  # does nothing and answers `status` (429 and 503 with Retry-After: `seconds`)
    "break_before",  # does nothing and cuts the connection
    "lose_answer",  # takes effect, then cuts the connection
    "hang",  # does nothing and never answers, until the caller gives up
    "late",  # cuts the connection now and takes effect `seconds` later
    "twice",  # a message the simulator sends is sent twice
    "lost",  # a message the simulator sends is never sent
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour. `seconds` and `status` mean what the kind says."""

    kind: FaultKind
    seconds: float = 0.0
    status: int = 503


@dataclass(slots=True)
class Rule:
    """When to misbehave.

    Attributes:
        operation: which operation ("authorization", "capture", "sales_order", "*").
        subject: only for this order number; "" for any.
        chance: 0 to 1, drawn from the plan's seed for each fitting request.
        times: how often at most; None for no limit.
        after: how many fitting requests it lets by first.
    """

    operation: str
    fault: Fault
    subject: str = ""
    chance: float = 1.0
    times: int | None = None
    after: int = 0


@dataclass(slots=True)
class Faults:
    """The plan of one simulator. `down` refuses every connection's request by cutting it.
    `drawn` counts the faults there were."""

    seed: int = 0
    rules: list[Rule] = field(default_factory=list)
    down: bool = False
    drawn: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 (a simulation, not a secret)

    def draw(self, operation: str, subject: str = "") -> Fault | None:
        """The fault for this request, if any; a rule with `times` is used up one by one."""
        if self.down:
            self.drawn += 1
            return Fault("break_before")
        for rule in self.rules:
            fits = rule.operation in ("*", operation) and rule.subject in ("", subject)
            if not fits or rule.times == 0 or self._random.random() >= rule.chance:
                continue
            if rule.after:
                rule.after -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            self.drawn += 1
            return rule.fault
        return None
