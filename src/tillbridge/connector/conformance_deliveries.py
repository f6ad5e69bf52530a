"""Checks of what comes to a connector's door."""

import dataclasses
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

import pytest

from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.connector.abilities import (
    CheckoutRequest,
    ReceivesCheckouts,
    TranslatesDeliveries,
    VerifiesDeliveries,
)
from tillbridge.connector.conformance_bench import Bench, Harness, not_applicable, settled
from tillbridge.connector.delivery import Delivery, Translation

CHECKOUT = "checkout"
_ODD: tuple[object, ...] = (None, [], {}, "", "\x00", -1, True, "9" * 400)
_SIGNATURES = ("signature", "hmac", "authorization")


async def a_genuine_delivery_passes(harness: Harness, name: str) -> None:
    """The sample itself is taken: otherwise the refusals below prove nothing."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        _verifier(bench).verify(delivery)


async def an_altered_body_is_refused(harness: Harness, name: str) -> None:
    """One byte more, one byte else, or no body: also where the JSON still means the same."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        body = delivery.body
        middle = len(body) // 2
        flipped = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        for altered in (body + b" ", flipped, b""):
            _refused(bench, replace(delivery, body=altered))


async def a_bad_signature_is_refused(harness: Harness, name: str) -> None:
    """An altered signature, and none at all."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        signed = [
            header for header in delivery.headers if any(word in header for word in _SIGNATURES)
        ]
        assert signed, f"no header of the sample looks like a signature: {list(delivery.headers)}"
        for header in signed:
            value = delivery.headers[header]
            altered = value[:-1] + ("0" if value[-1:] != "0" else "1")
            if header == signed[0] or "signature" in header:
                _refused(bench, _with_header(delivery, header, altered))
                _refused(bench, _with_header(delivery, header, ""))
        _refused(bench, replace(delivery, headers={}))


async def a_stale_delivery_is_refused(harness: Harness, name: str) -> None:
    """A genuine delivery that comes a week later is refused."""
    if harness.undated:
        not_applicable(harness.undated)
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        later = delivery.received_at + timedelta(days=7)
        _refused(bench, replace(delivery, received_at=later))


async def the_same_delivery_twice_means_the_same(harness: Harness, name: str) -> None:
    """Same id, same events, whenever it comes and whichever session reads it."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        later = replace(delivery, received_at=delivery.received_at + timedelta(hours=1))
        first, again = _meaning(bench, delivery, name), _meaning(bench, later, name)
        assert first == again
        if isinstance(first, Translation):
            assert first.delivery_id, "a delivery has an id"
            assert first.events or first.observations or first.kept_back, "it means something"


async def reading_a_delivery_is_pure(harness: Harness, name: str) -> None:
    """No call is made, and the delivery is left as it was."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        before = (dict(delivery.headers), delivery.body)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect", _no_network)
            _meaning(bench, delivery, name)
        assert (delivery.headers, delivery.body) == before


async def amounts_are_exact_and_times_are_utc(harness: Harness, name: str) -> None:
    """No float anywhere in what a delivery means; every instant is aware and UTC."""
    async with harness.open() as bench:
        meaning = _meaning(bench, await _sample(harness, bench, name), name)
        for path, value in _values(meaning, "translation"):
            assert not isinstance(value, float), f"{path} is a float"
            if isinstance(value, datetime):
                assert value.utcoffset() == timedelta(0), f"{path} is not UTC: {value!r}"


async def events_name_the_connection(harness: Harness, name: str) -> None:
    """Every event says which connection told us."""
    async with harness.open() as bench:
        meaning = _meaning(bench, await _sample(harness, bench, name), name)
        if not isinstance(meaning, Translation) or not meaning.events:
            not_applicable("the sample means no event")
        assert {event.source for event in meaning.events} == {bench.connection}


async def rubbish_is_refused_not_crashed_on(harness: Harness, name: str) -> None:
    """Whatever stands in a body, it is understood, kept back or Rejected: nothing else."""
    async with harness.open() as bench:
        delivery = await _sample(harness, bench, name)
        for body in _rubbish(delivery.body):
            try:
                _meaning(bench, replace(delivery, body=body), name)
            except TillbridgeError as error:
                assert isinstance(error, Rejected), f"{error!r} for {body[:80]!r}"


CHECKS = (
    a_genuine_delivery_passes,
    an_altered_body_is_refused,
    a_bad_signature_is_refused,
    a_stale_delivery_is_refused,
    the_same_delivery_twice_means_the_same,
    reading_a_delivery_is_pure,
    amounts_are_exact_and_times_are_utc,
    events_name_the_connection,
    rubbish_is_refused_not_crashed_on,
)


async def _sample(harness: Harness, bench: Bench, name: str) -> Delivery:
    if not name:
        not_applicable("the connector takes no deliveries")
    return await settled(harness.deliveries[name](bench))


def _verifier(bench: Bench) -> VerifiesDeliveries:
    if not isinstance(bench.session, VerifiesDeliveries):
        not_applicable("the connector verifies no deliveries")
    return bench.session


def _refused(bench: Bench, delivery: Delivery) -> None:
    try:
        _verifier(bench).verify(delivery)
    except Rejected as error:
        assert error.reason == "bad_signature", f"the reason is {error.reason!r}"
        return
    raise AssertionError("a delivery that is not genuine was taken")


def _meaning(bench: Bench, delivery: Delivery, name: str) -> Translation | CheckoutRequest:
    """What the session makes of a delivery: a checkout where it is one, else a translation."""
    session = bench.session
    if name == CHECKOUT:
        assert isinstance(session, ReceivesCheckouts), "the session receives no checkouts"
        return session.checkout(delivery)
    if not isinstance(session, TranslatesDeliveries):
        not_applicable("the connector translates no deliveries")
    return session.translate(delivery)


def _with_header(delivery: Delivery, header: str, value: str) -> Delivery:
    return replace(delivery, headers={**delivery.headers, header: value})


def _values(value: object, path: str) -> Iterator[tuple[str, object]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for part in dataclasses.fields(value):
            yield from _values(getattr(value, part.name), f"{path}.{part.name}")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _values(inner, f"{path}[{at}]")
    else:
        yield path, value


def _rubbish(body: bytes) -> Iterator[bytes]:
    yield from (b"", b"\x00\xff", b"[]", b"null", b'"x"', b"{}", b"[" * 100_000, body[:-1])
    try:
        document = json.loads(body)
    except ValueError:
        return
    if isinstance(document, dict):
        for name in document:
            for odd in _ODD:
                yield json.dumps({**document, name: odd}).encode()


def _no_network(*_: object) -> NoReturn:
    raise AssertionError("a connection was opened")
