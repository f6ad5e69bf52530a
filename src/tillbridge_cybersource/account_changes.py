"""Bank accounts of electronic checks that their banks have corrected: notifications of change.

Sources: REST API reference, Notification of Changes; the official client's model; Nacha's codes of
corrections (C01 ...). An account that is used as it was is turned down sooner or later. Of its
number only the last four digits are told: the whole one stands in the Business Center.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector.abilities import ChangedRecord, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.time_lists import TimeList, by_time

CALLS = frozenset({"notification_of_changes.get_notification_of_change_report"})
NAME: Final = "account_changes"
GIVES: Final = (
    *("order_number", "reference", "changed_at", "code", "changed", "account_type"),
    *("routing_number", "account_last4", "name"),
)
_PATH: Final = "/reporting/v3/notification-of-changes"
_CHANGED: Final[Mapping[str, str]] = {
    "C01": "account_number",
    "C02": "routing_number",
    "C03": "routing_number account_number",
    "C04": "name",
    "C05": "account_type",
    "C06": "account_number account_type",
    "C07": "routing_number account_number account_type",
    "C09": "customer_id",
}
_SHAPE: Final = DocumentShape(NAME, "Bank accounts that were corrected", ())


def account_changes(exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> Poll:
    """The poll `account_changes`."""
    listed = TimeList(_SHAPE, _PATH, "notificationOfChanges", GIVES, _record)
    return by_time(listed, exchange, settings, opening)


def _record(row: Row, _: Fields) -> ChangedRecord:
    """`changed` names the fields that were wrong; "" for a code that is not known."""
    order_number, reference = (
        text_of(row, name) for name in ("merchantReferenceNumber", "transactionReferenceNumber")
    )
    code, time = text_of(row, "code"), text_of(row, "time")
    fields = {
        "order_number": order_number,
        "reference": reference,
        "changed_at": time,
        "code": code,
        "changed": _CHANGED.get(code.upper(), ""),
        "account_type": text_of(row, "accountType"),
        "routing_number": text_of(row, "routingNumber"),
        "account_last4": text_of(row, "accountNumber")[-4:],
        "name": text_of(row, "consumerName"),
    }
    return ChangedRecord(reference or order_number, f"{time} {code}", fields)
