"""Card brands: with which digits their numbers begin, how long they are, and their check digit."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """A card brand: its numbers begin within one of `prefixes` (from, to) and have `lengths`."""

    name: str
    prefixes: tuple[tuple[str, str], ...]
    lengths: frozenset[int]


def _brand(name: str, prefixes: str, lengths: Collection[int]) -> Brand:
    pairs = []
    for part in prefixes.split():
        low, _, high = part.partition("-")
        pairs.append((low, high or low))
    return Brand(name, tuple(pairs), frozenset(lengths))


_LONG = range(16, 20)

BRANDS: tuple[Brand, ...] = (
    _brand("visa", "4", (13, 16, 18, 19)),
    _brand("mastercard", "2221-2720 51-55", (16,)),
    _brand("american express", "34 37", (15,)),
    _brand("discover", "6011 644-649 65", _LONG),
    _brand("unionpay", "62 81", _LONG),
    _brand("diners club", "30 36 38 39", range(14, 20)),
    _brand("jcb", "3528-3589", _LONG),
    _brand("jcb", "1800 2131", (15,)),
    _brand("maestro", "5018 5020 5038 5893 6304 6759 6761-6763 6767", range(14, 20)),
    _brand("dankort", "5019", (16,)),
    _brand("mir", "2200-2204", _LONG),
    _brand("rupay", "508 60 82", (16,)),
    _brand("elo", "401178 401179 438935 457631 457632 504175 506699-506778 509 627780 636", (16,)),
    _brand("hipercard", "384 606282 637", range(14, 20)),
    _brand("verve", "506099-506198 507865-507964", (16, 18, 19)),
    _brand("troy", "9792", (16,)),
    _brand("uatp", "1", (15,)),
)
"""Prefixes and lengths by brand.

Source: ISO/IEC 7812 issuer numbers as the brands publish them: Visa, Mastercard (2-series from
2017), American Express, Discover Network "IIN ranges" (Discover, Diners Club, UnionPay), JCB,
NSPK Mir, NPCI RuPay, Elo, Troy, Verve, UATP; Cybersource "Card Types" lists the same brands.
Where sources differ the wider range stands here: a number too many is masked, none too few. One
exception: of Maestro and Hipercard nobody issues 13 digits, and ids of Shopify look just so.
"""


def brand_of(digits: str) -> str:
    """The brand whose prefix and length the digits have, "" for none. Luhn is not asked."""
    for brand in BRANDS:
        if len(digits) not in brand.lengths:
            continue
        for low, high in brand.prefixes:
            if low <= digits[: len(low)] <= high:
                return brand.name
    return ""


_DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0
