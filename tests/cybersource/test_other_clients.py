"""The official clients of other languages, as they were recorded: none of them is needed here.

`other_clients.json` holds requests as the client for Node sent them to the simulator, and as the
sources of the client for PHP write them, each with the moment it was sent. The bodies of the table
are those of the samples that Cybersource publishes, with what was refused once.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from tests.cybersource.test_invoicing import INVOICE
from tests.cybersource.test_tokens import send

from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource import samples as named
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.capture_contexts import microform
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.credentials import Credentials, Key, serial_of
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.payment_credentials import tokenize
from tillbridge_simulators.cybersource.sandbox import TEST_HOST, Wanted, simulator_of
from tillbridge_simulators.cybersource.signatures import Asked, Signatures

RECORDED: Final = json.loads(Path(__file__).with_name("other_clients.json").read_text())
OPTIONS: Final = Options(portfolio_id="tillbridge_portfolio")
MADE_UP: Final = "414720" + "5" * 9
TRACK: Final = "4" + "1" * 14
PERSON: Final = {
    "firstName": "John", "lastName": "Doe", "address1": "1 Market St", "locality": "San Francisco",
    "administrativeArea": "New Hampshire", "postalCode": "58472-3321", "country": "US",
    "email": "test@example.com",
}  # fmt: skip


def credentials() -> Credentials:
    """As the recording account had them; of its certificates only what is public."""
    kept = OPTIONS.credentials()
    for owner, text in RECORDED["certificates"].items():
        certificate = x509.load_pem_x509_certificate(text.encode())
        public = certificate.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        name = OPTIONS.merchant_id if owner == "merchant" else OPTIONS.portfolio_id
        kept.keys[serial_of(certificate)] = Key(serial_of(certificate), name, public=public)
    return kept


@pytest.mark.parametrize(
    "row", RECORDED["requests"], ids=lambda row: f"{row['by']}: {row['method']} {row['target']}"
)
def test_a_signature_of_another_official_client_is_accepted_and_covers_its_request(
    row: Mapping[str, Any],
) -> None:
    asked = Asked(row["method"], row["target"], row["headers"], row["body"].encode())
    assert Signatures(credentials()).refusal(asked, row["at"]) == ""
    assert Signatures(credentials()).refusal(asked, row["at"] + 900) != ""
    if row["body"]:
        altered = replace(asked, body=asked.body + b" ")
        assert Signatures(credentials()).refusal(altered, row["at"]) != ""


@pytest.mark.parametrize(("accept", "flaw"), [("text/csv", ""), ("*/*", "jti was used before")])
def test_a_file_may_be_asked_for_again_with_its_token(accept: str, flaw: str) -> None:
    row = next(one for one in RECORDED["requests"] if one["by"].endswith("a file"))
    asked = Asked(row["method"], row["target"], row["headers"] | {"accept": accept}, b"")
    known = Signatures(credentials())
    assert [known.refusal(asked, row["at"]) for _ in range(2)] == ["", flaw]


@pytest.mark.parametrize(("host", "accepted"), [(TEST_HOST, True), ("api.cybersource.com", False)])
def test_a_token_may_be_made_out_to_the_test_host(host: str, accepted: bool) -> None:
    row = next(one for one in RECORDED["requests"] if one["by"].endswith("shared secret"))
    headers = row["headers"] | {"host": "127.0.0.1:1"}
    asked = Asked(row["method"], row["target"], headers, row["body"].encode())
    known = Signatures(credentials(), frozenset({"127.0.0.1:8443"} if accepted else {host}))
    assert (known.refusal(asked, row["at"]) == "") is accepted


def test_the_entries_of_a_p12_have_the_names_that_clients_look_for() -> None:
    mine = OPTIONS.credentials()
    found = pkcs12.load_pkcs12(mine.issue_p12("x"), b"x")
    assert found.cert is not None
    names = [str(one.friendly_name) for one in (found.cert, *found.additional_certs)]
    assert [name.partition("CN=")[2].strip("'") for name in names] == [
        OPTIONS.merchant_id,
        "CyberSource_SJC_US",
    ]


def test_a_client_that_is_set_up_already_brings_its_own_keys(tmp_path: Path) -> None:
    theirs = Credentials("testrest")
    (tmp_path / "testrest.p12").write_bytes(theirs.issue_p12("testrest"))
    secret = base64.b64encode(b"s" * 32).decode()
    simulator = simulator_of(
        Wanted(merchant_id="testrest", key_id="k", secret_key=secret, p12=tmp_path / "testrest.p12")
    )
    assert {"k", *theirs.keys} <= set(simulator.credentials.keys)
    assert simulator.options.hosts == (TEST_HOST,)
    with pytest.raises(ValueError, match="no certificate of somebody"):
        simulator_of(
            Wanted(merchant_id="somebody", p12=tmp_path / "testrest.p12", p12_password="testrest")
        )


async def test_an_authority_that_is_kept_is_trusted_again(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        simulator = CybersourceSimulator(tls=True, tls_folder=tmp_path)
        await simulator.start()
        seen.append(simulator.authority_path.read_bytes())
        await simulator.stop()
    assert seen[0] == seen[1]
    assert (tmp_path / "authority-key.pem").stat().st_mode & 0o077 == 0


def card(number: str, **more: Any) -> dict[str, Any]:
    """A year that is a number, as the samples have it."""
    said = {"number": number, "expirationMonth": "12", "expirationYear": 2031}
    return {"paymentInformation": {"card": said | more}}


def order(amount: Any = "102.21", currency: str = "USD", **more: Any) -> dict[str, Any]:
    details = {"totalAmount": amount, "currency": currency}
    return {"orderInformation": {"amountDetails": details, "billTo": PERSON, **more}}


PAYMENTS: Final = "/pts/v2/payments"
VISA: Final = TRACK + check_digit(TRACK)
INVOICES: Final = "/invoicing/v2/invoices"
NUMBERS: Final = {
    "totalAmount": "100.00",
    "currency": "USD",
    "discountPercent": 5.5,
    "subAmount": 9.5,
}
CONTEXT: Final = {"clientVersion": "v2", "targetOrigins": ["https://www.test.com"]}
WEBHOOK: Final = {
    "organizationId": OPTIONS.merchant_id,
    "productId": "decisionManager",
    "eventTypes": ["risk.casemanagement.decision.accept"],
    "webhookUrl": "https://example.com/hook",
    "healthCheckUrl": "https://example.com/health",
}
WEEK: Final = "submitTimeUtc:[NOW/DAY-7DAYS TO NOW/DAY+1DAY}"
MONTH: Final = "startTime=2021-08-01T00:00:00Z&endTime=2021-09-01T23:59:59Z"
SETUP: Final = {
    "clientReferenceInformation": {"code": "cybs_test"},
    "paymentInformation": {"fluidData": {"value": "e" * 4000}},
    "processingInformation": {"paymentSolution": "001"},
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sample sends, and what its answer shows by dotted place."""

    method: str
    path: str
    document: object
    status: int
    shows: Mapping[str, object]


