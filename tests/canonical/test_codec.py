"""Canonical values go through JSON and come back the same, digit for digit."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canonical.test_orders import line, order

from tillbridge.canonical.codec import (
    decode,
    decode_event,
    encode,
    encode_event,
    encode_numbers,
    plain,
    read_json,
    shaped,
)
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Collected, Event, EventData, Kind, Trigger, Written
from tillbridge.canonical.fulfilments import FulfilledLine, Fulfilment
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import (
    AttemptState,
    Observation,
    Operation,
    Payment,
    Source,
    Verdict,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
PAYMENT = Payment(
    "cybersource", "1042", "K", AttemptState.AUTHORIZED, Money.of("1.10", "USD"), Money.zero("USD")
)
SHIPPED = Fulfilment(
    "1042", "1", (FulfilledLine(1, Decimal("0.333")),), Money.of(5, "JPY"), True, NOW
)
DATA = [
    EventData(order=order(line(1), line(2, "0.333", "0.00125"))),
    EventData(payment=PAYMENT),
    EventData(fulfilment=SHIPPED),
    EventData(written=Written("sales_order", "dynamics", {"sales_order": "guid"})),
    EventData(
        trigger=Trigger(
            "nightly", planned_at=NOW, rows=({"sku": "7"},), events=(Collected("x", "1042", NOW),)
        )
    ),
    EventData(),
]


def event(kind: Kind = Kind.ORDER_FULFILLED, data: EventData | None = None) -> Event:
    return Event("1", "webshop", kind, "1042", NOW, data or EventData())


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_event_comes_back(kind: Kind) -> None:
    again = decode_event(encode_event(event(kind)))
    assert again == event(kind)
    assert again.kind is kind


@pytest.mark.parametrize("data", DATA)
def test_everything_an_event_is_about_comes_back(data: EventData) -> None:
    again = decode_event(encode_event(event(data=data)))
    assert again.data == data
    assert encode_event(again) == encode_event(event(data=data))


def test_an_observation_comes_back() -> None:
    seen = Observation(
        Operation.AUTHORIZATION, Verdict.IN_REVIEW, Source.SEARCH, "1042", "7012", NOW, amount=None
    )
    assert decode(encode(seen), Observation) == seen


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_prices_keep_all_their_digits(number: Decimal) -> None:
    if abs(number) >= 10**15:
        return
    price = UnitAmount(number, "USD")
    assert decode(encode(price), UnitAmount).amount.as_tuple() == number.as_tuple()


def test_amounts_are_text_in_our_json_and_numbers_where_a_system_wants_them() -> None:
    amount = {"total": Money.of("1234.50", "USD").amount}
    assert encode(amount) == b'{"total":"1234.50"}'
    assert encode_numbers(amount) == b'{"total":1234.50}'


@given(st.recursive(st.decimals(allow_nan=False, allow_infinity=False), st.lists))
@pytest.mark.complaint("I46")
def test_numbers_are_written_digit_for_digit(value: Any) -> None:
    assert read_json(encode_numbers(value)) == value


@given(st.integers())
@pytest.mark.complaint("I21")
def test_whole_numbers_of_any_size_come_back(number: int) -> None:
    assert read_json(str(number)) == number
    assert type(read_json(str(number))) is int


@pytest.mark.parametrize(
    "number", ["0.1", "1.10", "123456789012345678901234567890.123456789", "1e2", "1E-7"]
)
@pytest.mark.complaint("I21")
def test_no_float_is_ever_read(number: str) -> None:
    value = read_json(f'{{"amount": [{number}]}}')["amount"][0]
    assert isinstance(value, Decimal)
    assert value.as_tuple() == Decimal(number).as_tuple()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1"])
def test_numbers_json_does_not_have_are_refused(number: str) -> None:
    with pytest.raises(Rejected):
        read_json(number)


def test_an_amount_is_read_exactly_be_it_text_or_number() -> None:
    for written in ('"12.30"', "12.30", "12.3"):
        found = decode(f'{{"amount": {written}, "currency": "USD"}}', Money)
        assert found.text == "12.30"


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ('{"currency": "USD"}', "the document"),
        ('{"amount": [], "currency": "USD"}', "amount"),
        ('{"amount": "1", "currency": 5}', "currency"),
    ],
)
def test_a_misfit_names_its_field(written: str, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(written, Money)
    assert str(caught.value.place) == field


def test_money_that_is_none_is_refused_when_it_is_read() -> None:
    with pytest.raises(Rejected):
        decode('{"amount": "1.001", "currency": "USD"}', Money)
    with pytest.raises(Rejected):
        decode('{"amount": "NaN", "currency": "USD"}', Money)


@pytest.mark.parametrize("written", ["", "{", "\x00", "nul"])
def test_what_is_no_json_is_refused(written: str) -> None:
    for reading in (
        lambda: read_json(written),
        lambda: decode(written, Money),
        lambda: decode_event(written),
    ):
        with pytest.raises(Rejected) as caught:
            reading()
        assert caught.value.reason == "bad_json"


def envelope(**changes: object) -> bytes:
    return json.dumps(json.loads(encode_event(event())) | changes).encode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "tillbridge.order.lost"}, "unknown_kind"),
        ({"dataschemaversion": 2}, "schema_version"),
        ({"time": "2026-01-02T03:04:05"}, "bad_shape"),
        ({"id": 5}, "bad_shape"),
        ({"data": {"order": {}}}, "bad_shape"),
    ],
)
def test_an_envelope_we_cannot_read_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode_event(envelope(**changes))
    assert caught.value.reason == reason


def test_an_instant_elsewhere_is_the_same_instant_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=2)))
    assert decode_event(envelope(time=there.isoformat())).occurred_at == NOW
    assert decode_event(envelope(time=there.isoformat())).occurred_at.tzinfo is UTC


def test_an_envelope_is_a_cloud_event() -> None:
    written = json.loads(encode_event(event()))
    assert written["specversion"] == "1.0"
    assert written["type"] == "tillbridge.order.fulfilled"
    assert written["time"] == "2026-01-02T03:04:05.678901Z"


def test_parsed_json_is_shaped_like_raw_json() -> None:
    amount = {"amount": "1.10", "currency": "USD"}
    assert shaped(amount, Money) == Money.of("1.10", "USD")
    with pytest.raises(Rejected) as caught:
        shaped({"amount": "1.10"}, Money)
    assert caught.value.reason == "bad_shape"


def test_plain_values_are_what_mappings_read() -> None:
    seen = plain(order())
    assert seen["total"] == {"amount": Decimal("31.01"), "currency": "USD"}
    assert seen["placed_at"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert msgspec.convert(seen, Order) == order()
