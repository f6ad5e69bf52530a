"""Report files are read by column name, piece by piece, and what is wrong in them has its place."""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Iterable

import pytest
from aiohttp import web
from tests.cybersource.conftest import new_call, now

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.canonical.settlements import SettlementKind, SettlementLine
from tillbridge.connector.abilities import ChangedRecord
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import Secret
from tillbridge.connector.settlement_sources import Told
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.report_csv import CsvReport
from tillbridge_cybersource.report_kinds import REPORT_KINDS
from tillbridge_cybersource.report_row import ReportRow
from tillbridge_cybersource.report_xml import XmlReport
from tillbridge_cybersource.settings import CybersourceSettings

K = SettlementKind
CLASSIC = (
    "Payment Batch Detail Report,1.0,2003-05-01 to 2003-05-01,,,,,,,\r\n"
    "batch_id,merchant_id,batch_date,request_id,merchant_ref_number,trans_ref_no,payment_method,"
    "currency,amount,transaction_type\r\n"
    "123456,us,2003-05-01,0004172180000167905139,45CB,5652882910,Visa,USD,100.00,ics_bill\r\n"
    "123456,us,2003-05-01,0004173790000167905139,5DAD,5629152830,Visa,USD,-100.00,ics_credit\r\n"
)
GROUPED = (
    '"Application_Name","PaymentData_CurrencyCode","Shop.Colour","Request_RequestID",'
    '"PaymentData_Amount","Application_Rcode"\n'
    '"ics_auth,ics_bill,ics_decision","JPY","blue, dark","1","500","1,1,0"\n'
    '"ics_auth","USD","two\nlines","2","9.99","0"\n'
)
XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Report SYSTEM "https://ebc.cybersource.com/ebc/reports/dtd/pbdr.dtd">
<Report Name="Payment Batch Detail" Version="1.0" MerchantID="us"><Batches>
<Batch BatchID="123456" BatchDate="2003-05-01"><Requests>
<Request RequestID="7" MerchantReferenceNumber="45CB"><PaymentMethod>Visa</PaymentMethod>
<CurrencyCode>USD</CurrencyCode><Amount>100.00</Amount><Application>ics_bill</Application>
<Colour>blue</Colour></Request></Requests></Batch></Batches></Report>"""
EVENTS = "Request_RequestID,Event_Event,Event_EventDate,Event_Amount,Event_CurrencyCode\n"


def rows_of(text: str | bytes, *, piece: int = 7) -> list[ReportRow]:
    content = text.encode() if isinstance(text, str) else text
    file = XmlReport("r.xml") if content.lstrip().startswith(b"<") else CsvReport("r.csv")
    pieces = (content[at : at + piece] for at in range(0, len(content), piece))
    return [row for part in pieces for row in file.feed(part)] + file.end()


def told(text: str | bytes, definition: str = "211") -> list[Told]:
    read = REPORT_KINDS[definition].read
    return [one for row in rows_of(text) for one in read("report-1", row)]


def lines(text: str | bytes, definition: str = "211") -> list[SettlementLine]:
    return [one for one in told(text, definition) if isinstance(one, SettlementLine)]


def test_the_sample_of_the_guide_is_a_capture_and_a_refund() -> None:
    capture, refund = lines(CLASSIC)
    assert (capture.kind, capture.amount) == (K.CAPTURE, Money.of("100.00", "USD"))
    assert (refund.kind, refund.amount) == (K.REFUND, Money.of("-100.00", "USD"))
    assert (capture.line, refund.line) == ("3", "4")
    assert (capture.batch_id, capture.order_number, capture.method) == ("123456", "45CB", "Visa")
    assert str(capture.settled_on) == "2003-05-01"


@pytest.mark.parametrize("order", [(5, 4, 3, 2, 1, 0), (2, 0, 4, 1, 5, 3)])
def test_where_a_column_stands_makes_no_difference(order: tuple[int, ...]) -> None:
    names = ["request_id", "transaction_type", "currency", "amount", "batch_id", "Colour"]
    values = ["1", "ics_bill", "USD", "1.00", "b", "blue"]
    text = "\n".join(",".join(row[at] for at in order) for row in (names, values))
    (line,) = lines(text + "\n")
    assert (line.amount, line.batch_id, line.other) == (
        Money.of("1.00", "USD"),
        "b",
        {"Colour": "blue"},
    )


def test_a_cell_of_several_services_is_a_line_for_each_that_was_done() -> None:
    found = lines(GROUPED, "210")
    assert [(one.kind, one.line) for one in found] == [
        (K.AUTHORIZATION, "2:ics_auth"),
        (K.CAPTURE, "2:ics_bill"),
    ]
    assert found[1].amount == Money.of(500, "JPY")
    assert found[1].other == {"Shop.Colour": "blue, dark"}


def test_xml_says_the_same_as_csv() -> None:
    (line,) = lines(XML)
    assert (line.kind, line.amount, line.batch_id) == (K.CAPTURE, Money.of("100", "USD"), "123456")
    assert (line.request_id, line.merchant_id, line.other) == ("7", "us", {"Colour": "blue"})


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_amounts_the_reports_own_counts_wherever_it_stands(swapped: bool) -> None:
    names = ["PaymentData_Amount", "Event_Amount"]
    amounts = ["99.99", "20.00"]
    if swapped:
        names, amounts = names[::-1], amounts[::-1]
    (line,) = lines(
        f"Request_RequestID,Event_Event,Event_EventDate,Event_CurrencyCode,{','.join(names)}\n"
        f"1,Payment,2026-11-20,USD,{','.join(amounts)}\n",
        "214",
    )
    assert line.amount == Money.of("20.00", "USD")
    assert line.other == {"PaymentData_Amount": "99.99"}


def test_a_batch_row_of_a_sale_is_its_capture() -> None:
    text = 'request_id,currency,amount,transaction_type\n1,USD,1.50,"ics_auth,ics_bill"\n'
    assert [one.kind for one in lines(text)] == [K.CAPTURE]


def test_of_two_amounts_in_xml_the_reports_own_counts_and_the_other_is_kept() -> None:
    own = "<ExceptionAmount>7.00</ExceptionAmount>"
    for inner in (f"<Amount>9.00</Amount>{own}", f"{own}<Amount>9.00</Amount>"):
        (row,) = rows_of(f'<Report><Request RequestID="1">{inner}</Request></Report>')
        assert (row.values["amount"], row.other) == ("7.00", {"Amount": "9.00"})


def test_an_exception_without_amount_or_service_is_a_capture_that_failed() -> None:
    text = (
        "Action,ReasonCode,Request.RequestID,TransactionDate\nFAILED,233,9,2026-11-20T08:00:00Z\n"
    )
    (seen,) = told(text, "212")
    assert isinstance(seen, Observation)
    assert (seen.operation, seen.verdict, seen.request_id) == (
        Operation.CAPTURE,
        Verdict.FAILED,
        "9",
    )
    assert (seen.amount, seen.reason) == (None, "233")


@pytest.mark.parametrize(
    ("event", "kinds"),
    [("Payment", [K.CAPTURE]), ("Refund", [K.REFUND]), ("Final NSF", [K.FAILURE]), ("Batched", [])],
)
def test_what_the_processor_tells_of_a_check(event: str, kinds: list[SettlementKind]) -> None:
    found = lines(f"{EVENTS}1,{event},2/28/2004,20.00,USD\n", "214")
    assert [one.kind for one in found] == kinds


WRONG = {
    "a column is missing": ("request_id,currency,amount\n1,USD,1\n", "r.csv:2 services"),
    "an amount is missing": (
        "request_id,currency,amount,transaction_type\n1,USD,,ics_bill\n",
        "r.csv:2 amount",
    ),
    "an amount is none": (
        "request_id,currency,amount,transaction_type\n1,USD,1e3,ics_bill\n",
        "r.csv:2 amount",
    ),
    "too many decimals": (
        "request_id,currency,amount,transaction_type\n1,JPY,1.5,ics_bill\n",
        "r.csv:2 amount",
    ),
    "a currency nobody knows": (
        "request_id,currency,amount,transaction_type\n1,XXQ,1.5,ics_bill\n",
        "r.csv:2 amount",
    ),
    "a capture below zero": (
        "request_id,currency,amount,transaction_type\n1,USD,-1.5,ics_bill\n",
        "r.csv:2 amount",
    ),
    "a service nobody knows": (
        "request_id,currency,amount,transaction_type\n1,USD,1.5,ics_magic\n",
        "r.csv:2 services",
    ),
    "two services that move one amount": (
        'request_id,currency,amount,transaction_type\n1,USD,1.5,"ics_bill,ics_credit"\n',
        "r.csv:2 services",
    ),
    "a value too many": (
        "request_id,currency,amount,transaction_type\n1,USD,1.5,ics_bill,x\n",
        "r.csv:2",
    ),
    "a column twice": ("request_id,amount,amount,currency\n", "r.csv:1"),
    "no columns": ("Payment Batch Detail Report,1.0\nand,then,this\n", "r.csv:2"),
    "nothing at all": ("", "r.csv:1"),
    "not text": (b"request_id,amount,currency\n\xff\xfe,1,USD\n", "r.csv"),
    "an open quotation mark": ('request_id,amount,currency\n1,"2,USD\n', "r.csv"),
    "XML that ends early": (XML[:-20], "r.xml"),
    "entities of its own": (
        '<!DOCTYPE R [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><R>&b;</R>',
        "r.xml:1",
    ),
    "a file from elsewhere": (
        '<!DOCTYPE R [<!ENTITY x SYSTEM "file:///etc/passwd">]><R><Request RequestID="&x;"/></R>',
        "r.xml:1",
    ),
}


@pytest.mark.parametrize(("text", "place"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_its_file_line_and_column(text: str | bytes, place: str) -> None:
    with pytest.raises(Rejected) as refused:
        told(text)
    assert refused.value.reason == "bad_report"
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize("piece", [1, 3, 64, 100_000])
def test_how_a_file_is_cut_into_pieces_makes_no_difference(piece: int) -> None:
    for text in (CLASSIC, GROUPED, XML):
        assert rows_of(text, piece=piece) == rows_of(text, piece=100_000)


def test_a_row_without_end_is_refused_before_it_fills_the_memory() -> None:
    long = "1" * 65_536
    xml = XML.partition("<PaymentMethod>")[0]
    for start, part in ((f'{CLASSIC}"', long), (f"{xml}<Amount>", long), (f'{xml}<A b="', long)):
        file = XmlReport("r.xml") if start.startswith("<") else CsvReport("r.csv")
        with pytest.raises(Rejected, match="too long"):
            for piece in (start, *(part for _ in range(64))):
                file.feed(piece.encode())


async def _large(request: web.Request) -> web.StreamResponse:
    """A batch of some hundred thousand rows, made as it is sent."""
    answer = web.StreamResponse(headers={"Content-Type": "text/csv"})
    await answer.prepare(request)
    head, columns = CLASSIC.splitlines()[:2]
    await answer.write(f"{head}\r\n{columns}\r\n".encode())
    for start in range(0, ROWS, 1_000):
        await answer.write("".join(_rows(range(start, start + 1_000))).encode())
    return answer


ROWS = 60_000


def _rows(numbers: Iterable[int]) -> Iterable[str]:
    for number in numbers:
        yield (f"b,us,2026-11-20,{number:022d},order {number},ref,Visa,USD,10.01,ics_bill\r\n")


async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_report_larger_than_what_is_kept_of_it_is_summed_to_the_cent() -> None:
    app = web.Application()
    app.router.add_get("/reporting/v3/report-downloads", _large)
    async for url in _served(app):
        settings = CybersourceSettings("m", "k", Secret("c2VjcmV0"), base_url=url)
        session = CybersourceSession(settings, Opening("cybersource", now))
        fields = {
            "definition": "211",
            "name": "large",
            "title": "",
            "format": "csv",
            "since": "",
            "until": "",
            "download": "/reporting/v3/report-downloads?reportName=large",
        }
        source = session.settlement_sources[0]
        count, total, most = 0, 0, 0
        before = _peak()
        async for some in source.lines(new_call(timeout_s=30.0), ChangedRecord("r", "", fields)):
            count, most = count + len(some), max(most, len(some))
            total += sum(one.amount.minor for one in some if isinstance(one, SettlementLine))
            await asyncio.sleep(0)
        await session.close()
        assert (count, total) == (ROWS, ROWS * 1001)
        assert most < 4_000  # rows in memory at once
        assert _peak() - before < 24_000_000  # the file alone has more than 4 MB, its lines 60 MB


def _peak() -> int:
    """Bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
