"""What is asked of the account, and what it offers: an operation of the index and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer
from tillbridge_simulators.cybersource.multipart import SentFile


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that was let in.

    Attributes:
        ids: the parameters of the path by the names the index gives them.
        query: of the address.
        document: the body; empty where there is none.
        files: of an operation that takes files.
        rows: of an operation that takes a list.
    """

    account: Account
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[SentFile] = ()
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def id(self) -> str:
        """The path's last parameter: what the request is about; "" where it has none."""
        return list(self.ids.values())[-1] if self.ids else ""


Act: TypeAlias = Callable[[Ask], Answer]
"""Does one request, or raises Refusal; never waits, so each act is one transaction."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One operation that is served.

    Attributes:
        key: of the recorded index ("capture.capture_payment").
        operation: what faults and the log call it; several keys may share one.
        takes: what its body is: an object, a list of objects (or one of them), or files.
    """

    key: str
    operation: str
    act: Act
    takes: Literal["json", "list", "files"] = "json"
