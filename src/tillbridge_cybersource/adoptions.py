"""A payment that somebody else made on the account: its details, and those of what followed.

Source: Transaction Details API. What Cybersource undid in the same request, as it does for what its
own rules refuse, is listed among the request's services beside the authorization.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector.abilities import Call
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.search import Hit, Search

RELATED_MAX = 200
"""Operations of one payment that are read, one question each: a hold has at most 99 captures."""
_PAYS = (Operation.AUTHORIZATION, Operation.SALE)


class Payments:
    """Reads one account's payments by their ids."""

    def __init__(self, search: Search) -> None:
        self._search = search

    async def payment(self, call: Call, payment_id: str) -> Sequence[Observation]:
        """The payment, then what followed on it as far as search shows it.

        Raises Unreconciled when more followed than is read: half of a story proves nothing.
        """
        hit = await self._search.one(call, payment_id)
        first = self._search.observation(hit) if hit is not None else None
        if hit is None or first is None:
            return ()
        if hit.operation not in _PAYS:
            return (first,)
        related = await self._related(call, hit)
        if _is_undone_at_once(hit.body) or _is_let_go(related):
            return (replace(first, verdict=Verdict.UNDONE),)
        seen = [found for other in related if (found := self._search.observation(other))]
        return (first, *sorted(seen, key=lambda one: one.occurred_at))

    def seen(self, hit: Hit, hits: Sequence[Hit]) -> Observation | None:
        """What a hit proves beside the others of its order; None when it proves nothing.

        An authorization that was reversed whole, by whomever, is UNDONE: nothing of it is left to
        be decided about, or to be reversed once more.
        """
        found = self._search.observation(hit)
        own = [other for other in hits if other.root_id == hit.id]
        is_gone = hit.operation is Operation.AUTHORIZATION and _is_let_go(own)
        return replace(found, verdict=Verdict.UNDONE) if found and is_gone else found

    async def _related(self, call: Call, hit: Hit) -> list[Hit]:
        """What refers to it, and what refers to that: a refund is related to its capture."""
        found: dict[str, Hit] = {}
        waiting = list(hit.related)
        while waiting:
            id_ = waiting.pop(0)
            if id_ in found or id_ == hit.id:
                continue
            if len(found) == RELATED_MAX:
                raise _too_many(hit.id)
            other = await self._search.one(call, id_)
            if other is not None:
                found[id_] = other
                waiting += other.related
        return list(found.values())


def _too_many(payment_id: str) -> Unreconciled:
    return Unreconciled(
        f"More than {RELATED_MAX} operations followed on {payment_id}: they are not all read, so"
        " what is left of its money is not known.",
        reason="too_many_operations",
        next_step="Look it up in the Business Center and settle this order by hand.",
    )


def _is_let_go(related: Sequence[Hit]) -> bool:
    """Whether a hold was reversed of which nothing was ever captured."""
    held = {other.operation for other in related if other.held}
    return Operation.REVERSAL in held and Operation.CAPTURE not in held


def _is_undone_at_once(body: Mapping[str, Any]) -> bool:
    services = part(body, "applicationInformation").get("applications") or ()
    return any(
        text_of(service, "name") == "ics_auth_reversal" and text_of(service, "rCode") == "1"
        for service in services
    )
