"""Ids that look like card numbers and are none, in the shapes real systems give them."""

import random
import uuid
from collections.abc import Callable
from typing import Final, TypeAlias

from campaigns.card_forms import card_number
from tillbridge_simulators.cybersource.cards import check_digit

Shape: TypeAlias = Callable[[random.Random], str]


def digits(draw: random.Random, count: int) -> str:
    """So many digits."""
    return "".join(draw.choices("0123456789", k=count))


def tms_token(draw: random.Random) -> str:
    """A TMS token of 16 or 19 digits that passes Luhn, whatever it begins with."""
    if draw.random() < 0.5:
        return card_number(draw)
    stem = digits(draw, draw.choice((15, 18)))
    return stem + check_digit(stem)


def _usps(draw: random.Random) -> str:
    stem = draw.choice(("9400", "9205", "9361", "9407", "9270")) + digits(draw, 17)
    total = sum(int(d) * (3 if at % 2 == 0 else 1) for at, d in enumerate(reversed(stem)))
    return f"{stem}{-total % 10}"


def _ups(draw: random.Random) -> str:
    body = "".join(draw.choices("0123456789ABCEFHRVWXY", k=6)) + digits(draw, 9)
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in body]
    return f"1Z{body}{-(sum(values[::2]) + 2 * sum(values[1::2])) % 10}"


def _iban(draw: random.Random) -> str:
    account = digits(draw, 18)
    check = 98 - int(account + "131400") % 97
    whole = f"DE{check:02d}{account}"
    return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def _amazon(draw: random.Random) -> str:
    first = draw.choice(("111", "112", "113", "114", "302", "303", "304", "305", "306", "402"))
    return f"{first}-{digits(draw, 7)}-{digits(draw, 7)}"


def _phone(draw: random.Random) -> str:
    made = draw.choice(
        (
            "+49 15{1} {8}",
            "+4917{1}{8}",
            "+43 66{1} {8}",
            "+44 79{2} {6}",
            "+1 415-55{1}-{4}",
            "+33 6 {2} {2} {2} {2}",
            "+55 11 9{4}-{4}",
            "+86 138 {4} {4}",
            "030 {8}",
            "(212) 55{1}-{4}",
        )
    )
    for count in "12468":
        while f"{{{count}}}" in made:
            made = made.replace(f"{{{count}}}", digits(draw, int(count)), 1)
    return made


SHAPES: Final[dict[str, Shape]] = {
    "request id of Cybersource": lambda draw: "7" + digits(draw, 21),
    "order of Shopify": lambda draw: str(draw.randrange(5_000_000_000_000, 7_500_000_000_000)),
    "order of Shopify by its address": lambda draw: (
        f"gid://shopify/Order/{draw.randrange(4_000_000_000_000, 7_500_000_000_000)}"
    ),
    "order of WooCommerce": lambda draw: str(draw.randrange(10**9, 10**10)),
    "order of WooCommerce by its date": lambda draw: (
        f"2026{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
        + digits(draw, draw.randrange(4, 13))
    ),
    "order of Amazon": _amazon,
    "parcel of UPS": _ups,
    "parcel of USPS": _usps,
    "parcel of USPS in groups": lambda draw: " ".join(
        number[at : at + 4] for number in (_usps(draw),) for at in range(0, 22, 4)
    ),
    "parcel of FedEx": lambda draw: draw.choice((digits(draw, 12), "96" + digits(draw, 20))),
    "parcel of DHL": lambda draw: draw.choice((digits(draw, 10), "JJD01" + digits(draw, 16))),
    "parcel of Royal Mail": lambda draw: f"RM{digits(draw, 9)}GB",
    "GUID": lambda draw: str(uuid.UUID(int=draw.getrandbits(128))),
    "digest": lambda draw: f"{draw.getrandbits(256):064x}",
    "telephone": _phone,
    "IBAN": _iban,
    "amount and date": lambda draw: f"{digits(draw, 4)}.{digits(draw, 2)} on 2026-11-21 21:08:00",
}
"""Shapes of ids by name, as people write them into free text."""
