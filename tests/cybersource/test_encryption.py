"""The connector signs with certificates and meta keys, and encrypts both ways."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.cybersource.conftest import World, now
from tests.cybersource.coverage import connector_calls

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.payments import Verdict
from tillbridge.connector.connector import Opening
from tillbridge.connector.key_life import HoldsKeys
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.certificates import P12, Pem
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.encryption import Encryption, takes_encryption
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.signing import CertificateSigner, Claims
from tillbridge_simulators.cybersource import CybersourceSimulator, Options
from tillbridge_simulators.cybersource.credentials import Credentials
from tillbridge_simulators.cybersource.recorded import recorded

PORTFOLIO = "portfolio_test"
MakeSealed = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_sealed(tmp_path: Path) -> AsyncIterator[MakeSealed]:
    """Makes a world of a portfolio's account; its P12 file is there."""
    worlds: list[World] = []

    async def make(**changes: Any) -> World:
        simulator = CybersourceSimulator(Options(portfolio_id=PORTFOLIO), factor=1000)
        await simulator.start()
        path = tmp_path / "keys.p12"
        path.write_bytes(simulator.credentials.issue_p12("a password", by_portfolio=True))
        mle = simulator.credentials.mle_certificate().public_bytes(Encoding.PEM)
        (tmp_path / "mle.pem").write_bytes(mle)
        settings = CybersourceSettings(
            merchant_id=simulator.options.merchant_id,
            key_id="",
            secret_key=Secret("a password"),
            base_url=simulator.url,
            authentication="p12",
            p12_file=str(path),
            portfolio_id=PORTFOLIO,
        )
        settings = replace(settings, **changes)
        session = CybersourceSession(settings, Opening("cybersource", now, factor=1000))
        worlds.append(World(simulator, session, settings))
        return worlds[-1]

    yield make
    for world in worlds:
        await world.session.close()
        await world.simulator.stop()


def requests(world: World) -> list[dict[str, Any]]:
    return [dict(entry.facts) for entry in world.simulator.log.entries("request")]


async def test_a_meta_keys_certificate_signs_and_bodies_are_encrypted(
    make_sealed: MakeSealed,
) -> None:
    world = await make_sealed(encrypt_requests=True)
    held = await world.authorize()
    assert held.observations[0].verdict is Verdict.APPROVED
    (one,) = requests(world)
    assert (one["order"], one["encrypted"], one["refusal"]) == ("1042", True, "")


async def test_answers_are_encrypted_to_our_key_and_refusals_too(make_sealed: MakeSealed) -> None:
    world = await make_sealed()
    key_id, private = world.simulator.credentials.issue_answer_key()
    settings = replace(world.settings, answer_key_id=key_id, answer_key=Secret(private.decode()))
    session = CybersourceSession(settings, Opening("cybersource", now, factor=1000))
    sealed = replace(world, session=session, settings=settings)
    held = await sealed.authorize()
    assert held.observations[0].verdict is Verdict.APPROVED
    with pytest.raises(Rejected, match="MISSING_AUTH"):
        await sealed.capture("1" * 22, "25.00")
    assert len(await session.observe(sealed.call(), "1042")) == 1
    await session.close()
    assert {one["answer_key"] for one in requests(world)} == {key_id}


async def test_an_answer_that_does_not_open_leaves_a_payment_unknown(
    make_sealed: MakeSealed,
) -> None:
    world = await make_sealed()
    key_id, _ = world.simulator.credentials.issue_answer_key()
    _, another = world.simulator.credentials.issue_answer_key()
    wrong = Secret(another.decode())
    session = CybersourceSession(
        replace(world.settings, answer_key_id=key_id, answer_key=wrong),
        Opening("cybersource", now, factor=1000),
    )
    with pytest.raises(Transient, match="does not open it") as caught:
        await replace(world, session=session).authorize()
    await session.close()
    assert caught.value.sent == "perhaps"
    assert len(world.simulator.live_holds()["1042"]) == 1


async def test_a_shared_meta_key_transacts_for_the_merchant(make_sealed: MakeSealed) -> None:
    options = Options()
    meta = {"key_id": options.meta_key_id, "secret_key": Secret(options.meta_secret_key)}
    world = await make_sealed(authentication="jwt", **meta)
    assert (await world.authorize()).observations
    alone = replace(world.settings, portfolio_id="")
    session = CybersourceSession(alone, Opening("cybersource", now, factor=1000))
    with pytest.raises(Misconfigured, match="does not accept the credentials"):
        await replace(world, session=session).authorize()
    await session.close()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"secret_key": Secret("wrong")}, "does not open with the password"),
        ({"p12_file": "/nowhere/keys.p12"}, "p12_file: /nowhere/keys.p12 cannot be read"),
        ({"p12_file": ""}, "no file is named"),
        ({"portfolio_id": "another"}, "holds no certificate of another; it holds"),
    ],
)
async def test_a_file_that_cannot_sign_is_said_by_the_check_and_by_the_call(
    make_sealed: MakeSealed, changes: dict[str, Any], why: str
) -> None:
    world = await make_sealed(**changes)
    with pytest.raises(Misconfigured, match=why):
        await world.authorize()
    lines = await world.session.check(world.call())
    failed = [line for line in lines if line.title == "Certificates can be read"]
    assert [line.passed for line in failed] == [False]
    assert requests(world) == []


async def test_nothing_leaves_whose_answer_could_not_be_read(make_sealed: MakeSealed) -> None:
    world = await make_sealed(answer_key_id="7", answer_key=Secret("no key"))
    with pytest.raises(Misconfigured, match="answer_key is not a private key"):
        await world.authorize()
    assert requests(world) == []


