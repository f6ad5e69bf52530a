"""Files of transactions: checked whole, done request by request, and told of as batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tillbridge.connector.abilities import Receipt
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.certification.payments import NOBODY
from tillbridge_simulators.cybersource.certification.sandbox import SandboxMeans
from tillbridge_simulators.cybersource.multipart import SentFile, files_of
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.uploaded_batch import UploadedBatch
from tillbridge_simulators.cybersource.uploads import upload
from tillbridge_simulators.effects import EffectLog

BILL_TO = (
    "billTo_firstName,billTo_lastName,billTo_street1,billTo_city,billTo_state,billTo_postalCode,"
    "billTo_country,billTo_email"
)
MAYA = "Maya,Ortiz,1 Market St,San Francisco,CA,94105,US,maya@example.com"


@dataclass
class Desk:
    """One account, and files that are uploaded to it."""

    account: Account

    def upload(
        self, names: str, *rows: str, batch: str = "12345", more: str = "", end: str = "END"
    ) -> UploadedBatch:
        """The batch as it stands after it. Raises Refusal."""
        merchant = self.account.options.merchant_id
        header = f"merchantID={merchant},batchID={batch},recordCount={len(rows)}{more}"
        text = "\n".join((header, "", names, *rows, "", end))
        return self.send(text.encode())

    def send(self, *contents: bytes, name: str = "tillbridge_test.12345") -> UploadedBatch:
        files = [SentFile(name, content) for content in contents]
        assert upload(Ask(self.account, files=files)).status == 201
        return list(self.account.state.uploads.values())[-1]

    def flaw(self) -> str:
        """Why the last file was not processed."""
        return str([*self.account.log.entries("batch_file")][-1].facts["flaw"])


@pytest.fixture
def desk() -> Desk:
    return Desk(Account(Options(), EffectLog()))


def told(batch: UploadedBatch) -> Sequence[tuple[str, str]]:
    return [(one.decision, one.reason) for one in batch.requests]


def test_a_sale_is_reversed_refunded_and_credited_by_files(desk: Desk) -> None:
    card = SandboxMeans(desk.account).card()
    names = (
        "merchantReferenceCode,purchaseTotals_grandTotalAmount,purchaseTotals_currency,"
        f"card_accountNumber,card_expirationMonth,card_expirationYear,{BILL_TO}"
    )
    paid = [f"{code},{text},USD,{card},12,2031,{MAYA}" for code, text in (("a", 10), ("b", 9901))]
    first = desk.upload(names, *paid, more=",transactionType=sale", batch="1")
    assert told(first) == [("ACCEPT", ""), ("REJECT", "EXPIRED_CARD")]
    assert first.shown()["rejectedTransactionCount"] == "1"
    sale = first.requests[0].id
    names = "purchaseTotals_grandTotalAmount,ccCreditService_run,ccCreditService_captureRequestID"
    back = desk.upload(
        names, f"4.00,true,{sale}", f"7.00,true,{sale}", "1.00,true,",
        batch="2", more=",purchaseTotals_currency=USD",
    )  # fmt: skip
    assert told(back) == [
        ("ACCEPT", ""), ("REJECT", "INVALID_AMOUNT"), ("REJECT", "MISSING_FIELD"),
    ]  # fmt: skip
    held = desk.upload(
        "recurringSubscriptionInfo_subscriptionID,purchaseTotals_grandTotalAmount",
        f"{desk.account.tokens.mint('authorized', 'tms')},5.00",
        f"{desk.account.tokens.mint('review', 'tms')},5.00",
        batch="3", more=",transactionType=authorization,purchaseTotals_currency=usd",
    )  # fmt: skip
    assert [one.decision for one in held.requests] == ["ACCEPT", "REVIEW"]
    names = "ccAuthReversalService_run,ccAuthReversalService_authRequestID,voidService_run"
    names += ",voidService_voidRequestID,purchaseTotals_grandTotalAmount,purchaseTotals_currency"
    undone = desk.upload(
        names, f"true,{held.requests[0].id},,,5.00,USD", f",,true,{sale},,", batch="4"
    )
    assert told(undone) == [("ACCEPT", ""), ("REJECT", "NOT_VOIDABLE")], "it is refunded in part"
    assert card not in repr(desk.account.state.uploads)


def test_a_bank_account_is_debited_and_paid_back_by_files(desk: Desk) -> None:
    names = f"check_accountNumber,check_accountType,check_bankTransitNumber,{BILL_TO}"
    shared = ",purchaseTotals_currency=USD,purchaseTotals_grandTotalAmount=3.00"
    debit = desk.upload(
        names, f"4100,C,121042882,{MAYA}", batch="1", more=f",transactionType=ecDebit{shared}"
    )
    assert told(debit) == [("ACCEPT", "")]
    credit = desk.upload(
        "ecCreditService_run,ecCreditService_debitRequestID", f"true,{debit.requests[0].id}",
        batch="2", more=shared,
    )  # fmt: skip
    assert told(credit) == [("ACCEPT", "")]


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        ("nothing of a header", "first row is not"),
        ("merchantID=tillbridge_test", "101 Missing required field in File Header record: record"),
        ("merchantID=other,recordCount=1", "103 MerchantID does not match"),
        ("merchantID=tillbridge_test,recordCount=1,batchID=123456789", "104 batchID exceeds"),
        ("merchantID=tillbridge_test,recordCount=none", "106 Invalid recordCount"),
        ("merchantID=tillbridge_test,recordCount=0", "106 Invalid recordCount"),
        (f"merchantID=tillbridge_test,recordCount={'9' * 5000}", "106 Invalid recordCount"),
        ("merchantID=tillbridge_test,recordCount=1\n\na,b", "107 The file does not contain"),
        ("merchantID=tillbridge_test,recordCount=1,creationDate=12/31", "109 Invalid creation"),
        ("merchantID=tillbridge_test,recordCount=1\n\na*\n1", "names of the fields"),
        ("merchantID=tillbridge_test,recordCount=2\n\na,b\n1,2\n1", "in the following rows: 2"),
        ("merchantID=tillbridge_test,recordCount=2\n\na\n1", "not the number of data records"),
        ("merchantID=tillbridge_test,recordCount=1\n\na\n1", "112 Missing required field"),
        (
            "merchantID=tillbridge_test,recordCount=1\n\npayerAuthEnrollService_run\ntrue",
            "110 Unsupported service: payerAuthEnroll",
        ),
        (
            "merchantID=tillbridge_test,recordCount=1,transactionType=capture\n\n"
            "purchaseTotals_grandTotalAmount\n2.00\nEND,SUM=3.00",
            "114 SUM in Trailer",
        ),
        (
            "merchantID=tillbridge_test,recordCount=1,transactionType=capture\n\n"
            "purchaseTotals_grandTotalAmount\n9e999999999\nEND,SUM=3.00",
            "114 SUM in Trailer",
        ),
        ('merchantID=tillbridge_test,recordCount=1\n\n"a\n1', "is no CSV"),
        ("\x85\x02\x0c\x03", "is encrypted is not opened"),
        ("-----BEGIN PGP MESSAGE-----\n\nhQEM\n", "first row is not"),
    ],
)
def test_a_file_with_one_flaw_is_not_processed_at_all(desk: Desk, content: str, flaw: str) -> None:
    kept = desk.send(content.encode("latin-1"))
    assert (kept.state, len(kept.requests)) == ("Rejected", 0)
    assert flaw in desk.flaw()
    assert not desk.account.state.authorizations


def test_a_batch_is_processed_once_and_a_rejected_one_may_be_sent_again(desk: Desk) -> None:
    good = ("ccCaptureService_run,ccCaptureService_authRequestID", "true,1")
    assert desk.upload(*good, end="END,SUM=1.00").state == "Rejected"
    assert desk.upload(*good).state == "Completed"
    again = desk.upload(*good)
    assert (again.state, again.id != "12345") == ("OnHold", True)
    assert desk.upload(*good, end="END,SUM=1.00").state == "Rejected"
    assert desk.account.state.uploads["12345"].state == "Completed"


@pytest.mark.parametrize(
    ("contents", "name", "reason"),
    [
        ((), "a.csv", "MISSING_FIELD"),
        ((b"a", b"b"), "a.csv", "INVALID_DATA"),
        ((b"",), "a.csv", "INVALID_DATA"),
        ((b"a",), "../a.csv", "INVALID_DATA"),
        ((b"a",), "a" * 256, "INVALID_DATA"),
    ],
)
def test_what_is_not_one_file_is_refused(
    desk: Desk, contents: Sequence[bytes], name: str, reason: str
) -> None:
    with pytest.raises(Refusal, match=reason):
        desk.send(*contents, name=name)
    assert not desk.account.state.uploads


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\na\r\n\r\nb\r\n--b--'
)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (FORM, "application/json"),
        (FORM, "multipart/form-data"),
        (FORM, "multipart/form-data; boundary=c"),
        (FORM.removesuffix(b"--b--"), "multipart/form-data; boundary=b"),
        (FORM.replace(b"\r\n\r\nx", b"\r\nx"), "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data; boundary=b"),
    ],
)
def test_a_form_is_read_strictly(body: bytes, kind: str) -> None:
    for quoted in ("boundary=b", 'boundary="b"'):
        files = files_of(FORM, f"Multipart/Form-Data; {quoted}")
        assert files == [SentFile("f.csv", b"a\r\n\r\nb")], "the note has no file's name"
    with pytest.raises(Refusal):
        files_of(body, kind)


async def test_the_connector_reads_what_became_of_an_uploaded_file(world: Any) -> None:
    held = (await world.authorize()).fields["request_id"]
    options = world.simulator.options
    lines = (
        f"merchantID={options.merchant_id},batchID=777,recordCount=2,purchaseTotals_currency=USD",
        "merchantReferenceCode,purchaseTotals_grandTotalAmount,ccCaptureService_run,"
        "ccCaptureService_authRequestID",
        f"1042,25.00,true,{held}",
        f"1043,5.00,true,{NOBODY}",
    )
    desk = Desk(world.simulator.account)
    desk.send("\n".join(lines).encode())

    async def read(kind: str, **fields: str) -> Receipt:
        given = {"batch_id": "777", **fields}
        receipt: Receipt = await world.session.reads[kind].call(world.call(), given)
        return receipt

    one = (await read("transaction_batch")).fields
    assert (one["status"], one["accepted"], one["rejected"]) == ("Completed", "1", "1")
    rows = (await read("transaction_batch_details")).fields
    assert (rows["totals"], rows["orders"]) == ("30.00 USD", "1042, 1043")
    rejected = (await read("transaction_batch_details", only="rejected")).fields
    assert (rejected["orders"], rejected["reasons"]) == ("1043", "MISSING_AUTH")
    assert world.simulator.holds()["1042"][0]["captured"] == "25.00"
