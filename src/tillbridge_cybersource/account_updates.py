"""Account updater: stored cards whose numbers or dates have changed are asked for, in batches.

Source: Account Updater User Guide, Batch Update, and the official client's models. A batch is found
again by its merchantReference, which is our key; the report takes a day or two.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Read, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.kept import PAGE, Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        *("batches.post_batch", "batches.get_batches_list"),
        *("batches.get_batch_status", "batches.get_batch_report"),
    }
)
PATH: Final = "/accountupdater/v1/batches"
ACCOUNT_UPDATE = DocumentShape(
    "account_update",
    "Stored cards that are to be looked up",
    (
        Field(
            "tokens",
            "list",
            "Tokens of one kind",
            required=True,
            of=(
                Field("id", "text", "Token", length_max=32, required=True),
                Field("expires_month", "text", "Month it ends (instrument identifiers)"),
                Field("expires_year", "text", "Year it ends (instrument identifiers)"),
            ),
        ),
        Field("email", "text", "Who is told", length_max=320, required=True),
    ),
)
_ONE = (Field("batch_id", "text", "Batch's id", required=True),)


class AccountUpdates:
    """The write `account_update`, and what became of one."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.writes = (Write(ACCOUNT_UPDATE, "find", self._send, self._find),)
        status = DocumentShape("account_update", "Where a batch of look-ups stands", _ONE)
        report = DocumentShape("account_update_report", "Which stored cards have changed", _ONE)
        self.reads = (
            Read("account_update", status, self._status),
            Read("account_update_report", report, self._report),
        )

    async def _send(self, call: Call, fields: Fields) -> Receipt:
        document = {
            "type": "oneOff",
            "included": {"tokens": [_token(one) for one in values.groups(fields, "tokens")]},
            "merchantReference": call.key,
            "notificationEmail": values.required_text(fields, "email"),
        }
        exchange = self._kept.exchange
        answer = await exchange.write(call, PATH, document)
        if answer.status not in (201, 202):
            raise refusal(exchange.name, "Asking for account updates", answer)
        if text_of(answer.body, "status") or not text_of(answer.body, "batchId"):
            raise self._kept.odd(text_of(answer.body, "status"))
        return self._kept.receipt(text_of(answer.body, "batchId"), {"reference": call.key})

    async def _find(self, call: Call, _: Fields, sent_at: datetime) -> Finding:
        found = await self._found(call)
        receipt = None
        if found is not None:
            receipt = self._kept.receipt(text_of(found, "batchId"), {"reference": call.key})
        return self._kept.finding(call, receipt, sent_at)

    async def _found(self, call: Call) -> Mapping[str, Any] | None:
        """The batch that has our key for its reference, as far as the list shows it."""
        offset, total, exchange = 0, 1, self._kept.exchange
        while offset < total:
            answer = await exchange.read(call, f"{PATH}?offset={offset}&limit={PAGE}")
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise refusal(exchange.name, "Listing account updates", answer)
            rows = part(answer.body, "_embedded").get("batches") or ()
            for row in rows:
                if text_of(row, "merchantReference") == call.key:
                    return dict(row)
            offset += max(len(rows), 1)
            total = int(text_of(answer.body, "total") or 0) if rows else 0
        return None

    async def _status(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "batch_id")
        body = await self._kept.expect(call, id_, "status")
        return self._kept.receipt(id_, {"status": text_of(body, "status"), **_totals(body)})

    async def _report(self, call: Call, fields: Fields) -> Receipt:
        """Raises Rejected while there is none."""
        id_ = values.required_text(fields, "batch_id")
        body = await self._kept.expect(call, id_, "report")
        changed = [
            text_of(part(record, "sourceRecord"), "token")
            for record in body.get("records") or ()
            if text_of(part(record, "responseRecord"), "response") in ("NAN", "NED")
        ]
        return self._kept.receipt(id_, {**_totals(body), "changed": " ".join(changed)})


def _token(given: Fields) -> Mapping[str, str]:
    token = {"id": values.required_text(given, "id")}
    month, year = values.text(given, "expires_month"), values.text(given, "expires_year")
    return token | ({"expirationMonth": month, "expirationYear": year} if month and year else {})


def _totals(body: Mapping[str, Any]) -> dict[str, str]:
    totals = part(body, "totals")
    names = {
        "accepted": "acceptedRecords",
        "rejected": "rejectedRecords",
        "updated": "updatedRecords",
    }
    return {name: text_of(totals, theirs) for name, theirs in names.items()}