def test_a_shared_secret_encrypts_only_to_a_certificate_that_is_named() -> None:
    settings = CybersourceSettings("m", "k", Secret("c2VjcmV0"), encrypt_requests=True)
    with pytest.raises(Misconfigured, match="no certificate to encrypt requests to"):
        CybersourceSession(settings, Opening("cybersource", now))


def test_http_signatures_and_encryption_exclude_each_other() -> None:
    settings = CybersourceSettings(
        "m", "k", Secret("c2VjcmV0"), authentication="http_signature", encrypt_requests=True
    )
    with pytest.raises(Misconfigured, match="exclude each other"):
        CybersourceSession(settings, Opening("cybersource", now))


async def test_the_check_says_when_each_key_ends_and_fails_long_before(
    make_sealed: MakeSealed,
) -> None:
    world = await make_sealed(encrypt_requests=True, key_warning_days=60)
    assert isinstance(world.session, HoldsKeys)
    own, theirs = world.session.key_lives
    assert (own.title.split()[0], own.days_left(now())) == ("Certificate", 1094)
    assert not theirs.is_ending(now())
    lines = await world.session.check(world.call())
    said = [line for line in lines if line.title == own.title]
    assert [(line.passed, "in 1094 days" in line.detail) for line in said] == [(True, True)]
    ends_at = own.ends_at
    assert ends_at is not None
    assert own.is_ending(ends_at - timedelta(days=59))
    assert not own.is_ending(ends_at - timedelta(days=61))


@pytest.mark.parametrize(
    ("ends_in", "passed", "said"),
    [
        (90, True, "in 89 days"),
        (30, False, "in 29 days"),
        (-1, False, "has ended"),
        (None, True, "Nobody has said"),
    ],
)
async def test_a_shared_secrets_day_is_a_setting(
    make_world: Any, ends_in: int | None, passed: bool, said: str
) -> None:
    day = "" if ends_in is None else f"{datetime.now(UTC) + timedelta(days=ends_in):%Y-%m-%d}"
    world = await make_world(key_expires_on=day)
    lines = await world.session.check(world.call())
    (line,) = [line for line in lines if line.title.startswith("Shared secret")]
    assert (line.passed, said in line.detail) == (passed, True)


def test_a_day_that_is_none_is_refused_when_opening() -> None:
    settings = CybersourceSettings("m", "k", Secret("c2VjcmV0"), key_expires_on="soon")
    with pytest.raises(Misconfigured, match="'soon' is not a day"):
        CybersourceSession(settings, Opening("cybersource", now))


def test_what_we_encrypt_is_what_the_official_client_may() -> None:
    operations = recorded().operations
    for key in {key for keys in connector_calls().values() for key in keys}:
        one = operations[key]
        if one.body or one.encrypts:
            assert takes_encryption(one.path) is bool(one.encrypts), key


async def post(
    world: World, path: str, body: bytes, *, answer_key: str = "", p12: P12 | None = None
) -> tuple[int, Any]:
    """Signed by the world's certificate; the answer as it came."""
    simulator, settings = world.simulator, world.settings
    host = simulator.url.removeprefix("http://")
    own = p12 or P12(settings.p12_file, settings.secret_key, PORTFOLIO)
    signer = CertificateSigner(Claims(settings.merchant_id, host, PORTFOLIO, answer_key), own)
    headers = signer.headers("POST", path, body, now())
    async with (
        aiohttp.ClientSession() as session,
        session.post(simulator.url + path, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_what_does_not_open_and_what_takes_none_is_refused(make_sealed: MakeSealed) -> None:
    world = await make_sealed()
    document = {"query": "id:1", "sort": "submitTimeUtc:asc"}
    plain = json.dumps(document).encode()
    mle = Pem(world.settings.p12_file.replace("keys.p12", "mle.pem")).certificate
    sealed = Encryption(lambda: mle).sealed("/tss/v2/searches", plain, now())
    assert (await post(world, "/tss/v2/searches", sealed))[0] == 201
    stranger = replace(mle, id="7")
    by_stranger = Encryption(lambda: stranger).sealed("/tss/v2/searches", plain, now())
    broken = sealed.replace(b".", b".A", 1)
    for path, body in (
        ("/tss/v2/searches", by_stranger),
        ("/tss/v2/searches", broken),
        ("/tss/v2/searches", b'{"encryptedRequest": "x"}'),
        ("/risk/v1/decisions", sealed),
    ):
        status, told = await post(world, path, body)
        assert (status, told["reason"]) == (400, "INVALID_DATA")
        assert told["details"][0]["field"] == "encryptedRequest"


async def test_an_answer_key_that_nobody_registered_lets_nobody_in(make_sealed: MakeSealed) -> None:
    world = await make_sealed()
    assert (await post(world, "/tss/v2/searches", b"{}", answer_key="7"))[0] == 401
    (one,) = requests(world)
    assert one["refusal"] == "the claim v-c-response-mle-kid names no key"


async def test_a_certificate_signs_until_it_ends_and_no_other_signs_for_it(
    make_sealed: MakeSealed, tmp_path: Path
) -> None:
    world = await make_sealed()
    path = tmp_path / "other.p12"
    path.write_bytes(Credentials("m", PORTFOLIO).issue_p12("x", by_portfolio=True))
    other = P12(str(path), Secret("x"), PORTFOLIO)
    assert (await post(world, "/tss/v2/searches", b"{}", p12=other))[0] == 401
    (key,) = [one for one in world.simulator.credentials.keys.values() if one.public]
    world.simulator.credentials.keys[key.id] = replace(key, until_s=now().timestamp() - 1)
    assert (await post(world, "/tss/v2/searches", b"{}"))[0] == 401
    assert requests(world)[-1]["refusal"] == "the key has ended"
