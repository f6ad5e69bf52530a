"""A posted checkout becomes canonical words, exactly, or an error that names the field."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shop.documents import checkout_body, delivery, order, session

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import check_order
from tillbridge.connector.abilities import CheckoutRequest


def read(body: bytes, key: str = "try-1") -> CheckoutRequest:
    return session().checkout(delivery(body, idempotency_key=key))


def wrong(body: bytes, key: str = "try-1") -> tuple[str, str]:
    """Where and why."""
    with pytest.raises(Rejected) as caught:
        read(body, key)
    assert caught.value.place is not None, caught.value
    return str(caught.value.place), caught.value.reason


def test_a_checkout_becomes_an_order_whose_equation_holds() -> None:
    request = read(checkout_body())
    check_order(request.order)
    assert request.attempt_key == "try-1"
    assert request.token.value == "tok-1"
    assert request.order.placed_at == datetime(2026, 1, 2, 11, 30, tzinfo=UTC)
    assert request.order.total == Money.of("40.25", "USD")


def test_what_may_be_left_out_is_zero_or_computed() -> None:
    placed = read(checkout_body()).order
    first, second = placed.lines
    assert (first.number, second.number) == (1, 7)
    assert first.amount == Money.of("25.00", "USD")
    assert placed.discount == placed.rounding == Money.zero("USD")
    assert placed.shipping.country == ""


def test_ids_may_be_numbers_and_custom_fields_become_text() -> None:
    placed = read(checkout_body()).order
    assert placed.customer.id == "77"
    assert placed.custom == {"note": "ring twice", "gift": "true", "points": "12.5"}


def test_json_numbers_are_read_digit_for_digit() -> None:
    body = checkout_body(total="@").replace(b'"@"', b"40.250000000000000000000")
    assert read(body).order.total.text == "40.25"
    body = checkout_body(total="@").replace(b'"@"', b"0.1000000000000000055511151231257827")
    assert wrong(body) == ("order.total", "too_many_decimals")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"number": ""}, "order.number"),
        ({"number": " 1042"}, "order.number"),
        ({"number": "10\n42"}, "order.number"),
        ({"currency": "usd"}, "order.currency"),
        ({"currency": None}, "order.currency"),
        ({"total": None}, "order.total"),
        ({"total": True}, "order.total"),
        ({"total": "1,000.00"}, "order.total"),
        ({"total": "9" * 50}, "order.total"),
        ({"tax": "1.255"}, "order.tax"),
        ({"placed_at": "yesterday"}, "order.placed_at"),
        ({"placed_at": "2026-01-02T12:30:00"}, "order.placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+23:00"}, "order.placed_at"),
        ({"lines": {}}, "order.lines"),
        ({"lines": ["tea"]}, "order.lines[0]"),
        ({"lines": [{"quantity": 1, "unit_price": 1}]}, "order.lines[0].product"),
        ({"lines": [{"product": "A", "unit_price": 1}]}, "order.lines[0].quantity"),
        (
            {"lines": [{"product": "A", "quantity": "9" * 30, "unit_price": "9" * 14}]},
            "order.lines[0].amount",
        ),
        (
            {"lines": [{"product": "A", "quantity": 1, "unit_price": 1, "number": "1"}]},
            "order.lines[0].number",
        ),
        ({"customer": {"name": "x\x00"}}, "order.customer.name"),
        ({"customer": {"name": "x" * 5000}}, "order.customer.name"),
        ({"customer": {"name": ["x"]}}, "order.customer.name"),
        ({"custom": {"a": {}}}, "order.custom.a"),
        ({"billing": []}, "order.billing"),
    ],
)
def test_every_error_names_its_field(change: dict[str, Any], place: str) -> None:
    assert wrong(checkout_body(**change))[0] == place


def test_two_lines_with_one_number_are_refused() -> None:
    twice = [{"product": "A", "quantity": 1, "unit_price": 1, "number": 2}] * 2
    assert wrong(checkout_body(lines=twice))[0] == "order.lines[1].number"


def test_an_exponent_that_would_fill_memory_is_refused() -> None:
    body = checkout_body(total="@").replace(b'"@"', b"1E+999999999")
    assert wrong(body) == ("order.total", "bad_amount")


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "a/b", "schl\u00fcssel"])
def test_a_checkout_needs_a_plain_attempt_key(key: str) -> None:
    assert wrong(checkout_body(), key)[0] == "header idempotency-key"


@pytest.mark.parametrize(
    ("token", "place"),
    [
        (None, "token"),
        ({"kind": "card", "value": "x"}, "token.kind"),
        ({"kind": "tms"}, "token.value"),
        ({"kind": "tms", "value": ""}, "token.value"),
    ],
)
def test_a_checkout_needs_a_token(token: object, place: str) -> None:
    assert wrong(json.dumps({"order": order(), "token": token}).encode())[0] == place


def test_a_token_is_never_shown() -> None:
    assert "tok-1" not in repr(read(checkout_body()))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'"x"'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Rejected):
        read(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([*order(), "rounding", "discount", "shipping"]), JSON)
def test_whatever_stands_in_a_field_it_is_read_or_refused(name: str, value: object) -> None:
    try:
        placed = read(checkout_body(**{name: value})).order
    except Rejected as error:
        assert error.place is not None
        return
    assert all(isinstance(line.amount.amount, Decimal) for line in placed.lines)
