"""Capture contexts and the tokens they bring: what is proven of them, and what is refused."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Token
from tillbridge.connector.abilities import Call
from tillbridge.connector.capture import CaptureContext, ContextRequest
from tillbridge_cybersource.web_tokens import public_key, read_token
from tillbridge_simulators.cybersource.capture_contexts import typed_in
from tillbridge_simulators.cybersource.context_keys import claims_of

ORIGIN = "https://shop.example.com"
PAGE = ContextRequest("microform", (ORIGIN,))
WHOLE = ContextRequest(
    "unified_checkout", (ORIGIN,), order_number="1042", amount=Money.of("25.00", "USD")
)


async def context(world: Any, request: ContextRequest = PAGE) -> CaptureContext:
    made: CaptureContext = await world.session.capture_context(world.call(), request)
    return made


def token(world: Any, made: CaptureContext, outcome: str = "authorized") -> Token:
    value = typed_in(world.simulator.account, made.context, outcome)
    return Token("transient", value, made.context)


def later(world: Any, seconds: float) -> Call:
    call: Call = world.call()
    return Call(
        call.key,
        call.now + timedelta(seconds=seconds),
        call.timeout_s,
        call.correlation,
        call.guard,
    )


def altered(text: str, part: int, change: Callable[[dict[str, Any]], object]) -> str:
    """A JSON Web Token with one of its parts changed, and its signature as it was."""
    parts = text.split(".")
    raw = base64.urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4))
    document = json.loads(raw)
    change(document)
    parts[part] = base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
    return ".".join(parts)


async def test_a_program_of_the_shops_own_gets_a_context_without_a_page(make_world: Any) -> None:
    world = await make_world(unified_checkout_service="uc")
    made = await context(world, ContextRequest("flex"))
    assert (made.library, made.library_integrity) == ("", "")
    given = token(world, made)
    await world.session.verify_token(world.call(), given)
    jti = claims_of(given.value)["jti"]
    told = await world.session.reads["token_details"].call(world.call(), {"token": jti})
    assert told.fields["last4"] == "1111"
    assert (await context(world, WHOLE)).kind == "unified_checkout"
    assert list(world.simulator.log.entries("unknown_fields")) == []


@pytest.mark.parametrize("request_", [PAGE, WHOLE])
async def test_a_context_says_what_the_page_needs_and_its_token_pays(
    world: Any, request_: ContextRequest
) -> None:
    made = await context(world, request_)
    assert made.kind == request_.kind
    assert made.library.startswith("https://")
    assert made.library_integrity.startswith("sha256-")
    given = token(world, made)
    await world.session.verify_token(world.call(), given)
    paid = await world.write("authorization", world.payment() | {"token": given.value})
    assert paid.fields["verdict"] == "approved"
    read = world.session.reads["token_details"]
    told = await read.call(world.call(), {"token": given.value})
    assert (told.fields["last4"], told.fields["card_type"]) == ("1111", "001")
    assert list(world.simulator.log.entries("unknown_fields")) == []


async def test_what_was_not_made_in_this_context_is_not_taken(world: Any) -> None:
    one, other = await context(world), await context(world)
    good = token(world, one)
    stolen = claims_of(other.context)["flx"]["jwk"]
    forgeries = {
        "another context": Token("transient", good.value, other.context),
        "no context": Token("transient", good.value),
        "no token": Token("transient", "not.a.token", one.context),
        "another amount of life": Token(
            "transient", altered(good.value, 1, lambda it: it.update(exp=9e9)), one.context
        ),
        "another key in the context": Token(
            "transient",
            token(world, other).value,
            altered(one.context, 1, lambda it: it["flx"].update(jwk=stolen)),
        ),
        "a context nobody signed": Token(
            "transient", good.value, altered(one.context, 0, lambda it: it.update(kid="zz"))
        ),
        "no signature at all": Token(
            "transient",
            altered(good.value, 0, lambda it: it.update(alg="none")).rpartition(".")[0] + ".",
            one.context,
        ),
        "the public key as a secret": Token(
            "transient", altered(good.value, 0, lambda it: it.update(alg="HS256")), one.context
        ),
        "a path as a key": Token(
            "transient", good.value, altered(one.context, 0, lambda it: it.update(kid="../keys"))
        ),
    }
    for name, forged in forgeries.items():
        with pytest.raises(Rejected) as refused:
            await world.session.verify_token(world.call(), forged)
        assert refused.value.reason in {"bad_token", "no_context"}, name
        assert good.value not in str(refused.value), name
    await world.session.verify_token(world.call(), good)


async def test_a_token_is_good_until_it_ends_and_its_context_need_not_be(world: Any) -> None:
    good = token(world, await context(world))
    await world.session.verify_token(later(world, 890), good)
    with pytest.raises(Rejected, match="expired"):
        await world.session.verify_token(later(world, 1000), good)


async def test_only_the_pages_of_the_connection_take_cards(make_world: Any) -> None:
    world = await make_world(page_origins=ORIGIN)
    made = await context(world, ContextRequest("microform"))
    await world.session.verify_token(world.call(), token(world, made))
    with pytest.raises(Rejected) as refused:
        await context(world, ContextRequest("microform", ("https://evil.example.com",)))
    assert refused.value.reason == "unknown_origin"
    elsewhere = await make_world()
    elsewhere.simulator.account.state.context_keys = world.simulator.account.state.context_keys
    evil = ContextRequest("microform", ("https://evil.example.com",))
    theirs = await context(elsewhere, evil)
    with pytest.raises(Rejected, match="other pages"):
        await world.session.verify_token(world.call(), token(elsewhere, theirs))


async def test_what_cannot_be_made_is_said_before_or_by_cybersource(world: Any) -> None:
    for request, field in (
        (ContextRequest("microform"), ""),
        (ContextRequest("unified_checkout", (ORIGIN,)), ""),
        (ContextRequest("microform", ("http://shop.example.com",)), "targetOrigins[0]"),
    ):
        with pytest.raises(Rejected) as refused:
            await context(world, request)
        assert field in str(refused.value)
    world.fault("capture_context", "lose_answer")
    with pytest.raises(Transient) as lost:
        await context(world)
    assert lost.value.sent == "no"


@pytest.mark.parametrize(
    "web_key",
    [None, {}, {"kty": "EC"}, {"kty": "RSA", "e": "AQAB", "n": "AQAB"}, {"kty": "RSA", "e": "*"}],
)
def test_what_is_no_key_proves_nothing(web_key: object) -> None:
    with pytest.raises(Rejected):
        public_key(web_key, "key")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "e30.e30.e30", "W10.e30.e30", "é.e30.e30"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        read_token(text, "token")
