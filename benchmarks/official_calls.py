"""Run by the official client's own interpreter: authorizes and captures, and tells its CPU time.

It reads {"host": ..., "authority": ..., "tokens": [...], "warm_up": 20, ...} from its input.
"""

import json
import re
import resource
import sys
import time
from typing import Any

import certifi  # comes with the official client

asked: dict[str, Any] = json.load(sys.stdin)
certifi.where = lambda: asked["authority"]  # the only trust the client knows is certifi's file

import CyberSource as client  # type: ignore[import-not-found]  # noqa: E402, N813 (installed in an environment of its own, and it reads certifi when imported)

CONFIGURATION = {
    "authentication_type": "jwt",
    "jwt_key_type": "SHARED_SECRET",
    "merchantid": asked["merchant_id"],
    "run_environment": asked["host"],
    "merchant_keyid": asked["key_id"],
    "merchant_secretkey": asked["secret_key"],
    "timeout": 10_000,
}
PAYMENTS, CAPTURES = client.PaymentsApi(CONFIGURATION), client.CaptureApi(CONFIGURATION)


def body(given: object) -> str:
    """The client takes JSON text with Python's names, as its own models write them."""
    return re.sub(r'"(\w+)":', lambda found: re.sub("[A-Z]", _lower, found[0]), json.dumps(given))


def _lower(found: re.Match[str]) -> str:
    return "_" + found[0].lower()


def pair(number: int) -> None:
    """One authorization and its capture."""
    reference = {"code": f"sdk-{number}", "transactionId": f"sdk-{number}"}
    amounts = {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}}
    authorization = {
        "clientReferenceInformation": reference,
        "processingInformation": {"capture": False},
        "tokenInformation": {"transientTokenJwt": asked["tokens"][number]},
        "orderInformation": {**amounts, "billTo": asked["bill_to"]},
    }
    found, status, _ = PAYMENTS.create_payment(body(authorization))
    assert (status, found.status) == (201, "AUTHORIZED"), found
    capture = {"clientReferenceInformation": reference, "orderInformation": amounts}
    found, status, _ = CAPTURES.capture_payment(body(capture), found.id)
    assert (status, found.status) == (201, "PENDING"), found


def spent_s() -> float:
    """User and system seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Warms up, then is measured."""
    for number in range(asked["warm_up"]):
        pair(number)
    before, began = spent_s(), time.monotonic()
    for number in range(asked["warm_up"], asked["warm_up"] + asked["pairs"]):
        pair(number)
    json.dump({"cpu_s": spent_s() - before, "took_s": time.monotonic() - began}, sys.stdout)


if __name__ == "__main__":
    main()
