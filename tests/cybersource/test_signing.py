"""The simulator is strict about who asks; the connector's signatures hold."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tillbridge.canonical.errors import Misconfigured
from tillbridge.canonical.payments import Verdict
from tillbridge.connector.connector import Opening
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.signing import Claims, HttpSigner, Signs, TokenSigner
from tillbridge_simulators.cybersource import Options

OPTIONS = Options()
SECRET = base64.b64decode(OPTIONS.secret_key)
PATH = "/tss/v2/searches"
BODY = json.dumps(
    {"query": "clientReferenceInformation.code:1042", "sort": "submitTimeUtc:asc"}
).encode()


def signers(world: Any) -> dict[str, Signs]:
    host = world.simulator.url.removeprefix("http://")
    return {
        "jwt": TokenSigner(Claims(OPTIONS.merchant_id, host), OPTIONS.key_id, SECRET),
        "http_signature": HttpSigner(OPTIONS.merchant_id, OPTIONS.key_id, SECRET, host),
    }


async def post(world: Any, headers: Any, path: str = PATH, body: bytes = BODY) -> int:
    headers = {"Content-Type": "application/json", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(world.simulator.url + path, data=body, headers=headers) as answer,
    ):
        if answer.status == 401:
            assert await answer.json() == {"response": {"rmsg": "Authentication Failed"}}
        return answer.status


def test_a_library_reads_the_token_and_its_signature() -> None:
    claims = Claims(OPTIONS.merchant_id, "api.example.com")
    signer = TokenSigner(claims, OPTIONS.key_id, SECRET)
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    sent = signer.headers("POST", PATH, BODY, moment)["Authorization"].removeprefix("Bearer ")
    token = jwt.decode(sent, OctKey.import_key(SECRET))
    assert token.header == {"kid": OPTIONS.key_id, "alg": "HS256", "typ": "JWT"}
    assert token.claims.pop("jti")
    assert token.claims == {
        "iat": 1767323045,
        "exp": 1767323165,
        "iss": OPTIONS.merchant_id,
        "request-method": "post",
        "request-host": "api.example.com",
        "request-resource-path": PATH,
        "v-c-merchant-id": OPTIONS.merchant_id,
        "v-c-jwt-version": "2",
        "digest": base64.b64encode(hashlib.sha256(BODY).digest()).decode(),
        "digestAlgorithm": "SHA-256",
    }
    with pytest.raises(JoseError):
        jwt.decode(sent, OctKey.import_key(SECRET + b"x"))


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_both_ways_of_signing_are_accepted(make_world: Any, kind: str) -> None:
    world = await make_world(authentication=kind)
    receipt = await world.authorize()
    assert receipt.observations[0].verdict is Verdict.APPROVED
    assert len(await world.session.observe(world.call(), "1042")) == 1


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_a_stale_signature_is_refused(world: Any, kind: str) -> None:
    signer = signers(world)[kind]
    past = datetime.now(UTC) - timedelta(minutes=10)
    assert await post(world, signer.headers("POST", PATH, BODY, past)) == 401


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_a_signature_from_the_future_is_refused(world: Any, kind: str) -> None:
    future = datetime.now(UTC) + timedelta(minutes=10)
    headers = signers(world)[kind].headers("POST", PATH, BODY, future)
    assert await post(world, headers) == 401


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_an_altered_body_is_refused(world: Any, kind: str) -> None:
    headers = signers(world)[kind].headers("POST", PATH, BODY, datetime.now(UTC))
    assert await post(world, headers, body=BODY.replace(b"1042", b"1043")) == 401


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_a_signature_for_another_path_is_refused(world: Any, kind: str) -> None:
    headers = signers(world)[kind].headers("POST", "/pts/v2/payments", BODY, datetime.now(UTC))
    assert await post(world, headers) == 401


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_a_signature_for_another_method_is_refused(world: Any, kind: str) -> None:
    headers = signers(world)[kind].headers("PUT", PATH, BODY, datetime.now(UTC))
    assert await post(world, headers) == 401


async def test_no_signature_is_refused(world: Any) -> None:
    assert await post(world, {}) == 401
    assert await post(world, {"Authorization": "Bearer x"}) == 401
    assert await post(world, {"Authorization": "Bearer a.b.c"}) == 401


async def test_a_token_is_good_once(world: Any) -> None:
    headers = signers(world)["jwt"].headers("POST", PATH, BODY, datetime.now(UTC))
    assert await post(world, headers) == 201
    assert await post(world, headers) == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "another_merchant"),
        ("v-c-merchant-id", "another_merchant"),
        ("v-c-jwt-version", "1"),
        ("request-host", "api.cybersource.com"),
        ("request-method", "get"),
        ("digest", "AAAA"),
        ("digestAlgorithm", "MD5"),
        ("jti", ""),
        ("exp", 9_999_999_999),
        ("iat", "now"),
    ],
)
async def test_every_claim_of_a_token_is_checked(world: Any, name: str, value: object) -> None:
    headers = signers(world)["jwt"].headers("POST", PATH, BODY, datetime.now(UTC))
    key = OctKey.import_key(SECRET)
    token = jwt.decode(headers["Authorization"].removeprefix("Bearer "), key)
    forged = jwt.encode(token.header, token.claims | {name: value}, key)
    assert await post(world, {"Authorization": f"Bearer {forged}"}) == 401


async def test_a_token_with_another_key_id_or_no_algorithm_is_refused(world: Any) -> None:
    headers = signers(world)["jwt"].headers("POST", PATH, BODY, datetime.now(UTC))
    key = OctKey.import_key(SECRET)
    token = jwt.decode(headers["Authorization"].removeprefix("Bearer "), key)
    forged = jwt.encode(token.header | {"kid": "another"}, token.claims, key)
    assert await post(world, {"Authorization": f"Bearer {forged}"}) == 401
    plain = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"x"}').decode().rstrip("=")
    assert await post(world, {"Authorization": f"Bearer {plain}.e30."}) == 401


async def test_an_http_signature_must_cover_the_digest(world: Any) -> None:
    host = world.simulator.url.removeprefix("http://")
    signed = {
        "host": host,
        "date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "request-target": f"post {PATH}",
        "v-c-merchant-id": OPTIONS.merchant_id,
    }
    text = "\n".join(f"{name}: {value}" for name, value in signed.items())
    mac = base64.b64encode(hmac.new(SECRET, text.encode(), hashlib.sha256).digest()).decode()
    signature = (
        f'keyid="{OPTIONS.key_id}", algorithm="HmacSHA256", headers="{" ".join(signed)}",'
        f' signature="{mac}"'
    )
    headers = {"Date": signed["date"], "v-c-merchant-id": OPTIONS.merchant_id}
    assert await post(world, headers | {"Signature": signature}) == 401


@pytest.mark.parametrize("kind", ["jwt", "http_signature"])
async def test_a_wrong_secret_is_a_matter_of_set_up(make_world: Any, kind: str) -> None:
    world = await make_world(
        authentication=kind, secret_key=Secret("d3Jvbmcgc2VjcmV0IG9mIGEgbWVyY2hhbnQ=")
    )
    with pytest.raises(Misconfigured, match="does not accept the credentials") as caught:
        await world.authorize()
    assert "d3Jvbmcgc2VjcmV0" not in str(caught.value)
    assert world.simulator.live_holds() == {}


def test_a_secret_that_is_not_base64_is_refused_when_opening() -> None:
    settings = CybersourceSettings("m", "k", Secret("not base64!"))
    with pytest.raises(Misconfigured, match="shared secret is not base64"):
        CybersourceSession(settings, Opening("cybersource", lambda: datetime.now(UTC)))
    settings = replace(
        settings,
        secret_key=Secret("d3Jvbmcgc2VjcmV0IG9mIGEgbWVyY2hhbnQ="),
        webhook_keys=Secret("no-colon"),
    )
    with pytest.raises(Misconfigured, match="keyId:key"):
        CybersourceSession(settings, Opening("cybersource", lambda: datetime.now(UTC)))
