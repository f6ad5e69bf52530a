"""Shapes of ids: digits that stand within one of these are no number of their own.

Each shape is told by its structure, and by its own check digits where it has some, so that a card
number cannot hide in it by its looks alone.
"""

import re

_ID_MAX = 128  # hexadecimal characters of SHA-512, the longest digest in use
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{32,}(?![0-9A-Za-z])")
_GUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
)
_AMAZON = re.compile(r"(?<![0-9-])[0-9]{3}-[0-9]{7}-[0-9]{7}(?![0-9-])")
"""An order of Amazon, such as 303-1234567-1234567; no card is grouped so."""
_SHOPIFY = re.compile(r"gid://shopify/[A-Za-z]+/[0-9]{10,14}(?![0-9])")
_UPS = re.compile(r"(?<![0-9A-Z])1Z[0-9A-Z]{16}(?![0-9A-Za-z])")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![0-9A-Za-z])")
_IBAN_REST = 97
_USPS_LENGTHS = frozenset({20, 22, 26, 30, 34})
_PHONE_DIGITS = 13
"""A German or Austrian mobile number after its plus sign; it begins as a Visa number would."""


def within_id(plain: str, start: int, end: int) -> bool:
    """True when the digits of `plain[start:end]` stand within an id of a known shape."""
    around = max(0, start - _ID_MAX), min(len(plain), end + _ID_MAX)
    return any(
        match.start() <= start and end <= match.end() and is_id(match.group())
        for shape, is_id in _SHAPES
        for match in shape.finditer(plain, *around)
    )


def is_parcel(digits: str) -> bool:
    """A parcel of the United States Postal Service: its length, its 9, its check digit.

    Source: USPS Publication 199, Intelligent Mail package barcode, check digit of modulo 10.
    """
    if len(digits) not in _USPS_LENGTHS or not digits.startswith("9"):
        return False
    body = [int(digit) for digit in reversed(digits[:-1])]
    return (3 * sum(body[::2]) + sum(body[1::2]) + int(digits[-1])) % 10 == 0


def is_phone(plain: str, start: int, digits: str) -> bool:
    """A number of 13 digits right after a plus sign (ITU-T E.164)."""
    return len(digits) == _PHONE_DIGITS and start > 0 and plain[start - 1] == "+"


def _spelled(id_: str) -> bool:
    """Digits alone could be a card in any grouping; a letter among them makes it an id."""
    return any(character.isalpha() for character in id_)


def _is_ups(id_: str) -> bool:
    """Source: UPS, tracking number of 18 characters: letters count as (code - 63) modulo 10."""
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in id_[2:]]
    body, check = values[:-1], values[-1]
    return (sum(body[::2]) + 2 * sum(body[1::2]) + check) % 10 == 0


def _is_iban(id_: str) -> bool:
    """Source: ISO 13616-1, check digits of modulo 97."""
    packed = id_.replace(" ", "")
    turned = packed[4:] + packed[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % _IBAN_REST == 1


def _always(_id: str) -> bool:
    return True


_SHAPES = (
    (_GUID, _spelled),
    (_DIGEST, _spelled),
    (_AMAZON, _always),
    (_SHOPIFY, _always),
    (_UPS, _is_ups),
    (_IBAN, _is_iban),
)
