"""Test cards: the only card numbers this account takes; none is kept or logged.

Source: Cybersource's "Testing the Payment Services" page (cards that it does not list: "an account
number that is within the card's bin range"), the test numbers that processors publish, and those of
the official clients' samples, which make some up in one account range. They are written as prefix,
filler and length, so that no card number stands in the source; the last digit is the check digit.
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
    ("222242000000111", "", 16): "002",
    ("222263000000112", "", 16): "002",
    ("222300004840001", "", 16): "002",
    ("222300312200322", "", 16): "002",
    ("520082828282821", "", 16): "002",
    ("540387999999999", "", 16): "002",
    ("542400000000001", "", 16): "002",
    ("542523343010990", "", 16): "002",
    ("400005665566555", "", 16): "001",
    ("400191925753719", "", 16): "001",
    ("400551920000000", "", 16): "001",
    ("400770283553245", "", 16): "001",
    ("400934888888188", "", 16): "001",
    ("401200003333002", "", 16): "001",
    ("401200007777777", "", 16): "001",
    ("421765111111111", "", 16): "001",
    ("426398264026929", "", 16): "001",
    ("448407000000000", "", 16): "001",
    ("450060000000006", "", 16): "001",
    ("491748458989710", "", 16): "001",
    ("491761000000000", "", 16): "001",
    ("492925189704795", "", 16): "001",
    ("530688994283334", "", 16): "002",
    ("37000000000000", "", 15): "003",
    ("37873449367100", "", 15): "003",
    ("601100000000001", "", 16): "004",
    ("3056930902590", "", 14): "005",
    ("3625960000000", "", 14): "005",
    ("308800000000001", "", 16): "007",
    ("564182111116666", "", 16): "024",
    ("675941110000000", "", 16): "024",
    ("675956004500572705", "", 19): "024",
    ("13541234567891", "", 15): "040",
    ("5033961989091", "", 14): "042",
    ("58682416082553333", "", 18): "042",
    ("630400000000000", "", 16): "042",
    ("508230288609", "", 13): "061",
    ("508279423346", "", 13): "061",
    ("5082304320590", "", 14): "061",
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
_RANGES = {
    "414720": "001", "400000": "001", "411111": "001", "424242": "001", "462294": "001",
    "511111": "002", "512034": "002", "520473": "002", "222269": "002",
}  # fmt: skip
"""Account ranges in which the official samples make numbers up, a new one each time, and those
that networks and gateways keep for tests: of authentication, account updater, network tokens."""
_AUTHENTICATED = {"4000000000001": "001", "5200000000001": "002"}
_AUTHENTICATED_LATER = {
    ("400000000000", "001"): "270 292 271 231 253 299 244 235 250 237 242",
    ("520000000000", "002"): "223 227 248 226 218 240 203 232 215 249 266",
}
"""The same cases 2.1 to 2.11 with the numbers of later editions (3-D Secure 2.2): the digits before
the check digit, after the prefix."""


BRAND_NAMES = {
    "001": "VISA",
    "002": "MASTERCARD",
    "003": "AMERICAN EXPRESS",
    "004": "DISCOVER",
    "005": "DINERS CLUB",
    "007": "JCB",
    "024": "MAESTRO",
    "040": "UATP",
    "042": "MAESTRO",
    "061": "RUPAY",
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
    for (prefix, brand), cases in _AUTHENTICATED_LATER.items():
        for case, authentication in zip(cases.split(), _AUTHENTICATIONS.values(), strict=True):
            made[prefix + case + check_digit(prefix + case)] = (brand, authentication)
    for (prefix, filler, length), brand in _BRANDS.items():
        digits = (prefix + filler * length)[: length - 1]
        made[digits + check_digit(digits)] = (brand, "")
    made[_CHALLENGED + check_digit(_CHALLENGED)] = ("001", "challenge_passes")
    return made
