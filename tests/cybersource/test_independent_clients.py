"""Independent clients and plug-ins, as their sources and their own suites have them.

None of them is needed here, and none of their code is here: `independent_clients.json` says in our
words what they send and what their suites expect of the test host, and which places its answers
have that they have recorded. In its paths and bodies {visa} and {rupay} are test cards, {unknown} a
number that is none, and {0}, {1} are the ids of earlier answers.

Read: ActiveMerchant's gateway "Cybersource REST" and its remote tests, Hyperswitch's connector and
its tests, three clients in Go, the plug-ins for VTEX, Shopware, Salesforce B2C Commerce,
commercetools, Laravel and Drupal, MIT's payment gateway for Django, samples that are not the
client's for Node, and what others publish of their answers.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from tests.cybersource.test_other_clients import PERSON, card, order
from tests.cybersource.test_tokens import send

from tillbridge_cybersource.signing import Claims, TokenSigner
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.cards import check_digit
from tillbridge_simulators.cybersource.credentials import Key
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.signatures import Asked, Signatures

RECORDED: Final = json.loads(Path(__file__).with_name("independent_clients.json").read_text())
OPTIONS: Final = Options()
NOW_S: Final = 1_795_363_200
HTTP_DATE: Final = "Sun, 22 Nov 2026 16:00:00 GMT"
TEST_HOST: Final = "apitest.cybersource.com"
PAYMENTS: Final = "/pts/v2/payments"


@dataclass(frozen=True, slots=True)
class Signing:
    """How one client makes an HTTP Signature.

    Attributes:
        covers: the names in the order in which they are signed.
        says: what it signs for some of them, where that is not what the header says.
        comma: between the parts of its header.
    """

    by: str
    covers: str = "host date (request-target) digest v-c-merchant-id"
    date: str = HTTP_DATE
    date_header: str = "date"
    host: str = "127.0.0.1:8651"
    signed_host: str = ""
    method: str = "POST"
    target: str = PAYMENTS
    body: bytes = b'{"clientReferenceInformation": {}}'
    comma: str = ", "


SIGNINGS: Final = [
    Signing("ActiveMerchant: the host without its port", host="127.0.0.1"),
    Signing("ActiveMerchant: a slash at the end", target=f"{PAYMENTS}/"),
    Signing(
        "Hyperswitch: a date as Rust prints it", date="2026-11-22 16:00:00.123456789 +00:00:00"
    ),
    Signing("a client in Go: a date as Go prints it", date="2026-11-22 16:00:00.123456 +0000 UTC"),
    Signing(
        "Shopware: no spaces, nothing in brackets",
        covers="host date request-target digest v-c-merchant-id",
        comma=",",
    ),
    Signing(
        "Laravel, Odoo: v-c-date, and the test host's name for another address",
        covers="host v-c-date request-target digest v-c-merchant-id",
        date_header="v-c-date",
        signed_host=TEST_HOST,
    ),
    Signing(
        "VTEX: an ampersand at the end of a query",
        covers="host date (request-target) v-c-merchant-id",
        method="GET",
        target="/reporting/v3/conversion-details?startTime=2026-11-21T00:00:00Z&organizationId=a&",
        body=b"",
    ),
    Signing(
        "Salesforce: nothing to digest",
        covers="host date request-target v-c-merchant-id",
        method="DELETE",
        target="/tms/v1/paymentinstruments/1",
        body=b"",
    ),
    Signing(
        "names as headers are written", covers="Host Date (Request-Target) Digest V-C-Merchant-Id"
    ),
]


def digest_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def unpadded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def signed(one: Signing, secret: str = OPTIONS.secret_key, **changes: str) -> Asked:
    """The request as this client would send it; `changes` are to what it signs."""
    headers = {"host": one.host, one.date_header: one.date, "v-c-merchant-id": OPTIONS.merchant_id}
    headers |= {"digest": f"SHA-256={digest_of(one.body)}"} if one.body else {}
    values = {
        **headers,
        "host": one.signed_host or one.host,
        "request-target": f"{one.method.lower()} {one.target}",
    } | changes
    text = "\n".join(f"{name}: {values[name.lower().strip('()')]}" for name in one.covers.split())
    mac = hmac.new(base64.b64decode(secret), text.encode(), hashlib.sha256).digest()
    parts = {
        "keyid": OPTIONS.key_id,
        "algorithm": "HmacSHA256",
        "headers": one.covers,
        "signature": base64.b64encode(mac).decode(),
    }
    headers["signature"] = one.comma.join(f'{name}="{value}"' for name, value in parts.items())
    return Asked(one.method, one.target, headers, one.body)


def refusal(asked: Asked) -> str:
    return Signatures(OPTIONS.credentials(), frozenset({TEST_HOST})).refusal(asked, NOW_S)


@pytest.mark.parametrize("one", SIGNINGS, ids=lambda one: one.by)
def test_a_signature_is_taken_as_each_client_makes_it_and_for_nothing_else(one: Signing) -> None:
    assert refusal(signed(one)) == ""
    for changes in ({"request-target": "post /pts/v2/credits"}, {"host": "api.example.com"}):
        assert refusal(signed(one, **changes)).startswith("the signature is wrong")


@pytest.mark.parametrize(
    ("changes", "date", "says"),
    [
        ({"secret": base64.b64encode(OPTIONS.secret_key.encode()).decode()}, "", "from base64"),
        (
            {"secret": "c29tZXRoaW5nIGVsc2U="},
            "",
            f"| (request-target): post {PAYMENTS} | digest: S",
        ),
        ({}, "2026-11-22 17:00:00 +0000 UTC", "the date is missing or too far off"),
        ({}, "yesterday", "the date is missing or too far off"),
    ],
)
def test_a_wrong_signature_is_told_what_is_wrong_with_it(
    changes: dict[str, str], date: str, says: str
) -> None:
    assert says in refusal(signed(Signing("wrong", date=date or HTTP_DATE), **changes))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ('keyid="another", algorithm="HmacSHA256"', "keyid 'another' is no shared secret"),
        (f'keyid="{OPTIONS.key_id}", algorithm="hmac-md5"', "algorithm is 'hmac-md5', not"),
    ],
)
def test_a_header_that_names_no_key_or_another_algorithm_is_told_so(header: str, says: str) -> None:
    asked = signed(SIGNINGS[0])
    asked = Asked(asked.method, asked.target, {**asked.headers, "signature": header}, asked.body)
    assert refusal(asked).startswith(says)


VISA: Final = "4" + "1" * 14 + check_digit("4" + "1" * 14)
UNKNOWN: Final = "42423482938483" + "873"
RUPAY: Final = "508279423346" + check_digit("508279423346")


def filled(value: Any, ids: Sequence[str]) -> Any:
    """The same with the numbers of cards, and the ids of earlier answers."""
    if isinstance(value, dict):
        return {name: filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids) for inner in value]
    if not isinstance(value, str):
        return value
    text = value.replace("{visa}", VISA).replace("{unknown}", UNKNOWN).replace("{rupay}", RUPAY)
    for number, id_ in enumerate(ids):
        text = text.replace(f"{{{number}}}", id_)
    return text


@pytest.mark.parametrize("scenario", RECORDED["scenarios"], ids=lambda scenario: scenario["by"])
async def test_what_an_independent_suite_expects_of_the_test_host(
    world: Any, scenario: Any
) -> None:
    ids: list[str] = []
    for step in scenario["steps"]:
        path = filled(step["path"], ids)
        status, told = await send(world, step["method"], path, filled(step["body"], ids))
        assert status == step["status"], (path, told)
        shown = filled(step["shows"], ids)
        assert {place: at(told, place) for place in shown} == shown, path
        ids.append(str(told.get("id", "")))


async def test_answers_have_the_places_of_recorded_ones(world: Any) -> None:
    seen: dict[str, Any] = {}

    async def keep(name: str, path: str, document: object) -> str:
        _, seen[name] = await send(world, "POST", path, document)
        return str(seen[name].get("id", ""))

    reference = {"clientReferenceInformation": {"code": "b8779865d140"}}
    paid = card(VISA) | order("102.21") | reference
    paid |= {"deviceInformation": {"ipAddress": "127.0.0.1"}}
    paid |= {"processingInformation": {"commerceIndicator": "internet"}}
    held = await keep("authorization", PAYMENTS, paid)
    taken = await keep("capture", f"{PAYMENTS}/{held}/captures", order("102.21"))
    await keep("refund", f"/pts/v2/captures/{taken}/refunds", order("1.00"))
    other = await keep("credit", "/pts/v2/credits", paid)
    await keep("void", f"/pts/v2/credits/{other}/voids", reference)
    await keep("not voidable", f"{PAYMENTS}/{held}/voids", reference)
    released = await keep("authorization again", PAYMENTS, paid)
    information = {"reversalInformation": {"amountDetails": {"totalAmount": "102.21"}}}
    await keep("reversal", f"{PAYMENTS}/{released}/reversals", information)
    await keep("decline", PAYMENTS, paid | card(UNKNOWN))
    buyer = {"buyerInformation": {"email": "test@cybs.com"}, **reference}
    customer = await keep("customer", "/tms/v2/customers", buyer)
    ends = {"expirationMonth": "12", "expirationYear": "2031", "type": "001"}
    embedded = {"_embedded": {"instrumentIdentifier": {"card": {"number": VISA}}}}
    stored = {"card": ends, "billTo": PERSON, **embedded}
    await keep("instrument", f"/tms/v2/customers/{customer}/payment-instruments", stored)
    await keep("search", "/tss/v2/searches", {"query": f"id:{held}", "sort": "id:asc"})
    (one,) = seen["search"]["_embedded"]["transactionSummaries"]
    seen["search"] |= {
        "one": one,
        "application": at(one, "applicationInformation")["applications"][0],
    }
    _, seen["details"] = await send(world, "GET", f"/tss/v2/transactions/{held}")
    missing = {
        name: [place for place in places.split() if at(seen[name], place) is None]
        for name, places in RECORDED["places"].items()
    }
    assert {name: places for name, places in missing.items() if places} == {}


async def test_every_answer_names_its_request_and_an_address_of_nothing_is_told_so(
    world: Any,
) -> None:
    url = world.simulator.url
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/pts/v9/payments", data=b"{}") as nothing:
            assert (nothing.status, await nothing.json()) == (
                404,
                {"response": {"rmsg": "Resource not found"}},
            )
        async with session.get(url) as page:
            shown = await page.text()
    assert "POST /pts/v9/payments is not served" in shown
    assert nothing.headers["v-c-correlation-id"] in shown


async def test_a_refusal_is_on_the_page_with_the_fields_that_are_wrong(world: Any) -> None:
    await send(world, "POST", PAYMENTS, card(VISA, expirationMonth="13") | order("1.00"))
    async with aiohttp.ClientSession() as session, session.get(world.simulator.url) as page:
        shown = await page.text()
    assert "<td>INVALID_DATA: paymentInformation.card.expirationMonth</td>" in shown


@pytest.mark.parametrize("claimed", ["/tss/v2/transactions/1?a=b", "/tss/v2/transactions/1"])
def test_a_token_may_leave_the_query_out_of_its_path(claimed: str) -> None:
    at_s = datetime.fromtimestamp(NOW_S, UTC)
    secret = base64.b64decode(OPTIONS.secret_key)
    signer = TokenSigner(Claims(OPTIONS.merchant_id, TEST_HOST), OPTIONS.key_id, secret)
    sent = signer.headers("GET", claimed, b"", at_s)
    headers = {"host": "127.0.0.1:8651", "authorization": sent["Authorization"]}
    assert refusal(Asked("GET", "/tss/v2/transactions/1?a=b", headers, b"")) == ""
    assert refusal(Asked("GET", "/tss/v2/transactions/2?a=b", headers, b"")) != ""


@pytest.mark.parametrize(
    ("issued", "flaw"),
    [
        ("2026-11-22T16:00:00.000Z", ""),
        ("2026-11-22T12:00:00.000Z", "the token is not valid now"),
        (HTTP_DATE, ""),
    ],
)
def test_a_token_of_the_first_version_may_name_its_certificate(issued: str, flaw: str) -> None:
    """A sample for Java (account updater): no x5c, and no claims about the request."""
    private = rsa.generate_private_key(65537, 2048)
    credentials = OPTIONS.credentials()
    credentials.keys["17"] = Key("17", OPTIONS.merchant_id, public=private.public_key())
    body = b"{}"
    parts = (
        {"alg": "RS256", "kid": "17", "v-c-merchant-id": OPTIONS.merchant_id},
        {"digest": digest_of(body), "digestAlgorithm": "SHA-256", "iat": issued},
    )
    signed = ".".join(unpadded(json.dumps(part).encode()) for part in parts)
    mac = unpadded(private.sign(signed.encode(), PKCS1v15(), hashes.SHA256()))
    headers = {"host": TEST_HOST, "authorization": f"Bearer {signed}.{mac}"}
    known = Signatures(credentials)
    assert known.refusal(Asked("POST", PAYMENTS, headers, body), NOW_S) == flaw
    assert known.refusal(Asked("POST", PAYMENTS, headers, b"[]"), NOW_S) != ""
