"""A session that can be certified: asked for any operation, and its answer told as it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tillbridge.connector.abilities import Call


@dataclass(frozen=True, slots=True)
class BareAnswer:
    """What came back, judged by nobody; the body as it was before it was encrypted."""

    status: int
    body: bytes


class BareCalls(Protocol):
    """Calls that no rule of ours reads.

    Attributes:
        address: where they go: "https://apitest.cybersource.com".
        organization: who asks, as the other system calls it.
        moves_money: whether money moves there; True wherever it is not known that none does.
    """

    @property
    def address(self) -> str: ...

    @property
    def organization(self) -> str: ...

    @property
    def moves_money(self) -> bool: ...

    async def ask(
        self,
        call: Call,
        method: str,
        path: str,
        document: Mapping[str, object] | None,
        *,
        forged: bool = False,
    ) -> BareAnswer:
        """Any complete answer. `forged` spoils the signature. Raises Transient, Misconfigured."""
        ...


@runtime_checkable
class Certifiable(Protocol):
    """Lets `tillbridge certify` ask what it likes."""

    @property
    def bare(self) -> BareCalls: ...
