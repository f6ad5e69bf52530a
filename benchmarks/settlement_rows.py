"""Rows of a settlement report that never ends: made one by one, never held together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.lookup import read_lookup
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import TEXT, ValueType

_COLUMNS = (
    *("request_id", "merchant_reference", "batch_id", "settled_on", "type", "card_type"),
    *("amount", "currency", "fee", "description"),
)
_SCOPE = {
    **event_scope(),
    "row": ValueType("record", fields=dict.fromkeys(_COLUMNS, TEXT), keyed=True),
}
_SHAPE = DocumentShape(
    "journal_line",
    "Journal line",
    (
        Field("reference", "text", required=True, length_max=40),
        Field("order_number", "text", required=True, length_max=30),
        Field("batch", "text", required=True, length_max=20),
        Field("posted_on", "date", required=True),
        Field("kind", "choice", required=True, options=("sale", "refund")),
        Field("account", "text", required=True, length_max=10),
        Field("amount", "money", required=True),
        Field("fee", "money"),
        Field("net", "money"),
        Field("memo", "text", length_max=30),
    ),
)
_KINDS: Final = "key,value\nics_bill,sale\nics_credit,refund\n"
_ACCOUNTS: Final = "key,value\nVisa,1210\nMastercard,1220\nAmerican Express,1230\n"
_CARDS = ("Visa", "Mastercard", "American Express", "Discover")


def row_filler() -> Filler:
    """The mapping of one row, ready."""
    path = Path(__file__).with_name("settlement_row.yaml")
    mapping = read_mapping(path.read_text(encoding="utf-8"), path.name)
    tables = (("kinds", _KINDS), ("accounts", _ACCOUNTS))
    lookups = {name: read_lookup(text, f"{name}.csv", name) for name, text in tables}
    return prepare_mapping(mapping, _SHAPE, lookups, _SCOPE)


def rows(count: int) -> Iterator[dict[str, str]]:
    """So many rows, each a dict of texts, as a CSV reader gives them."""
    for number in range(count):
        cents = 100 + number * 37 % 100_000
        yield {
            "request_id": f"{7_049_811_234_567_890_000_000 + number}",
            "merchant_reference": f"SO-{number:08}",
            "batch_id": f"B{number // 5000:06}",
            "settled_on": f"2026-03-{number // 40_000 % 28 + 1:02}",
            "type": "ics_credit" if number % 17 == 0 else "ics_bill",
            "card_type": _CARDS[number % 4],
            "amount": f"{cents // 100}.{cents % 100:02}",
            "currency": "USD",
            "fee": "" if number % 5 == 0 else f"{cents // 5000}.{cents // 50 % 100:02}",
            "description": "A mug, blue, and a tray of oak" if number % 3 else "",
        }
