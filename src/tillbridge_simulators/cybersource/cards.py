"""Test cards: the only card numbers this account takes; none is kept or logged.

Source: Cybersource's "Testing the Payment Services" page, the test numbers that processors publish,
and those of the official clients' samples, which make some up in one account range. They are
written as prefix, filler and length, so that no card number stands in the source; the last digit is
the check digit.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a card once its number has been forgotten.

    Attributes:
        brand: Cybersource's code: "001" Visa, "002" Mastercard, ...
        fingerprint: tells the same number again; made with `Cards.key`.
        authentication: how its holder's authentication ends; "" passes without friction.
    """

    brand: str
    first6: str
    last4: str
    fingerprint: str
    authentication: str = ""


_BRANDS = {
    ("4", "1", 16): "001",
    ("4", "2", 16): "001",
    ("401288888888188", "", 16): "001",
    ("555555555555444", "", 16): "002",
    ("510510510510510", "", 16): "002",
    ("222242006009999", "", 16): "002",
    ("200000000000000", "", 16): "002",
    ("37828224631000", "", 15): "003",
    ("37144963539843", "", 15): "003",
    ("601111111111111", "", 16): "004",
    ("601100099013942", "", 16): "004",
    ("3800000000000", "", 14): "005",
    ("353011133330000", "", 16): "007",
    ("356611111111111", "", 16): "007",
    ("356600202036050", "", 16): "007",
    ("500000000000000", "", 16): "024",
    ("622260000000000", "", 16): "062",
    ("444444444444444", "", 16): "001",
    ("400099000000000", "", 16): "001",
    ("520034000000001", "", 16): "002",
    ("462294312310066", "", 16): "001",
    # The numbers of payer authentication (3-D Secure 2): frictionless, challenged, failed ...
    ("445653000000100", "", 16): "001",
    ("445653000000109", "", 16): "001",
}
_AUTHENTICATIONS = {
    "00": "",
    "01": "consumer_authentication_failed",
    "02": "authentication_attempted",
    "03": "authentication_unavailable",
    "04": "authentication_rejected",
    "05": "not_enrolled",
    "06": "not_enrolled",
    "07": "not_enrolled",
    "09": "challenge_passes",
    "10": "challenge",
    "11": "challenge_unavailable",
}
"""Test cases 2.1 to 2.11 of 3-D Secure 2.1 (Payer Authentication guide, "Test Cases for 3-D Secure
2.x"), by the last two digits before the check digit."""
_CHALLENGED = "400000000000010"
"""The card of the official sample "enroll with pending authentication"."""
_RANGES = {"414720": "001"}
"""Account ranges in which the official samples make numbers up, a new one each time."""
_AUTHENTICATED = {"4000000000001": "001", "5200000000001": "002"}


BRAND_NAMES = {
    "001": "VISA",
    "002": "MASTERCARD",
    "003": "AMERICAN EXPRESS",
    "004": "DISCOVER",
    "005": "DINERS CLUB",
    "007": "JCB",
    "024": "MAESTRO",
    "062": "CHINA UNION PAY",
}
"""By Cybersource's code."""
_RANGE = 15
"""So many digits tell the records of these numbers apart: real account ranges are shorter."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Knows test cards; `key` makes fingerprints that mean nothing elsewhere."""

    key: bytes

    def read(self, number: object) -> Card | None:
        """The card, or None for anything that is no published test number."""
        text = str(number).replace(" ", "").replace("-", "")
        known = _numbers().get(text) or _made_up(text)
        if known is None:
            return None
        digest = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        return Card(known[0], text[:6], text[-4:], digest, known[1])


def starting(digits: str) -> set[tuple[str, str]]:
    """Brand and account range of every test number that starts so."""
    every = _numbers().items()
    return {(known[0], one[:_RANGE]) for one, known in every if one.startswith(digits)}


def _made_up(text: str) -> tuple[str, str] | None:
    """Brand and authentication of a number that a sample made up."""
    brand = _RANGES.get(text[:6])
    whole = len(text) == 16 and text.isdecimal()
    if brand is None or not whole or check_digit(text[:-1]) != text[-1]:
        return None
    return brand, ""


def check_digit(digits: str) -> str:
    """The digit that makes `digits` pass the Luhn check."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


@cache
def _numbers() -> dict[str, tuple[str, str]]:
    """Every test number, made from its description, with brand and authentication."""
    made = {}
    for prefix, brand in _AUTHENTICATED.items():
        for case, authentication in _AUTHENTICATIONS.items():
            made[prefix + case + check_digit(prefix + case)] = (brand, authentication)
    for (prefix, filler, length), brand in _BRANDS.items():
        digits = (prefix + filler * length)[: length - 1]
        made[digits + check_digit(digits)] = (brand, "")
    made[_CHALLENGED + check_digit(_CHALLENGED)] = ("001", "challenge_passes")
    return made
