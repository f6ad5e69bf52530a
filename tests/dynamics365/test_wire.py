"""What travels: batches, keys and refusals."""

from decimal import Decimal

import pytest

from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge_dynamics365.batch import ChangeSet, Part, read_batch, write_batch
from tillbridge_dynamics365.errors import refusal
from tillbridge_dynamics365.odata import by_id, plain_key, quoted


@pytest.mark.complaint("I46")
def test_a_batch_carries_exact_numbers() -> None:
    change = Part("POST", "salesorderdetails", {"priceperunit": Decimal("0.10")})
    body = write_batch("/api/data/v9.2/", [ChangeSet([change]), Part("GET", "WhoAmI")])
    assert b'{"priceperunit":0.10}' in body
    assert body.count(b"--changes_tillbridge\r\n") == 1
    assert b"POST /api/data/v9.2/salesorderdetails HTTP/1.1\r\n" in body


def test_a_failed_change_set_has_one_answer_wherever_it_stands() -> None:
    plain = (
        b"--r\r\nContent-Type: application/http\r\n\r\n"
        b'HTTP/1.1 412 Precondition Failed\r\nRetry-After: 3\r\n\r\n{"error":{"code":"0x1"}}\r\n'
    )
    nested = (
        b"--r\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
        b"Content-Type: application/http\r\n\r\n"
        b'HTTP/1.1 412 Precondition Failed\r\n\r\n{"error":{"code":"0x1"}}\r\n--c--\r\n'
    )
    for body in (plain, nested):
        (answer,) = read_batch("multipart/mixed; boundary=r", body + b"--r--\r\n", 1)
        assert (answer.status, answer.code) == (412, "0x1")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>"),
        ("multipart/mixed; boundary=r", b"--r--\r\n"),
        (
            "multipart/mixed; boundary=r",
            b"--r\r\nContent-Type: application/http\r\n\r\nno\r\n--r--",
        ),
    ],
)
def test_an_answer_that_is_cut_short_is_unknown(kind: str, body: bytes) -> None:
    with pytest.raises(Transient) as caught:
        read_batch(kind, body, 1)
    assert caught.value.sent == "perhaps"


@pytest.mark.parametrize(
    ("text", "key"), [("C-77", "C-77"), ("a/b", "a~2Fb"), ("a~2Fb", "a~7E2Fb"), ("ü", "~C3~BC")]
)
def test_every_text_has_a_key_of_its_own(text: str, key: str) -> None:
    assert plain_key(text, "customer.id", 100) == key


def test_a_quote_in_a_literal_is_doubled_and_an_id_is_a_guid() -> None:
    assert quoted("O'Hara & Co") == "'O''Hara%20%26%20Co'"
    with pytest.raises(Rejected):
        by_id("salesorders", "1) or (true")


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (429, "0x80072321", Transient, "rate_limited"),
        (429, "", Transient, "rate_limited"),
        (400, "0x80044150", Transient, "busy"),
        (400, "0x80060891", Transient, "key_not_active"),
        (403, "0x80040220", Misconfigured, "privilege"),
        (403, "", Misconfigured, "credentials"),
        (400, "0x80048D19", Misconfigured, "unknown_name"),
        (404, "0x80040217", Rejected, "not_found"),
        (400, "0x80040265", Rejected, "0x80040265"),
        (418, "", Rejected, "refused"),
    ],
)
def test_every_refusal_says_who_has_to_act(
    status: int, code: str, kind: type[TillbridgeError], reason: str
) -> None:
    body = b'{"error":{"code":"%s","message":"No."}}' % code.encode() if code else b"<html>"
    error = refusal("dynamics: The call", status, body, wait_s=None, write=True)
    assert isinstance(error, kind)
    assert error.reason == reason
