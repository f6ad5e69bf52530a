"""Writes vectors.json with the official client's own code, its clock and its chance held still.

usage: CLIENT_PYTHON tests/cybersource/record_vectors.py FOLDER > tests/cybersource/vectors.json
CLIENT_PYTHON is the interpreter of benchmarks/official_peer.py. FOLDER holds what
CybersourceSimulator.credentials issued to a portfolio: keys.p12, mle.pem and opens.pem, the private
key of mle.pem. All keys are made up.
"""

import json
import sys
import time
import uuid
from base64 import b64encode
from pathlib import Path
from typing import Any

import CyberSource as client  # type: ignore[import-not-found]  # noqa: N813 (installed in an environment of its own)
from authenticationsdk.util.MLEUtility import MLEUtility  # type: ignore[import-not-found]  # as above

NOW_S = 1_767_323_045
DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
JTI = "6f1c3c1e-1d4e-4a52-9a6e-2f8f0d1a7b3c"
TARGET = "/pts/v2/payments"
BODY = '{"clientReferenceInformation": {"code": "1042"}}'
SECRET = "eUJKeHk2TGpNMlRtY1BHdStHYUpySHRra2UyNWZQcFU="
FOLDER = Path(sys.argv[1])
CONFIGURATION = {
    "merchantid": "tillbridge_test",
    "run_environment": "apitest.cybersource.com",
    "merchant_keyid": "08c94330-f618-42a3-b09d-e1e43be5efda",
    "merchant_secretkey": SECRET,
}
P12 = {
    "authentication_type": "jwt",
    "jwt_key_type": "P12",
    "keys_directory": str(FOLDER),
    "key_file_name": "keys",
    "key_password": "a password",
    "key_alias": "portfolio_test",
    "use_metakey": 1,
    "portfolio_id": "portfolio_test",
    "mleForRequestPublicCertPath": str(FOLDER / "mle.pem"),
}


def headers(**ways: Any) -> dict[str, str]:
    """What the client signs the request with."""
    found: dict[str, str] = {}
    api = _api(ways)
    api.call_authentication_header("POST", found, BODY, TARGET)
    return {name: found[name] for name in ("Authorization", "Signature", "Digest") if name in found}


def _api(ways: dict[str, Any]) -> Any:
    api = client.ApiClient()
    api.set_configuration(CONFIGURATION | ways)
    api.mconfig.get_time = lambda: DATE
    return api


time.time = lambda: float(NOW_S)
uuid.uuid4 = lambda: JTI  # type: ignore[assignment,return-value]  # the client only writes it down
sealed = json.loads(MLEUtility.encrypt_request_payload(_api(P12).mconfig, BODY))
told = {
    "now_s": NOW_S,
    "date": DATE,
    "jti": JTI,
    "host": CONFIGURATION["run_environment"],
    "target": TARGET,
    "body": BODY,
    "http_signature": headers(authentication_type="http_signature"),
    "jwt": headers(authentication_type="jwt", jwt_key_type="SHARED_SECRET"),
    "p12": headers(**P12),
    "mle": sealed,
    "p12_file": b64encode((FOLDER / "keys.p12").read_bytes()).decode(),
    "mle_pem": (FOLDER / "mle.pem").read_text(encoding="utf-8"),
    "opens_pem": (FOLDER / "opens.pem").read_text(encoding="utf-8"),
}
sys.stdout.write(json.dumps(told, indent=1) + "\n")
