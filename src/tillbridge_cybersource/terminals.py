"""Terminals of the merchant: which there are, and one that is given back.

Sources: REST API reference, Device Search and Device De-association (v3; v2 is older and not
called). One that is given back goes up in the hierarchy and is not seen any more: that is how a
lost answer is settled.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Changes, Finding, Poll, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import PAGE, Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.statuses import read_refusal, refusal
from tillbridge_cybersource.walks import offset_of, versioned

CALLS = frozenset(
    {
        "device_search.post_search_query_v3",
        "device_de_association.post_de_associate_v3_terminal",
    }
)
PATH: Final = "/dms/v3/devices"
_SORT: Final = "terminalCreationDate:desc"
_GIVES: Final = ("device_id", "serial", "terminal_id", "model", "make", "status", "reason")
TERMINAL_RETURN = DocumentShape(
    "terminal_return",
    "A terminal that is given back to the account",
    (
        Field("device_id", "text", "Device", required=True, length_max=64),
        Field("organization", "text", "Account or portfolio that gets it", length_max=64),
    ),
)


class Terminals:
    """The write `terminal_return` and the poll `terminals`."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (Write(TERMINAL_RETURN, "find", self._give_back, self._find),)
        every = DocumentShape(
            "terminals", "Terminals of the merchant", (Field("status", "text", "Status"),)
        )
        self.poll = Poll(every.kind, every, _GIVES, self._changes)

    async def _give_back(self, call: Call, fields: Fields) -> Receipt:
        id_, exchange = values.required_text(fields, "device_id"), self._kept.exchange
        one = {"deviceId": id_}
        if to := values.text(fields, "organization"):
            one["organizationId"] = to
        doing = f"Giving the terminal {id_} back"
        answer = await exchange.manage(call, "POST", f"{PATH}/deassociate", [one])
        if not 200 <= answer.status < 300:
            raise refusal(exchange.name, doing, answer)
        told = answer.rows[0] if answer.rows else answer.body
        for failed in told.get("devices") or ():
            raise Rejected(
                f"{exchange.name}: {doing} failed: {text_of(failed, 'reason')}.",
                reason="terminal_not_returned",
                next_step="Look the device up in the Business Center.",
            )
        if text_of(told, "status") not in ("", "OK"):
            raise self._kept.odd(text_of(told, "status"))
        return self._kept.receipt(id_, {"device_id": id_})

    async def _find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        id_ = values.required_text(fields, "device_id")
        rows, _ = await self._page(call, f"readerId:{id_}", 0)
        receipt = None if rows else self._kept.receipt(id_, {"device_id": id_})
        return self._kept.finding(call, receipt, sent_at)

    async def _changes(self, call: Call, fields: Fields, cursor: str) -> Changes:
        offset, status = offset_of(cursor), values.text(fields, "status")
        rows, total = await self._page(call, f"status:{status}" if status else "", offset)
        behind = offset + len(rows)
        more = bool(rows) and behind < total
        shown = [_shown(row) for row in rows]
        records = tuple(versioned(one["device_id"], one) for one in shown)
        return Changes(records, f"from {behind if more else 0}", more)

    async def _page(
        self, call: Call, query: str, offset: int
    ) -> tuple[Sequence[Mapping[str, Any]], int]:
        """Rows of one page, and how many there are in all."""
        exchange = self._kept.exchange
        document = {"query": query, "sort": _SORT, "offset": offset, "limit": PAGE}
        answer = await exchange.read(call, f"{PATH}/search", document)
        if answer.status == 404:
            return (), 0
        if not answer.is_accepted:
            raise read_refusal(exchange.name, "Asking for terminals", answer)
        total = text_of(answer.body, "totalCount")
        return answer.body.get("devices") or (), int(total) if total.isdigit() else 0


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "device_id": text_of(row, "readerId"),
        "serial": text_of(row, "serialNumber"),
        "terminal_id": text_of(part(row, "paymentProcessorToTerminalMap"), "terminalId"),
        "model": text_of(row, "model"),
        "make": text_of(row, "make"),
        "status": text_of(row, "status"),
        "reason": text_of(row, "statusChangeReason"),
    }
