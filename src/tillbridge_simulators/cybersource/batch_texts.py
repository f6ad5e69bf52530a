"""A file of transactions as text: its header, its requests, its trailer, and what is wrong with it.

Source: Offline Transaction File Submission Implementation Guide, "Create a Custom Batch File
Template" (header, names from row 3 on, transactionType), "Create a Batch File" (file names, sizes)
and "Batch Validation Error Codes": the whole file is refused for one error. What is named here
without a code has one that we do not know.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ID_LENGTH_MAX = 8
FILE_NAME = re.compile(r"[\w .-]{1,255}")
"""Letters and digits of any script, spaces, dashes, full stops and underscores."""
_NEEDED = ("merchantID", "recordCount")
_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")
_FIELD_NAME = re.compile(r"[A-Za-z]\w*")
_TRAILER = "END"
_AMOUNT = "purchaseTotals_grandTotalAmount"
_RUN = "Service_run"
_KINDS: Mapping[str, Sequence[str]] = {
    "authorization": ("ccAuth",),
    "sale": ("ccAuth", "ccCapture"),
    "capture": ("ccCapture",),
    "credit": ("ccCredit",),
    "ecdebit": ("ecDebit",),
    "eccredit": ("ecCredit",),
}
"""What a file's transactionType asks of requests that name no service."""


class BatchFlawError(Exception):
    """Why a file is not processed: one sentence, with its code where one is documented. Nothing of
    the file's values is in it: they may be card numbers.

    Attributes:
        batch_id: which batch it is, where its header could be read.
    """

    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class BatchText:
    """What a file says.

    Attributes:
        id: the batch's, as the header names it; "" where it does not.
        kind: the header's transactionType; "" where it has none.
        requests: each request's fields by their Simple Order names, the header's for all included.
    """

    id: str
    kind: str
    requests: Sequence[Mapping[str, str]]


def read_batch(content: bytes, merchant_id: str) -> BatchText:
    """Raises BatchFlawError for the first thing that is wrong."""
    rows = _rows(content)
    header = _header(rows.pop(0) if rows else [])
    try:
        _check_header(header, merchant_id)
        return _read(header, rows)
    except BatchFlawError as flaw:
        flaw.batch_id = header.get("batchID", "")[:ID_LENGTH_MAX]
        raise


def services_of(kind: str, request: Mapping[str, str]) -> frozenset[str]:
    """The services that a request of a file of this kind asks for: {"ccAuth", "ccCapture"}."""
    asked = {
        name.removesuffix(_RUN)
        for name, value in request.items()
        if name.endswith(_RUN) and value.lower() == "true"
    }
    return frozenset(asked or _KINDS.get(kind.lower(), ()))


def _read(header: Mapping[str, str], rows: list[list[str]]) -> BatchText:
    names = rows.pop(0) if rows else []
    if not all(map(_FIELD_NAME.fullmatch, names)):
        raise BatchFlawError("The names of the fields are not the API's.")
    records = [row for row in rows if row[0] != _TRAILER]
    _check_records(header, names, records)
    shared = {name: value for name, value in header.items() if "_" in name}
    requests = [{**shared, **dict(zip(names, row, strict=True))} for row in records]
    _check_sum([row for row in rows if row[0] == _TRAILER], requests)
    return BatchText(header.get("batchID", ""), header.get("transactionType", ""), requests)


def _rows(content: bytes) -> list[list[str]]:
    """Every row that is not empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BatchFlawError("The file is no text: what is encrypted is not opened here.") from None
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as wrong:
        raise BatchFlawError(f"The file is no CSV: {wrong}.") from None
    stripped = [[cell.strip() for cell in row] for row in rows]
    return [row for row in stripped if any(row)]


def _header(row: Sequence[str]) -> dict[str, str]:
    pairs = [cell.partition("=") for cell in row if cell]
    if not pairs or not all(equals for _, equals, _ in pairs):
        raise BatchFlawError("The first row is not the file's header.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _check_header(header: Mapping[str, str], merchant_id: str) -> None:
    for name in _NEEDED:
        if not header.get(name):
            raise BatchFlawError(f"101 Missing required field in File Header record: {name}.")
    if header["merchantID"] != merchant_id:
        raise BatchFlawError(
            "103 MerchantID does not match with the ID used to log in for uploading the file."
        )
    if len(header.get("batchID", "")) > ID_LENGTH_MAX:
        raise BatchFlawError(f"104 batchID exceeds max length of {ID_LENGTH_MAX}.")
    if not _COUNT.fullmatch(header["recordCount"]):
        raise BatchFlawError("106 Invalid recordCount value.")
    try:
        date.fromisoformat(header.get("creationDate") or "2000-01-01")
    except ValueError:
        raise BatchFlawError("109 Invalid creationDate format.") from None


def _check_records(
    header: Mapping[str, str], names: Sequence[str], records: Sequence[Sequence[str]]
) -> None:
    if not records:
        raise BatchFlawError("107 The file does not contain any data records.")
    odd = [str(number) for number, row in enumerate(records, 1) if len(row) != len(names)]
    if odd:
        raise BatchFlawError(
            "Number of fields does not match with number of field names in the following rows:"
            f" {', '.join(odd[:10])}."
        )
    if len(records) != int(header["recordCount"]):
        raise BatchFlawError("recordCount is not the number of data records.")


def _check_sum(trailers: Sequence[Sequence[str]], requests: Sequence[Mapping[str, str]]) -> None:
    cells = [cell.partition("=") for row in trailers for cell in row]
    said = [value for name, _, value in cells if name == "SUM" and value]
    try:
        total = sum((Decimal(one.get(_AMOUNT) or 0) for one in requests if said), Decimal(0))
        agrees = all(Decimal(one) == total for one in said)
    except ArithmeticError:
        agrees = False
    if not agrees:
        raise BatchFlawError("114 SUM in Trailer record is not the sum of the amounts.")
