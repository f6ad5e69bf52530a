"""Adopting: a payment that was made elsewhere is looked up by its id."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tillbridge.canonical.payments import Observation
from tillbridge.connector.abilities import Call


@runtime_checkable
class FindsPayments(Protocol):
    """Knows a payment by the payment system's own id, whoever made it."""

    async def payment(self, call: Call, payment_id: str) -> Sequence[Observation]:
        """What is proven of it: the authorization or sale first, then what followed on it.

        Empty while it is not shown. An authorization that was reversed since, by whomever, is
        UNDONE. Raises like `Write.send`.
        """
        ...
