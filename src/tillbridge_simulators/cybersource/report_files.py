"""Reports as files: CSV with a descriptor as its first line, and XML.

Sources: Reporting User Guide, "CSV Reports" (first line: the report's name, version and days;
second line: the columns; records end in CR LF; values with a comma or a quotation mark are quoted)
and its Appendices A to C (elements and samples).
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from tillbridge_simulators.cybersource import report_columns as c
from tillbridge_simulators.cybersource.report_definitions import Definition
from tillbridge_simulators.cybersource.report_rows import Row, day_text
from tillbridge_simulators.cybersource.reporting import Report

VERSION = "1.0"
DTD = "https://ebc.cybersource.com/ebc/reports/dtd/report.dtd"
ATTRIBUTES = (c.REQUEST_ID, c.MERCHANT_REFERENCE, c.TRANSACTION_DATE, c.MERCHANT_ID)
SERVICES = (c.APPLICATIONS, c.RCODES, c.RFLAGS)
_BATCH = (c.BATCH_ID, c.BATCH_DATE)


def as_csv(report: Report, definition: Definition, rows: Iterable[Row]) -> bytes:
    """The report as CSV, under the names its preferences ask for."""
    columns = columns_of(report, definition)
    classic = report.preferences.get("fieldNameConvention") == "SCMP"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    days = f"{day_text(report.start_s)} to {day_text(report.end_s)}"
    writer.writerow([definition.title, VERSION, days, *[""] * (len(columns) - 3)])
    writer.writerow([one.classic if classic else one.heading for one in columns])
    writer.writerows([row.get(one, "") for one in columns] for row in rows)
    return text.getvalue().encode()


def as_xml(report: Report, definition: Definition, rows: Iterable[Row], merchant_id: str) -> bytes:
    """The report as XML."""
    columns = columns_of(report, definition)
    head = {
        "Name": definition.title.removesuffix(" Report"),
        "Version": VERSION,
        "xmlns": DTD,
        "MerchantID": merchant_id,
        "ReportStartDate": _instant(report.start_s),
        "ReportEndDate": _instant(report.end_s),
    }
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<!DOCTYPE Report SYSTEM "{DTD}">\n',
        f"<Report{_attributes(head.items())}>\n",
        *(_batches(columns, rows) if c.BATCH_DATE in columns else _requests(columns, rows)),
        "</Report>\n",
    ]
    return "".join(parts).encode()


def columns_of(report: Report, definition: Definition) -> Sequence[c.Column]:
    """Those that were asked for, in the report's own order; all when none were named."""
    return [one for one in definition.columns if not report.fields or one.id in report.fields]


def _batches(columns: Sequence[c.Column], rows: Iterable[Row]) -> Iterator[str]:
    yield "<Batches>\n"
    inner = [one for one in columns if one not in _BATCH]
    for key, members in groupby(rows, lambda row: (row[c.BATCH_ID], row[c.BATCH_DATE])):
        pairs = zip(("BatchID", "BatchDate"), key, strict=True)
        yield f"<Batch{_attributes(pairs)}>\n"
        yield from _requests(inner, members)
        yield "</Batch>\n"
    yield "</Batches>\n"


def _requests(columns: Sequence[c.Column], rows: Iterable[Row]) -> Iterator[str]:
    yield "<Requests>\n"
    for row in rows:
        own = [(one.name, row.get(one, "")) for one in columns if one in ATTRIBUTES]
        yield f"<Request{_attributes(own)}>"
        for one in columns:
            if one not in ATTRIBUTES and one not in (*SERVICES, c.APPLICATION):
                yield f"<{one.name}>{escape(row.get(one, ''))}</{one.name}>"
        if c.APPLICATION in columns:
            yield f"<Application>{row[c.APPLICATION]}</Application>"
        if c.APPLICATIONS in columns:
            yield _replies(row)
        yield "</Request>\n"
    yield "</Requests>\n"


def _replies(row: Row) -> str:
    """What is one cell in CSV is an element for each service in XML."""
    services = zip(*(row[one].split(",") for one in SERVICES), strict=True)
    replies = "".join(
        f"<ApplicationReply Name={quoteattr(name)}>"
        f"<RCode>{code}</RCode><RFlag>{escape(flag)}</RFlag></ApplicationReply>"
        for name, code, flag in services
    )
    return f"<ApplicationReplies>{replies}</ApplicationReplies>"


def _attributes(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in pairs)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
