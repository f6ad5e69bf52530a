"""Keeping the other system's webhooks: one subscription that is right, whoever asks how often."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from tillbridge.connector.abilities import Call, CheckLine

Telling: TypeAlias = Literal["telling", "waiting", "suspended", "blocked", "off", "none"]
"""Whether the other system tells us: it does; it will when its review is over; it keeps what it has
to tell until we are reachable; it will not; somebody switched it off; nothing is subscribed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known here before the webhooks are looked at.

    Attributes:
        id: the subscription's id as it was last kept; "" when none was.
        rotate: the keys are replaced, whether they have to be or not.
        unknown_key: events come that are signed with a key nobody here knows.
    """

    id: str = ""
    rotate: bool = False
    unknown_key: bool = False


@dataclass(frozen=True, slots=True)
class Subscribed:
    """How the webhooks stand afterwards.

    Attributes:
        id: the one subscription's; "" when there is none.
        url: where events are sent.
        status: the other system's own word.
        events: how many kinds of events it tells.
        keys_expire_at: when the first of the keys in use ends; None when that is not known.
        lines: what was looked at, made, changed and removed.
    """

    id: str
    url: str
    telling: Telling
    status: str
    events: int
    keys_expire_at: datetime | None
    lines: Sequence[CheckLine]


@dataclass(frozen=True, slots=True)
class WebhookKeeping:
    """How a connection's webhooks are kept.

    Attributes:
        every_s: seconds between two looks, factor applied.
        keep: compares what is subscribed with what is needed; makes what is missing, mends what
            differs, removes duplicates of ours, replaces keys that end. Called by one at a time;
            after a lost answer it is called again. Raises like `Write.send`.
        sample: has a sample sent to the subscription of that id; answers which event it is of.
    """

    every_s: float
    keep: Callable[[Call, Wish], Awaitable[Subscribed]]
    sample: Callable[[Call, str], Awaitable[str]]


@runtime_checkable
class KeepsWebhooks(Protocol):
    """Sees to it that the other system tells us what happens there. None: switched off."""

    @property
    def webhooks(self) -> WebhookKeeping | None: ...
