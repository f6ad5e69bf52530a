"""A card number is found in every form that is looked through, and masked there."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tillbridge.canonical.card_data import find_card_data, mask, mask_body, may_hold, scan_body
from tillbridge.canonical.card_spellings import base64_texts

VISA = "4111111111111111"
GROUPS = [VISA[at : at + 4] for at in range(0, 16, 4)]
SPELLED = {
    "percent": "".join(f"%{ord(digit):02X}" for digit in VISA),
    "percent twice": "".join(f"%25{ord(digit):02x}" for digit in VISA),
    "percent between groups": "%20".join(GROUPS),
    "entities": "".join(f"&#{ord(digit)};" for digit in VISA),
    "entities between groups": "&nbsp;".join(GROUPS),
    "escapes": "".join(f"\\u{ord(digit):04x}" for digit in VISA),
    "byte escapes": "".join(f"\\x{ord(digit):02x}" for digit in VISA),
    "quoted printable": "".join(f"={ord(digit):02X}" for digit in VISA),
    "base64": base64.b64encode(VISA.encode()).decode(),
    "base64 of a hard blank": base64.b64encode(
        f"{VISA[:12]}\xa0{VISA[12:]}".encode("latin-1")
    ).decode(),
    "base64 of a document": base64.b64encode(json.dumps({"pan": VISA}).encode()).decode(),
    "codes": VISA.encode().hex(),
    "slashes": "/".join(GROUPS),
    "lines": "\n".join(GROUPS),
    "a document": json.dumps({"pan": VISA}),
    "a split document": json.dumps({f"part{at}": group for at, group in enumerate(GROUPS)}),
    "partly escaped": f"%34{VISA[1:]}",
}
SPLIT: dict[str, Any] = {
    "a list": GROUPS,
    "numbers": [4111, 1111, 1111, 1111],
    "fields": dict(zip("abcd", GROUPS, strict=True)),
    "notes": {"note1": "my card 41111111", "note2": "11111111 thanks"},
    "lines of an address": {"shipping": {"line_1": "4111 1111 11", "line_2": "11 1111"}},
}


@pytest.mark.parametrize("form", SPELLED)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_number_is_found_and_masked_however_a_text_spells_it(form: str, ascii_only: bool) -> None:
    text = f"Please use {SPELLED[form]} thanks"
    body = json.dumps({"note": text}, ensure_ascii=ascii_only).encode()
    assert len(mask(text)) == len(text)
    assert not find_card_data(mask(text))
    assert may_hold(body)
    masked, paths = mask_body(body)
    assert paths == ["note"]
    assert scan_body(masked) == []


@pytest.mark.parametrize("form", SPLIT)
@pytest.mark.parametrize("indent", [None, 4])
def test_a_number_is_found_and_masked_though_it_is_split(form: str, indent: int | None) -> None:
    body = json.dumps(SPLIT[form], indent=indent).encode()
    masked, paths = mask_body(body)
    assert len(paths) == 1
    assert scan_body(masked) == []
    assert b"1111" not in masked.replace(b" ", b"").replace(b"****", b"")


@pytest.mark.parametrize(
    "value",
    [
        {"phone1": "41111111", "phone2": "11111111"},
        {"first": "41111111", "other": "11111111"},
        {"a": "4111", "b": "1111", "c": "1111", "d": "1112"},
        {"years": [2022, 2023, 2024, 2025]},
    ],
)
def test_neighbours_that_only_could_be_halves_are_left_alone(value: object) -> None:
    assert scan_body(json.dumps(value).encode()) == []


def test_declared_ids_are_no_part_of_a_split_number() -> None:
    body = json.dumps({"ref1": "41111111", "ref2": "11111111"}).encode()
    assert scan_body(body) == ["ref1"]
    assert scan_body(body, {"ref2"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "303-1234567-1234562",
        "gid://shopify/Order/4111111111111",
        "6304000000000000"[:13],
        "+4915112345678",
        "+49 151 12345678",
        "1Z4111111111111115",
        "DE85 8299 7571 7481 3509 98",
        "9400 1118 9956 1234 5678 91",
        "7012345678901234567890",
        "JJD014600004111111111",
    ],
)
def test_ids_of_known_shapes_are_left_alone(text: str) -> None:
    assert find_card_data(f"See {text}, please") == []


@pytest.mark.parametrize("text", ["1Z4111111111111111", "DE00 4111 1111 1111 1111 00"])
def test_a_shape_whose_check_digit_fails_hides_nothing(text: str) -> None:
    assert find_card_data(text)


def test_base64_that_is_nothing_but_digits_is_read_four_times_at_most() -> None:
    word = base64.b64encode(b"123456789abc" * 20_000).decode()
    assert len(list(base64_texts(word))) <= 4
    assert scan_body(json.dumps({"encData": word}).encode()) == []


def test_random_base64_is_no_number() -> None:
    drawn = b"".join(hashlib.sha512(bytes([at])).digest() for at in range(64))
    assert not may_hold(json.dumps({"encData": base64.b64encode(drawn).decode()}).encode())
