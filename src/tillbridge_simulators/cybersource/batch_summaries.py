"""Batches, told of: their sums by currency, each by its id, and changes of bank accounts.

Sources: REST API reference, Payment Batch Summaries, Transaction Batches, Notification of Changes;
the official client's models for their fields. 404 where there is nothing. Transaction batches are
files of requests that were uploaded; those of the account's own payments are told of with them.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batches import Batch, batches
from tillbridge_simulators.cybersource.report_rows import paid_with
from tillbridge_simulators.cybersource.reporting import BankChange
from tillbridge_simulators.cybersource.state import Movement
from tillbridge_simulators.cybersource.windows import (
    LONG_WINDOW_MAX_S,
    organization_of,
    window_of,
)

_NOTHING = Decimal(0)
_COLUMNS = ("merchantReferenceCode", "requestID", "amount", "currency", "reason")


def payment_batch_summaries(ask: Ask) -> Answer:
    """GET /reporting/v3/payment-batch-summaries: by currency and what was paid with."""
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    if ask.query.get("breakdown", "day") not in ("day", "week", "month"):
        raise Refusal("INVALID_DATA", ["breakdown"])
    groups: dict[tuple[str, str], list[Movement]] = {}
    for batch in batches(ask.account):
        for one in batch.movements if start_s <= batch.closed_s < end_s else ():
            key = (one.currency, paid_with(ask.account, one)[0])
            groups.setdefault(key, []).append(one)
    if not groups or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    times = {name: ask.query[name] for name in ("startTime", "endTime")}
    rows = [
        _summary(ask.account, currency, method, members) | times
        for (currency, method), members in sorted(groups.items())
    ]
    return Answer(200, times | {"paymentBatchSummaries": rows})


def list_batches(ask: Ask) -> Answer:
    """GET /pts/v1/transaction-batches. Raises Refusal."""
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    found = [
        *(_batch(one) for one in batches(ask.account) if start_s <= one.closed_s < end_s),
        *(
            one.shown()
            for one in ask.account.state.uploads.values()
            if start_s <= one.uploaded_s < end_s
        ),
    ]
    if not found:
        return not_found(ask.account.now())
    path = "/pts/v1/transaction-batches"
    return Answer(
        200,
        {
            "transactionBatches": found,
            "_links": {"self": {"href": path, "method": "GET"}},
            "submitTimeUtc": utc_text(ask.account.now()),
        },
    )


def get_batch(ask: Ask) -> Answer:
    """GET /pts/v1/transaction-batches/{id}."""
    uploaded = ask.account.state.uploads.get(ask.id)
    if uploaded is not None:
        return Answer(200, uploaded.shown() | _transactions([one.id for one in uploaded.requests]))
    for one in batches(ask.account):
        if one.id == ask.id:
            return Answer(200, _batch(one) | _transactions([moved.id for moved in one.movements]))
    return not_found(ask.account.now())


def batch_details(ask: Ask) -> Answer:
    """GET /pts/v1/transaction-batch-details/{id}: its payments as CSV. Raises Refusal."""
    if ask.query.get("status", "Rejected") != "Rejected":
        raise Refusal("INVALID_DATA", ["status"])
    uploaded = ask.account.state.uploads.get(ask.id)
    if uploaded is not None:
        requests = uploaded.rejected if "status" in ask.query else uploaded.requests
        return _as_csv(
            (*_COLUMNS, "decision"),
            (
                (one.code, one.id, one.amount, one.currency, one.reason, one.decision)
                for one in requests
            ),
        )
    for one in batches(ask.account):
        if one.id == ask.id:
            wanted = [
                moved for moved in one.movements if "status" not in ask.query or moved.failed_s
            ]
            return _as_csv(
                _COLUMNS,
                (
                    (moved.code, moved.id, moved.amount, moved.currency, moved.failure)
                    for moved in wanted
                ),
            )
    return not_found(ask.account.now())


def _as_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(rows)
    return Answer(200, raw=text.getvalue().encode(), content_type="text/csv")


def _transactions(ids: Sequence[str]) -> dict[str, Any]:
    links = [{"href": f"/tss/v2/transactions/{id_}", "method": "GET"} for id_ in ids]
    return {"_links": {"transactions": links}}


def change_account(account: Account, payment_id: str) -> BankChange:
    """The bank says that the account a payment came from has changed. Raises KeyError."""
    paid = account.state.authorizations[payment_id]
    changed = BankChange(paid.code, paid.id[-12:], "C01", account.now())
    account.state.reporting.changes.append(changed)
    return changed


def notification_of_changes(ask: Ask) -> Answer:
    """GET /reporting/v3/notification-of-changes: bank accounts of electronic checks that changed.

    Raises Refusal.
    """
    start_s, end_s = window_of(ask, most_s=LONG_WINDOW_MAX_S)
    rows = [
        {
            "merchantReferenceNumber": one.code,
            "transactionReferenceNumber": one.reference,
            "time": utc_text(one.at_s),
            "code": one.reason_code,
            "accountType": "Checking Account",
            "routingNumber": "123456789",
            "accountNumber": "XXXX1111",
            "consumerName": "XXXX XXXX",
        }
        for one in ask.account.state.reporting.changes
        if start_s <= one.at_s < end_s
    ]
    return Answer(200, {"notificationOfChanges": rows}) if rows else not_found(ask.account.now())


def _summary(
    account: Account, currency: str, method: str, members: Sequence[Movement]
) -> dict[str, Any]:
    sales = [one.amount for one in members if one.kind == "capture"]
    credits_ = [one.amount for one in members if one.kind != "capture"]
    return {
        "currencyCode": currency,
        "paymentSubTypeDescription": method,
        "salesCount": len(sales),
        "salesAmount": str(sum(sales, _NOTHING)),
        "creditCount": len(credits_),
        "creditAmount": str(sum(credits_, _NOTHING)),
        "accountName": account.options.merchant_id,
        "accountId": account.options.merchant_id,
        "merchantId": account.options.merchant_id,
        "merchantName": account.options.merchant_id,
    }


def _batch(one: Batch) -> dict[str, Any]:
    failed = sum(1 for moved in one.movements if moved.failed_s)
    return {
        "id": one.id,
        "uploadDate": utc_text(one.closed_s),
        "completionDate": utc_text(one.closed_s),
        "transactionCount": len(one.movements),
        "acceptedTransactionCount": len(one.movements) - failed,
        "rejectedTransactionCount": str(failed),
        "status": "Completed",
    }


OFFERS = (
    Offer(
        "payment_batch_summaries.get_payment_batch_summary",
        "payment_batch_summaries",
        payment_batch_summaries,
    ),
    Offer("transaction_batches.get_transaction_batches", "transaction_batches", list_batches),
    Offer("transaction_batches.get_transaction_batch_id", "transaction_batch", get_batch),
    Offer(
        "transaction_batches.get_transaction_batch_details",
        "transaction_batch_details",
        batch_details,
    ),
    Offer(
        "notification_of_changes.get_notification_of_change_report",
        "notification_of_changes",
        notification_of_changes,
    ),
)
