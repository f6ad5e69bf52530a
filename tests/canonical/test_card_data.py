"""Card numbers are found wherever they hide, and ids are left alone."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tillbridge.canonical.card_brands import BRANDS, brand_of, passes_luhn
from tillbridge.canonical.card_data import (
    find_card_data,
    mask,
    mask_body,
    mask_json,
    may_hold,
    scan,
    scan_body,
)
from tillbridge.canonical.codec import read_json

VISA = "4111111111111111"
PUBLISHED = {
    VISA: "visa",
    "4222222222222": "visa",
    "5555555555554444": "mastercard",
    "2223003122003222": "mastercard",
    "378282246310005": "american express",
    "6011111111111117": "discover",
    "3056930009020004": "diners club",
    "36227206271667": "diners club",
    "3566002020360505": "jcb",
    "6205500000000000004": "unionpay",
    "6759649826438453": "maestro",
}
"""Test numbers the brands and processors publish; no card was ever issued with them."""


def with_check_digit(stem: str) -> str:
    return next(stem + digit for digit in "0123456789" if passes_luhn(stem + digit))


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    brand = draw(st.sampled_from(BRANDS))
    low, high = draw(st.sampled_from(brand.prefixes))
    prefix = str(draw(st.integers(int(low), int(high))))
    length = draw(st.sampled_from([size for size in sorted(brand.lengths) if size >= 13]))
    rest = length - len(prefix) - 1
    return with_check_digit(prefix + draw(st.text("0123456789", min_size=rest, max_size=rest)))


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_test_numbers_are_card_data(number: str) -> None:
    [span] = find_card_data(f"card {number}, thanks")
    assert (span.brand, span.last4, span.start) == (PUBLISHED[number], number[-4:], 5)


@given(card_numbers(), st.sampled_from(["", " ", "-", " - ", "\u00a0", "\u2013", "\u200b", "\t"]))
def test_every_brand_is_found_however_it_is_spaced(number: str, separator: str) -> None:
    spaced = separator.join(number)
    [span] = find_card_data(f"<{spaced}>")
    assert (span.start, span.end) == (1, 1 + len(spaced))


@given(card_numbers(), st.sampled_from(["\u0660", "\u0966", "\uff10"]))
def test_digits_of_other_scripts_are_digits(number: str, zero: str) -> None:
    written = "".join(chr(ord(zero) + int(digit)) for digit in number)
    assert find_card_data(written)
    assert not find_card_data(mask(written))


@given(card_numbers(), st.text("0123456789", min_size=7, max_size=9))
def test_digits_that_adjoin_further_digits_are_not_a_card(number: str, more: str) -> None:
    assert not find_card_data(number + more)
    assert not find_card_data(more + number)


def test_a_request_id_of_22_digits_is_not_a_card() -> None:
    assert not find_card_data("7012345678" + "411111111111")


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # fails Luhn
        "9111111111111111",  # no brand
        "411111111111116",  # Luhn passes, no Visa has 15 digits
        "0.4111111111111111",  # decimals of a ratio
        "3f2504e0-4111-4111-8111-1111111111ab",
        "deadbeef4111111111111111deadbeefdeadbeef",
        "2026-11-21T21:08:00.123456Z",
        "+44 20 7946 0958",
        "1042",
    ],
)
def test_what_only_looks_like_a_card_is_left_alone(text: str) -> None:
    assert find_card_data(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "order 1042 4111 1111 1111 1111",
        "4111 1111 1111 1111 12/29",
        "4111-1111-1111-1111-123",
        "3782 822463 10005 1042",
        "pan4111111111111111exp",
        "1042 4111111111111111",
    ],
)
def test_a_card_is_found_beside_other_numbers(text: str) -> None:
    assert len(find_card_data(text)) == 1
    assert "1111 1111 1111" not in mask(text)
    assert not find_card_data(mask(text))


def test_masking_keeps_the_last_four_and_the_separators() -> None:
    assert mask("pay 4111 1111-1111 1111 now") == "pay **** ****-**** 1111 now"


@given(st.text())
@example(VISA)
def test_masked_text_holds_no_card_and_keeps_its_length(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert not find_card_data(masked)


@given(card_numbers(), card_numbers())
def test_two_cards_in_one_text_are_both_masked(one: str, other: str) -> None:
    assert len(find_card_data(f"{one}, {other}")) == 2


def test_paths_name_the_field() -> None:
    order = {"order": {"lines": [{"note": "x"}, {"note": VISA}], "number": int(VISA)}}
    assert scan(order) == ["order.lines[1].note", "order.number"]


def test_declared_ids_and_tokens_are_exempt_by_name_or_path() -> None:
    body = {"requestId": VISA, "token": {"value": VISA}, "refs": [VISA], "value": VISA}
    assert scan(body, {"requestId", "token.value", "refs"}) == ["value"]


def test_a_field_name_is_never_exempt_and_is_shown_masked() -> None:
    assert scan({VISA: []}, {VISA}) == ["************1111"]


def test_a_number_with_a_fraction_or_out_of_reach_is_no_card() -> None:
    assert scan([Decimal(VISA), Decimal("4.1E+15"), Decimal("1E+999999"), True, None]) == ["[0]"]
    assert scan([Decimal("411111111111111.1"), Decimal("NaN"), 10**40]) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "4111111111111111"}',
        b'{"a": 4111111111111111}',
        b'{"a": 4111111111111111.0}',
        b'{"a": "\\u0034111111111111111"}',
        b'{"a": "4111\\t1111\\t1111\\t1111"}',
        '{"a": "\uff14111111111111111"}'.encode(),
        b'{"a": "4111111111111111", "a": "harmless"}',
    ],
)
def test_a_card_is_found_however_json_spells_it(body: bytes) -> None:
    assert scan_body(body) == ["a"]
    masked, paths = mask_body(body)
    assert paths == ["a"]
    assert scan_body(masked) == []


def test_a_body_without_card_data_is_the_very_same_bytes() -> None:
    body = b'{"amount": 12.50, "note": "fine",  "id": "4111111111111111"}'
    assert mask_body(body, {"id"}) == (body, [])


def test_masking_json_keeps_every_other_value_exact() -> None:
    masked, _ = mask_body(b'{"pan":"4111111111111111","amount":12345678901234567890.10}')
    assert read_json(masked) == {
        "pan": "************1111",
        "amount": Decimal("12345678901234567890.10"),
    }


def test_what_is_not_json_is_masked_as_text() -> None:
    body = b"1042,4111111111111111,12.50\n"
    assert scan_body(body) == ["the body"]
    assert mask_body(body) == (b"1042,************1111,12.50\n", ["the body"])
    assert scan_body(b"1042;1041;x-1111111111111111111") == []


def test_json_that_is_nested_without_end_is_masked_as_text() -> None:
    body = b"[" * 200_000 + b"4111111111111111"
    masked, paths = mask_body(body)
    assert paths == ["the body"]
    assert b"41111111" not in masked


def test_names_are_masked_in_parsed_json() -> None:
    assert mask_json({VISA: [VISA, 1, {"id": VISA}]}, {f"{VISA}.id"}) == {
        "************1111": ["************1111", 1, {"id": VISA}]
    }


def test_the_brand_needs_the_prefix_and_the_length() -> None:
    assert brand_of("4" + "0" * 15) == "visa"
    assert brand_of("4" + "0" * 13) == ""
    assert brand_of("2721" + "0" * 12) == ""


@given(st.recursive(st.text() | st.integers() | st.booleans(), st.lists))
def test_the_fast_path_never_hides_what_the_scan_would_find(value: object) -> None:
    body = json.dumps({"note": value}).encode()
    assert may_hold(body) or scan(read_json(body)) == []


@given(
    card_numbers(),
    st.sampled_from(["", " ", "-", "\t", "\u00a0", "\u2014", "\u2007", "\u200b", "\u3000"]),
    st.sampled_from(["0", "\u0660", "\uff10", "\U0001d7ce"]),
    st.booleans(),
)
def test_the_fast_path_lets_every_spelling_through(
    number: str, separator: str, zero: str, ascii_only: bool
) -> None:
    written = separator.join(chr(ord(zero) + int(digit)) for digit in number)
    body = json.dumps({"note": f"caf\u00e9 {written}."}, ensure_ascii=ascii_only).encode()
    assert may_hold(body)
    assert scan_body(body) == ["note"]
    assert scan_body(mask_body(body)[0]) == []


def test_looking_at_an_order_costs_microseconds() -> None:
    line = {"number": 1, "product": "TEA-EARL-100", "quantity": "2", "unit_price": "12.50"}
    body = json.dumps({"lines": [line] * 22, "phone": "+1 415-555-2671"}).encode()
    assert len(body) > 1800
    best = min(_seconds(body) for _ in range(50))
    assert best < 200e-6  # 20 microseconds on an idle core; the margin is for busy ones


def _seconds(body: bytes) -> float:
    started = time.perf_counter()
    scan_body(body)
    return time.perf_counter() - started


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "1795321624157347712782", "trace": "d479d137-9676-45e1-9e4d-414df8ba1885"}',
        b'{"name": "Jos\\u00e9 Garc\\u00EDa", "city": "K\\u00f6ln", "line1": "4 Stra\\u00dfe"}',
    ],
)
def test_an_everyday_body_is_not_looked_at_twice(body: bytes) -> None:
    assert not may_hold(body)


@given(card_numbers(), st.sampled_from(["\u00e9", "\u00df", "\u00f7", "e"]))
def test_a_letter_written_as_an_escape_hides_no_number(number: str, letter: str) -> None:
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    for note in (f"{letter}{number}{letter}", letter.join(groups), f"{letter} {number}"):
        body = json.dumps({"note": note}).encode()
        raw = json.dumps({"note": note}, ensure_ascii=False).encode()
        assert scan_body(body) == scan_body(raw) == scan({"note": note})


@given(st.sampled_from(["", "-"]), st.sampled_from(["E15", "e15", "E+15"]))
def test_a_number_with_an_exponent_is_found_beside_other_scripts(sign: str, power: str) -> None:
    number = f"{sign}4.111111111111111{power}"
    for body in (f'{{"a":"\u0661","b":{number}}}', f"[{number}]", f'{{"b" : {number} }}', number):
        assert scan_body(body.encode())
