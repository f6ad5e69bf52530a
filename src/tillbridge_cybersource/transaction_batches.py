"""Files of transactions that were uploaded to Cybersource: how each stands, and what it holds.

Source: REST API reference, Transaction Batches ("Get a List of Batch Files", "Get Individual Batch
File", "Get Transaction Details for a given Batch Id"; 404 where there is none) and the official
client's models. Files are uploaded by others: they hold card numbers.
"""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, ChangedRecord, Read, Receipt
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.batch_files import ACCEPT, BatchFile
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_row import ReportRow
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal
from tillbridge_cybersource.time_lists import TimeList, by_time

CALLS = frozenset(
    {
        "transaction_batches.get_transaction_batches",
        "transaction_batches.get_transaction_batch_id",
        "transaction_batches.get_transaction_batch_details",
    }
)
GIVES: Final = (
    *("batch_id", "status", "uploaded_at", "completed_at"),
    *("transactions", "accepted", "rejected"),
)
ORDERS_MAX: Final = 100
"""So many orders and reasons of a batch are named; the others are counted."""
_PATH: Final = "/pts/v1/transaction-batches"
_DETAILS: Final = "/pts/v1/transaction-batch-details"
_BATCH_ID: Final = Field("batch_id", "text", "Batch", required=True, length_max=64)
_LIST: Final = DocumentShape(
    "batches",
    "Files of transactions that were uploaded",
    (Field("status", "text", "Only those that stand so", length_max=32),),
)
_ONE: Final = DocumentShape("transaction_batch", "How a file of transactions stands", (_BATCH_ID,))
_ROWS: Final = DocumentShape(
    "transaction_batch_details",
    "What a file of transactions holds",
    (
        _BATCH_ID,
        Field("uploaded_on", "date", "Day it was uploaded on"),
        Field("only", "choice", "Which transactions", options=("all", "rejected")),
    ),
)


class TransactionBatches:
    """The poll `batches`, and the reads `transaction_batch` and `transaction_batch_details`."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        self._exchange = exchange
        listed = TimeList(_LIST, _PATH, "transactionBatches", GIVES, _record)
        self.poll = by_time(listed, exchange, settings, opening)
        self.reads = (
            Read(_ONE.kind, _ONE, self._one),
            Read(_ROWS.kind, _ROWS, self._details),
        )

    async def _one(self, call: Call, fields: Fields) -> Receipt:
        id_ = values.required_text(fields, "batch_id")
        answer = await self._exchange.read(call, f"{_PATH}/{quote(id_, safe='')}")
        if answer.status == 404:
            raise self._missing(id_)
        if answer.status != 200:
            raise refusal(self._exchange.name, f"Reading the batch {id_}", answer)
        return Receipt(fields=_fields(answer.body))

    async def _details(self, call: Call, fields: Fields) -> Receipt:
        """`transactions`, their `totals` ("25.00 USD, 500 JPY"), `orders` and `reasons`, of which
        `unnamed` are not named. Raises Rejected with line and column for a file that is none."""
        id_ = values.required_text(fields, "batch_id")
        seen = _Seen()
        async for row in self._rows(call, id_, fields):
            seen.add(row)
        return Receipt(fields=seen.fields(id_))

    async def _rows(self, call: Call, id_: str, fields: Fields) -> AsyncIterator[ReportRow]:
        uploaded_on = values.day(fields, "uploaded_on")
        query = {"uploadDate": uploaded_on.isoformat()} if uploaded_on else {}
        if values.text(fields, "only") == "rejected":
            query["status"] = "Rejected"
        target = asked(f"{_DETAILS}/{quote(id_, safe='')}", query)
        async with self._exchange.stream(call, target, ACCEPT) as answer:
            if answer.status == 404:
                raise self._missing(id_)
            file = BatchFile(f"batch {id_}")
            async for chunk in answer.chunks:
                for row in file.feed(chunk):
                    yield row
            for row in file.end():
                yield row

    def _missing(self, id_: str) -> Rejected:
        return Rejected(
            f"{self._exchange.name}: there is no batch {id_!r}.",
            reason="unknown_batch",
            next_step="Take the id from the poll batches, or from the Business Center.",
        )


class _Seen:
    """What the rows so far come to: sums by currency, orders and reasons, each once."""

    def __init__(self) -> None:
        self._count = 0
        self._totals: dict[str, Money] = {}
        self._orders: dict[str, None] = {}
        self._reasons: dict[str, None] = {}
        self._unnamed = 0

    def add(self, row: ReportRow) -> None:
        """One more. Raises Rejected for an amount that is none."""
        self._count += 1
        if row.text("amount"):
            money = row.money()
            known = self._totals.get(money.currency, Money.zero(money.currency))
            self._totals[money.currency] = known + money
        self._name(self._orders, row.text("order_number"))
        self._name(self._reasons, row.text("reason") or _other(row, "reason", "message"))

    def fields(self, id_: str) -> dict[str, str]:
        """As text; what there is none of is left out."""
        told = {
            "batch_id": id_,
            "transactions": str(self._count),
            "totals": ", ".join(f"{one.text} {one.currency}" for one in self._totals.values()),
            "orders": ", ".join(self._orders),
            "reasons": "; ".join(self._reasons),
            "unnamed": str(self._unnamed),
        }
        return {name: text for name, text in told.items() if text}

    def _name(self, known: dict[str, None], word: str) -> None:
        if word and word not in known:
            if len(known) < ORDERS_MAX:
                known[word] = None
            else:
                self._unnamed += 1


def _other(row: ReportRow, *names: str) -> str:
    """A column that reports have no word for."""
    return next((text for name, text in row.other.items() if name.lower() in names), "")


def _record(row: Row, wanted: Fields) -> ChangedRecord | None:
    """A batch is told again when it stands otherwise."""
    fields = _fields(row)
    status = values.text(wanted, "status")
    if status and status.lower() != fields["status"].lower():
        return None
    version = f"{fields['status']} {fields['completed_at']} {fields['rejected']}"
    return ChangedRecord(fields["batch_id"], version, fields)


def _fields(row: Row) -> dict[str, str]:
    return {
        "batch_id": text_of(row, "id"),
        "status": text_of(row, "status"),
        "uploaded_at": text_of(row, "uploadDate"),
        "completed_at": text_of(row, "completionDate"),
        "transactions": text_of(row, "transactionCount"),
        "accepted": text_of(row, "acceptedTransactionCount"),
        "rejected": text_of(row, "rejectedTransactionCount"),
    }