SENT: Final = [
    Sent(
        "POST",
        PAYMENTS,
        card(MADE_UP + check_digit(MADE_UP)) | order(),
        201,
        {
            "status": "AUTHORIZED",
            "paymentAccountInformation.card.type": "001",
            "processorInformation.avs.code": "X",
            "_links.capture.method": "POST",
            "_links.authReversal.method": "POST",
        },
    ),
    Sent(
        "POST",
        PAYMENTS,
        card(MADE_UP + "0") | order(),
        201,
        {"status": "DECLINED", "errorInformation.reason": "INVALID_ACCOUNT"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        card(VISA) | order(102.21, "usd", shipTo=PERSON),
        201,
        {
            "orderInformation.amountDetails.authorizedAmount": "102.21",
            "orderInformation.amountDetails.currency": "USD",
        },
    ),
    Sent(
        "POST",
        PAYMENTS,
        card(VISA) | order("0"),
        201,
        {"status": "AUTHORIZED", "orderInformation.amountDetails.authorizedAmount": "0.00"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        card(VISA) | order("0") | {"processingInformation": {"capture": True}},
        400,
        {"reason": "INVALID_DATA"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        {
            "pointOfSaleInformation": {"trackData": f"%B{VISA}^TEST/CYBS ^2012121019761100?"},
            "orderInformation": {"amountDetails": {"totalAmount": "1", "currency": "USD"}},
        },
        201,
        {"status": "AUTHORIZED", "paymentInformation.card.suffix": "1111"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        card(VISA)
        | order()
        | {"travelInformation": {"lodging": {"checkInDate": "11062019", "phoneCost": "9" * 13}}},
        201,
        {"status": "AUTHORIZED"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        {"paymentInformation": {"customer": {"id": named.CUSTOMER}}} | order(),
        201,
        {"status": "AUTHORIZED"},
    ),
    Sent(
        "POST",
        PAYMENTS,
        {
            "paymentInformation": {
                **card(VISA)["paymentInformation"],
                "customer": {"id": named.CUSTOMER},
            },
            "processingInformation": {
                "actionList": ["TOKEN_CREATE"],
                "actionTokenTypes": ["paymentInstrument"],
            },
        }
        | order(),
        201,
        {"tokenInformation.customer.id": named.CUSTOMER},
    ),
    Sent("GET", f"/tms/v1/instrumentidentifiers/{named.CARD}", None, 200, {"id": named.CARD}),
    Sent(
        "GET",
        f"/tms/v2/customers/{named.CUSTOMER}/payment-instruments/{named.INSTRUMENTS[0]}",
        None,
        200,
        {"id": named.INSTRUMENTS[0], "default": True},
    ),
    Sent(
        "GET",
        f"/tms/v2/customers/{named.CUSTOMER}/shipping-addresses/{named.ADDRESS}",
        None,
        200,
        {"id": named.ADDRESS},
    ),
    Sent(
        "POST",
        INVOICES,
        INVOICE
        | {"invoiceInformation": {"description": "Work", "dueDate": "2019-07-11"}}
        | {"orderInformation": {"amountDetails": NUMBERS}},
        201,
        {"orderInformation.amountDetails.discountPercent": "5.5"},
    ),
    Sent(
        "POST",
        "/tss/v2/searches",
        {"query": f"clientReferenceInformation.code:X AND {WEEK}", "sort": "id:asc"},
        201,
        {"totalCount": 0},
    ),
    Sent(
        "POST",
        "/tss/v2/searches",
        {"query": "submitTimeUtc:[NOW/EON TO NOW]", "sort": "id:asc"},
        400,
        {"reason": "INVALID_DATA"},
    ),
    Sent("POST", "/risk/v1/authentication-setups", SETUP, 201, {"status": "COMPLETED"}),
    Sent(
        "POST",
        "/notification-subscriptions/v2/webhooks",
        WEBHOOK,
        201,
        {"products": [{k: WEBHOOK[k] for k in ("productId", "eventTypes")}]},
    ),
    Sent("GET", f"/reporting/v3/chargeback-details?{MONTH}", None, 404, {"status": "NOT_FOUND"}),
]


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: f"{sent.method} {sent.path}")
async def test_what_an_official_sample_sends_is_answered(world: Any, sent: Sent) -> None:
    named.stock(world.simulator.account)
    status, told = await send(world, sent.method, sent.path, sent.document)
    assert status == sent.status, told
    assert {place: at(told, place) for place in sent.shows} == sent.shows


def test_a_test_card_is_stored_by_its_number_without_a_payment(world: Any) -> None:
    wanted = {"actionTokenTypes": ["customer", "instrumentIdentifier"]}
    information = {"instrumentIdentifier": {"card": {"number": VISA}}}
    document = {"processingInformation": wanted, "tokenInformation": information}
    told = tokenize(Ask(world.simulator.account, document=document))
    made = {one["resource"]: one["id"] for one in told.body["responses"]}  # type: ignore[attr-defined]  # a body's values are objects
    assert set(made) == {"customer", "instrumentIdentifier"}
    assert world.simulator.account.tokens.known(made["customer"]).last4 == "1111"


def test_a_context_for_checks_names_no_cards(world: Any) -> None:
    said = CONTEXT | {"allowedPaymentTypes": ["CHECK"]}
    assert microform(Ask(world.simulator.account, document=said)).status == 201


async def test_a_reversal_need_not_name_the_currency(world: Any) -> None:
    _, held = await send(world, "POST", PAYMENTS, card(VISA) | order("102.21", "GBP"))
    path = f"{PAYMENTS}/{held['id']}/reversals"
    said = {"reversalInformation": {"amountDetails": {"totalAmount": "102.21"}, "reason": "test"}}
    status, told = await send(world, "POST", path, said)
    assert (status, told["status"]) == (201, "REVERSED")
    assert told["reversalAmountDetails"]["currency"] == "GBP"


async def test_a_search_by_dates_in_words_finds_what_was_done_today(world: Any) -> None:
    await send(world, "POST", PAYMENTS, card(VISA) | order())
    for query, count in (
        (WEEK, 1),
        ("submitTimeUtc:[NOW-30DAYS TO NOW-1DAY]", 0),
        ("submitTimeUtc:{2001-01-01T00:00:00Z TO 2099-01-01T00:00:00Z}", 1),
    ):
        _, told = await send(world, "POST", "/tss/v2/searches", {"query": query, "sort": "id:asc"})
        assert told["totalCount"] == count, query
