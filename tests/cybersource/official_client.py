"""Run by the official client's own interpreter: a day at the simulator, told as JSON.

usage: official_client.py '{"host": ..., "authority": ..., "authentication": ..., ...}'
"""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import certifi  # comes with the official client

asked: dict[str, Any] = json.loads(sys.argv[1])
certifi.where = lambda: asked["authority"]  # the only trust the client knows is certifi's file

import CyberSource as client  # type: ignore[import-not-found]  # noqa: E402, N813 (installed in an environment of its own, and it reads certifi when imported)

CONFIGURATION = {
    "authentication_type": asked["authentication"],
    "jwt_key_type": "SHARED_SECRET",
    "merchantid": asked["merchant_id"],
    "run_environment": asked["host"],
    "merchant_keyid": asked["key_id"],
    "merchant_secretkey": asked["secret_key"],
    "timeout": 10_000,
}


def body(given: object) -> str:
    """The client takes JSON text with Python's names, as its own models write them."""
    return re.sub(r'"(\w+)":', lambda found: re.sub("[A-Z]", _lower, found[0]), json.dumps(given))


def _lower(found: re.Match[str]) -> str:
    return "_" + found[0].lower()


def reference(code: str, transaction_id: str) -> dict[str, str]:
    return {"code": code, "transactionId": transaction_id}


def amount(text: str) -> dict[str, Any]:
    return {"amountDetails": {"totalAmount": text, "currency": "USD"}}


def authorize(order_number: str) -> Any:
    billing = {
        "firstName": "Maya", "lastName": "Ortiz", "address1": "1 Market St",
        "locality": "San Francisco", "administrativeArea": "CA", "postalCode": "94105",
        "country": "US", "email": "maya@example.com",
    }  # fmt: skip
    given = {
        "clientReferenceInformation": reference(order_number, f"{order_number}-try"),
        "processingInformation": {"capture": False},
        "tokenInformation": {"transientTokenJwt": asked["tokens"].pop()},
        "orderInformation": {**amount("25.00"), "billTo": billing},
    }
    return client.PaymentsApi(CONFIGURATION).create_payment(body(given))


def told(answer: Any) -> dict[str, Any]:
    found, status, _ = answer
    return {"http": status, "status": found.status, "id": found.id}


def decided() -> dict[str, Any]:
    """The decisions of the last hours."""
    now = datetime.now(UTC)
    window = (f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" for moment in (now - timedelta(hours=23), now))
    report, status, _ = client.ConversionDetailsApi(CONFIGURATION).get_conversion_detail(*window)
    rows = [[row.request_id, row.new_decision] for row in report.conversion_details]
    return {"http": status, "found": rows}


def main() -> None:
    """Authorizes two orders; captures and voids one, reverses the other, fences a third."""
    first = authorize("official-1")
    second = authorize("official-2")
    third = authorize("official-3")
    capture = client.CaptureApi(CONFIGURATION).capture_payment(
        body(
            {
                "clientReferenceInformation": reference("official-1", "official-1-capture"),
                "orderInformation": amount("25.00"),
            }
        ),
        first[0].id,
    )
    void = client.VoidApi(CONFIGURATION).void_capture(
        body({"clientReferenceInformation": reference("official-1", "official-1-void")}),
        capture[0].id,
    )
    reversal = client.ReversalApi(CONFIGURATION).auth_reversal(
        second[0].id,
        body(
            {
                "clientReferenceInformation": reference("official-2", "official-2-reversal"),
                "reversalInformation": amount("25.00"),
            }
        ),
    )
    fence = client.ReversalApi(CONFIGURATION).mit_reversal(
        body(
            {
                "clientReferenceInformation": reference("official-3", "official-3-try"),
                "reversalInformation": amount("25.00"),
            }
        )
    )
    search = client.SearchTransactionsApi(CONFIGURATION).create_search(
        body(
            {
                "query": "clientReferenceInformation.code:official-1",
                "sort": "submitTimeUtc:asc",
                "limit": 10,
                "offset": 0,
            }
        )
    )
    details = client.TransactionDetailsApi(CONFIGURATION).get_transaction(first[0].id)
    steps = {
        "authorization": told(first),
        "capture": told(capture),
        "void": told(void),
        "reversal": told(reversal),
        "fence": told(fence),
        "third": told(third),
        "search": {"http": search[1], "found": search[0].total_count},
        "decisions": decided(),
        "details": {"http": details[1], "id": details[0].id},
    }
    sys.stdout.write(json.dumps(steps))


main()
