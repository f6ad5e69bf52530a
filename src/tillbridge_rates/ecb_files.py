"""The reference rates of the European Central Bank, from its XML and CSV files.

Source: www.ecb.europa.eu, "Euro foreign exchange reference rates", files eurofxref-daily.xml,
eurofxref-hist-90d.xml, eurofxref-hist.xml, eurofxref.zip and eurofxref-hist.zip. A rate is what one
euro is worth. Files go back to 1999 and have currencies that are no more.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from xml.parsers import expat

from tillbridge.canonical.rates import Rate
from tillbridge_rates.published import day_of, misread, rate

SOURCE = "European Central Bank"
BASE = "EUR"
CSV_MAX_BYTES = 64 * 1024 * 1024

_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_MISSING = ("", "N/A")


def read_xml(body: bytes) -> Iterator[Rate | None]:
    """Rates from <Cube time="2026-11-20"><Cube currency="USD" rate="1.0855"/>.

    Raises:
        Rejected: not such XML, or XML that declares types or entities of its own.
    """
    found: list[Rate | None] = []
    day: date | None = None

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal day
        if name.rpartition(":")[2] != "Cube":
            return
        if "time" in given:
            day = day_of(given["time"], SOURCE)
        if "currency" in given:
            if day is None or "rate" not in given:
                raise misread(SOURCE, f"{given['currency'][:10]!r} has no day or no rate")
            found.append(rate(BASE, given["currency"], day, given["rate"], SOURCE))

    def refuse(*_: object) -> None:
        raise misread(SOURCE, "it declares a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise misread(SOURCE, f"it is not XML ({error})") from error
    if day is None:
        raise misread(SOURCE, "it has no day")
    return iter(found)


def read_csv(body: bytes) -> Iterator[Rate | None]:
    """Rates from a table with a column for each currency, packed as ZIP or not.

    Raises:
        Rejected: not such a table.
    """
    try:
        text = _unpacked(body).decode("utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        header = [cell.strip() for cell in next(rows, [])]
        if header[:1] != ["Date"]:
            raise misread(SOURCE, "its first column is not Date")
        for cells in rows:
            if cells:
                yield from _row(dict(zip(header, map(str.strip, cells), strict=False)))
    except (UnicodeDecodeError, csv.Error, zipfile.BadZipFile) as error:
        raise misread(SOURCE, f"it is not CSV ({error})") from error


def _row(cells: Mapping[str, str]) -> Iterator[Rate | None]:
    day = _day(cells["Date"])
    for currency, written in cells.items():
        if currency not in ("Date", "") and written not in _MISSING:
            yield rate(BASE, currency, day, written, SOURCE)


def _day(written: str) -> date:
    """2026-11-20, or as the daily file has it: 20 November 2026."""
    parts = written.split()
    if len(parts) == 3 and parts[1] in _MONTHS and parts[0].isdigit() and parts[2].isdigit():
        month = _MONTHS.index(parts[1]) + 1
        return day_of(f"{parts[2]:0>4}-{month:02}-{parts[0]:0>2}", SOURCE)
    return day_of(written, SOURCE)


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        names = [entry for entry in packed.infolist() if entry.filename.endswith(".csv")]
        if len(names) != 1 or names[0].file_size > CSV_MAX_BYTES:
            raise misread(SOURCE, "it does not hold one table of a reasonable size")
        return packed.read(names[0])
