"""Card numbers: found wherever they hide, so that none is ever stored.

Card data is a whole run of 13 to 19 digits (spaces and dashes ignored, digits of any script) that
has a card brand's prefix and length and passes Luhn (ISO/IEC 7812-1, annex B). Many ids and
tokens pass all three, so fields that are declared to be ids or tokens are exempt by name.

`may_hold` is the fast path for every body; `scan_body` and `mask_body` are right for JSON as it
came over the wire (escapes, repeated names); `find_card_data` and `mask` are for plain text.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tillbridge.canonical.codec import encode_numbers, read_json
from tillbridge.canonical.errors import Rejected

_DIGITS_MIN, _DIGITS_MAX = 13, 19

_NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Brand:
    """A card brand: its numbers begin within one of `prefixes` (from, to) and have `lengths`."""

    name: str
    prefixes: tuple[tuple[str, str], ...]
    lengths: frozenset[int]


@dataclass(frozen=True, slots=True)
class CardSpan:
    """A card number in a text: `text[start:end]`, separators included."""

    start: int
    end: int
    brand: str
    last4: str


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
    _brand("maestro", "5018 5020 5038 5893 6304 6759 6761-6763 6767", range(13, 20)),
    _brand("dankort", "5019", (16,)),
    _brand("mir", "2200-2204", _LONG),
    _brand("rupay", "508 60 82", (16,)),
    _brand("elo", "401178 401179 438935 457631 457632 504175 506699-506778 509 627780 636", (16,)),
    _brand("hipercard", "384 606282 637", range(13, 20)),
    _brand("verve", "506099-506198 507865-507964", (16, 18, 19)),
    _brand("troy", "9792", (16,)),
    _brand("uatp", "1", (15,)),
)
"""Prefixes and lengths by brand.

