"""Reading request bodies: strictly, exactly, and by dotted path."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.currencies import QUANTA

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,4})?")
_AMOUNT_LENGTH_MAX = 19
_AMOUNTS = ("totalAmount", "billingAmount", "setupFee")


def read_document(body: bytes) -> dict[str, Any]:  # JSON is Any by nature
    """A JSON object with exact decimals. Raises Refusal for anything else."""
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise Refusal("INVALID_DATA") from None
    if not isinstance(document, dict):
        if document == []:
            return {}  # what PHP makes of a body without fields
        raise Refusal("INVALID_DATA")
    return document


def read_rows(body: bytes) -> list[dict[str, Any]]:  # JSON is Any by nature
    """A list of JSON objects with exact decimals, or the one that it could be a list of: the
    official client for Python sends nothing but objects. Raises Refusal for anything else."""
    try:
        rows = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise Refusal("INVALID_DATA") from None
    rows = [rows] if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("INVALID_DATA")
    return rows


def at(document: Mapping[str, Any], path: str) -> Any:  # JSON is Any by nature
    """The value at a dotted path; None where a step is missing."""
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def text_at(document: Mapping[str, Any], path: str, *, length_max: int, required: bool) -> str:
    """A text of at most `length_max` characters; "" when it is absent and may be."""
    value = at(document, path)
    if value is None or value == "":
        if required:
            raise Refusal("MISSING_FIELD", [path])
        return ""
    if not isinstance(value, str) or len(value) > length_max:
        raise Refusal("INVALID_DATA", [path])
    return value


def money_at(
    document: Mapping[str, Any], path: str, *, or_nothing: bool = False
) -> tuple[Decimal, str]:
    """`totalAmount` and `currency` of the amountDetails at `path`; both required.

    Source: orderInformation.amountDetails.totalAmount is a text of up to 19 characters with no
    more decimals than the currency has (API field reference).
    """
    return amount_at(document, path, "totalAmount", or_nothing=or_nothing)


def money_of(document: Mapping[str, Any], path: str, currency: str) -> tuple[Decimal, str]:
    """As `money_at`; `currency` where the body names none, as official samples do."""
    details = at(document, path)
    if not isinstance(details, Mapping) or details.get("currency"):
        return money_at(document, path)
    return money_at({"details": {**details, "currency": currency}}, "details")


def amount_at(
    document: Mapping[str, Any],
    path: str,
    name: str,
    *,
    beside: str = "currency",
    or_nothing: bool = False,
) -> tuple[Decimal, str]:
    """The amount called `name` and the currency beside it; both required. Raises Refusal, for zero
    as well unless it may be nothing."""
    currency = text_at(document, f"{path}.{beside}", length_max=3, required=True).upper()
    if currency not in QUANTA:
        raise Refusal("INVALID_DATA", [f"{path}.{beside}"])
    text = text_at(document, f"{path}.{name}", length_max=_AMOUNT_LENGTH_MAX, required=True)
    if not _AMOUNT.fullmatch(text):
        raise Refusal("INVALID_DATA", [f"{path}.{name}"])
    amount = Decimal(text)
    least_is_met = amount > 0 or or_nothing
    if amount != amount.quantize(quantum(currency)) or not least_is_met:
        raise Refusal("INVALID_DATA", [f"{path}.{name}"])
    return amount.quantize(quantum(currency)), currency


def money_flaws(document: Any, path: str = "") -> list[str]:  # JSON is Any by nature
    """The dotted paths, anywhere in a body, of currencies that are none and of amounts that are no
    amounts of the currency beside them. Whether one may be zero is for each service to say."""
    if isinstance(document, list):
        return [
            flaw for at, one in enumerate(document) for flaw in money_flaws(one, f"{path}[{at}]")
        ]
    if not isinstance(document, Mapping):
        return []
    flaws, currency = [], document.get("currency")
    if isinstance(currency, str) and currency:
        currency = currency.upper()
        if currency not in QUANTA:
            flaws.append(_place(path, "currency"))
        flaws += [
            _place(path, name)
            for name in _AMOUNTS
            if document.get(name) not in (None, "")
            and not _is_amount(str(document[name]), currency)
        ]
    for name, value in document.items():
        flaws += money_flaws(value, _place(path, name))
    return flaws


def with_currencies(document: Any) -> Any:  # JSON is Any by nature
    """The same with every currency in capitals: official samples write "usd" as well."""
    if isinstance(document, list):
        return [with_currencies(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: value.upper()
        if name == "currency" and isinstance(value, str)
        else with_currencies(value)
        for name, value in document.items()
    }


def _is_amount(text: str, currency: str) -> bool:
    if not _AMOUNT.fullmatch(text):
        return False
    return Decimal(text) == Decimal(text).quantize(quantum(currency))


def _place(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for most, 1 for JPY, 0.001 for KWD."""
    return QUANTA.get(currency, QUANTA["USD"])