Source: ISO/IEC 7812 issuer numbers as the brands publish them: Visa, Mastercard (2-series from
2017), American Express, Discover Network "IIN ranges" (Discover, Diners Club, UnionPay), JCB,
NSPK Mir, NPCI RuPay, Elo, Troy, Verve, UATP; Cybersource "Card Types" lists the same brands.
Where sources differ the wider range stands here: a number too many is masked, none too few.
"""

_RUN = re.compile(r"(?<![0-9])[0-9](?:[ -]{0,3}[0-9]){12,}")
_RAW_RUN = re.compile(rb"[0-9](?:[ -]{0,3}[0-9]){12}")
_GROUP = re.compile(r"[0-9]+")
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{32,}(?![0-9A-Za-z])")
_GUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
)
_ID_MAX = 128  # hexadecimal characters of SHA-512, the longest digest in use
_PRINTED = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 6, 5), (4, 6, 4), (4, 3, 3, 3)}
"""How numbers are grouped on cards: such groups are found inside a longer row of numbers too."""
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_WIDE_RUN = re.compile(rf"\d(?:[ {_SPACES}{_UNSEEN}{_DASHES}-]{{0,3}}\d){{12}}")
_SPACE = re.compile(f"[{_SPACES}{_UNSEEN}]")
_DASH = re.compile(f"[{_DASHES}]")
_FOREIGN = re.compile(r"[^\D0-9]")
"""Decimal digits of other scripts (Unicode category Nd)."""


def may_hold(body: bytes) -> bool:
    """False when the raw bytes certainly hold no card data; cheap enough for every body.

    True means: look with `scan_body`. JSON's escapes count as "perhaps".
    """
    if _RAW_RUN.search(body) is not None or b"\\u" in body or b"\\t" in body:
        return True
    if body.isascii():
        return False
    try:
        return _WIDE_RUN.search(body.decode()) is not None
    except UnicodeDecodeError:
        return True


def find_card_data(text: str) -> list[CardSpan]:
    """Every card number in a text, in order."""
    plain = _plain(text)
    found: list[CardSpan] = []
    for run in _RUN.finditer(plain):
        if not _within_id(plain, run.start(), run.end()):
            found += _in_run(plain, run.start(), run.end())
    return found


def mask(text: str) -> str:
    """The text with every digit of a card number but its last four replaced by `*`."""
    for span in reversed(find_card_data(text)):
        text = text[: span.start] + _stars(text[span.start : span.end]) + text[span.end :]
    return text


def scan(value: Any, exempt: Collection[str] = _NO_FIELDS) -> list[str]:
    """The paths ("order.lines[2].description") of fields of parsed JSON that hold card data.

    `exempt` names fields that are declared ids or tokens: a field's own name ("requestId") or the
    end of its path ("token.value"; positions in lists are left out). A name that is itself card
    data is reported masked and is never exempt.
    """
    found = (
        mask(_shown(path))
        for path, leaf in _leaves(value)
        if _holds(leaf) and (isinstance(leaf, _Name) or not _exempted(path, exempt))
    )
    return list(dict.fromkeys(found))


def scan_body(body: bytes, exempt: Collection[str] = _NO_FIELDS) -> list[str]:
    """`scan` for raw JSON as it arrived; a name that is given twice is looked at twice.

    A body that is not JSON is looked at as text; the path is then "the body".
    """
    if not may_hold(body):
        return []
    tree = _twofold(body)
    if tree is _UNREADABLE:
        return ["the body"] if find_card_data(body.decode("utf-8", "replace")) else []
    return scan(tree, exempt)


def mask_json(value: Any, exempt: Collection[str] = _NO_FIELDS) -> Any:
    """Parsed JSON with card data masked, in names too; a number that is a card becomes text."""
    return _masked(value, (), exempt)


def mask_body(body: bytes, exempt: Collection[str] = _NO_FIELDS) -> tuple[bytes, list[str]]:
    """The body without card data and the paths where it stood; the very same bytes when none did.

    What is not JSON is masked as text.
    """
    paths = scan_body(body, exempt)
    if not paths:
        return body, paths
    try:
        return encode_numbers(mask_json(read_json(body), exempt)), paths
    except (Rejected, RecursionError):
        return mask(body.decode("utf-8", "replace")).encode(), paths


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


def _plain(text: str) -> str:
    """The same text, position by position, with ASCII digits, spaces and dashes."""
    text = _SPACE.sub(" ", text)
    return text if text.isascii() else _FOREIGN.sub(_ascii_digit, _DASH.sub("-", text))


def _ascii_digit(match: re.Match[str]) -> str:
    return str(unicodedata.decimal(match.group()))


def _in_run(plain: str, start: int, end: int) -> Iterator[CardSpan]:
    groups = [(g.start(), g.end()) for g in _GROUP.finditer(plain, start, end)]
    whole = _card(plain, groups[0][0], groups[-1][1])
    if whole is not None:
        yield whole
        return
    at = 0
    while at < len(groups):
        span, used = _at_group(plain, groups, at)
        if span is not None:
            yield span
        at += used


def _at_group(plain: str, groups: list[tuple[int, int]], at: int) -> tuple[CardSpan | None, int]:
    """A card that begins at this group, and how many groups to go on by."""
    for count in (5, 4, 3, 1):
        chosen = groups[at : at + count]
        if len(chosen) < count:
            continue
        lengths = tuple(end - start for start, end in chosen)
        if count > 1 and lengths not in _PRINTED:
            continue
        span = _card(plain, chosen[0][0], chosen[-1][1])
        if span is not None:
            return span, count
    return None, 1


def _card(plain: str, start: int, end: int) -> CardSpan | None:
    digits = "".join(_GROUP.findall(plain, start, end))
    if not _DIGITS_MIN <= len(digits) <= _DIGITS_MAX:
        return None
    is_fraction = start >= 2 and plain[start - 1] == "." and plain[start - 2].isdigit()
    if is_fraction:
        return None
    brand = brand_of(digits)
    if not brand or not passes_luhn(digits):
        return None
    return CardSpan(start, end, brand, digits[-4:])


def _within_id(plain: str, start: int, end: int) -> bool:
    """True inside a GUID or a hexadecimal digest: digits there are no number of their own."""
    for shape in (_GUID, _DIGEST):
        for match in shape.finditer(plain, max(0, start - _ID_MAX), end + _ID_MAX):
            spelled = any(character.isalpha() for character in match.group())
            if spelled and match.start() <= start and end <= match.end():
                return True
    return False


def _stars(number: str) -> str:
    """Digits but the last four become `*`; separators stay."""
    kept = 4
    shown = []
    for character in reversed(number):
        is_digit = unicodedata.decimal(character, None) is not None
        if not is_digit:
            shown.append(character)
        elif kept:
            shown.append(character)
            kept -= 1
        else:
            shown.append("*")
    return "".join(reversed(shown))


def _holds(leaf: object) -> bool:
    if isinstance(leaf, str):
        return len(leaf) >= _DIGITS_MIN and bool(find_card_data(leaf))
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, int):
        whole = abs(leaf)
        in_reach = 10 ** (_DIGITS_MIN - 1) <= whole < 10**_DIGITS_MAX
        return in_reach and bool(find_card_data(str(whole)))
    if isinstance(leaf, Decimal):
        in_reach = leaf.is_finite() and _DIGITS_MIN - 1 <= leaf.adjusted() < _DIGITS_MAX
        return in_reach and leaf == leaf.to_integral_value() and _holds(int(leaf))
    return False


_Path = tuple["str | int", ...]


def _leaves(tree: object) -> Iterator[tuple[_Path, object]]:
    """Every name and every value that is no container, in the order they are written."""
    waiting: list[tuple[_Path, object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | _Pairs):
            inner: list[tuple[_Path, object]] = []
            for name, below in value.items():
                inner += [((*path, str(name)), _Name(name)), ((*path, str(name)), below)]
            waiting += reversed(inner)
        elif isinstance(value, list | tuple):
            waiting += reversed([((*path, at), below) for at, below in enumerate(value)])
        else:
            yield path, value


def _masked(value: Any, path: _Path, exempt: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {mask(name): _masked(inner, (*path, name), exempt) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, (*path, at), exempt) for at, inner in enumerate(value)]
    if not _holds(value) or _exempted(path, exempt):
        return value
    return mask(value if isinstance(value, str) else str(int(value)))


def _exempted(path: _Path, exempt: Collection[str]) -> bool:
    names = [part for part in path if isinstance(part, str)]
    return any(".".join(names[at:]) in exempt for at in range(len(names)))


def _shown(path: _Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the body"


class _Name(str):
    """A field's name, as against a field's value."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps names given twice."""

    def items(self) -> "_Pairs":
        return self


_UNREADABLE = object()


def _twofold(body: bytes) -> Any:
    exact: Callable[[str], Decimal] = Decimal
    try:
        return json.loads(body, object_pairs_hook=_Pairs, parse_float=exact)
    except (ValueError, RecursionError):
        return _UNREADABLE
