"""What the address functions of the mapping language do. `address_library` declares them.

An address is a record with the canonical parts. Nothing is lost: what a country's form has no
place for, and what is not known of it, stays as it was written.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.note import NoteTaker
from tillbridge.mapping.postal import Country, country_of
from tillbridge.mapping.reading import peek

PARTS: Final = (
    "first_name", "last_name", "company", "line1", "line2", "city", "region", "postal_code",
    "country", "email", "phone",
)  # fmt: skip
PLACE_PARTS: Final = ("line1", "line2", "city", "region", "postal_code", "country")
MORE_PARTS: Final = ("region_name", "country_name")
"""What a normalised address has besides: its region's and country's names."""
_LENGTH_MAX: Final = 1_000
_BREAK: Final = re.compile(r"\s*[\n\r,;]+\s*")
_SPACE: Final = re.compile(r"\s+")
_PLACE: Final = re.compile(r"\{(\w+)\}")


def address(taker: NoteTaker, given: Any) -> dict[str, str]:
    """An address in the one form.

    White space is single, the country its ISO code, the region its ISO code where the country has
    it, the postal code spaced as the country writes it. A region or postal code the country does
    not know stays and is noted. Raises Rejected for an unknown country, or what is no address.
    """
    parts = {name: _tidy(_part(given, name)) for name in PARTS}
    if not any(parts.values()) and not any(peek(given, name) is not None for name in PARTS):
        raise Rejected("There is no part of an address in it.", reason="bad_address")
    found = {**parts, "region_name": parts["region"], "country_name": ""}
    if not parts["country"]:
        return found
    country = country_of(parts["country"])
    found |= {"country": country.code, "country_name": country.name}
    region = country.region(parts["region"])
    if region is not None:
        found |= {"region": region.code, "region_name": region.name}
    elif parts["region"] and country.regions:
        _unknown(taker, "region", parts["region"], country)
    code = country.written_code(parts["postal_code"])
    if code is not None:
        found["postal_code"] = code
    elif parts["postal_code"] and country.postal_code is not None:
        _unknown(taker, "postal code", parts["postal_code"], country)
    return found


def address_of(*texts: str) -> dict[str, str]:
    """An address from the texts of PLACE_PARTS, whatever they are called where they come from."""
    return dict(zip(PLACE_PARTS, texts, strict=True))


def address_from(text: str, country: str) -> dict[str, str]:
    """The parts of an address that is one text, by commas or lines; every word is in one of them.

    Raises Rejected when its country is not known, or it is longer than 1,000 characters.
    """
    if len(text) > _LENGTH_MAX:
        raise Rejected(
            f"An address has at most {_LENGTH_MAX:,} characters.", reason="text_too_long"
        )
    pieces = [_tidy(piece) for piece in _BREAK.split(text.strip()) if piece.strip()]
    of, pieces = _country_last(pieces, country)
    postal_code, pieces = _code_last(of, pieces)
    region, pieces = _region_last(of, pieces)
    city = pieces.pop() if len(pieces) > 1 else ""
    line1 = pieces[0] if pieces else ""
    return address_of(line1, ", ".join(pieces[1:]), city, region, postal_code, of.code)


def address_block(given: Any) -> list[str]:
    """The lines of an address as its country writes it, to be read by people.

    What the country's form has no place for stands on lines of its own before the country.
    """
    parts = {name: _tidy(_part(given, name)) for name in (*PARTS, *MORE_PARTS)}
    person = f"{parts['first_name']} {parts['last_name']}".strip()
    country = country_of(parts["country"]) if parts["country"] else None
    form = country.form if country else ("{name}", "{company}", "{street}", "{city}")
    values = {
        "name": person,
        "company": parts["company"],
        "street": "\n".join(line for line in (parts["line1"], parts["line2"]) if line),
        "district": "",
        "city": parts["city"],
        "region": parts["region"],
        "postal_code": parts["postal_code"],
    }
    lines = [line for part in form for line in _written(part, values)]
    placed = {name for part in form for name in _PLACE.findall(part)}
    lines += [value for name, value in values.items() if value and name not in placed]
    return [*lines, country.name] if country else lines


def fit_lines(texts: Sequence[str], count: int, width: int) -> list[str]:
    """Exactly so many lines of at most so many characters, parted between words; the last empty.

    Each text has a line of its own while there is room; else they follow one another. Raises
    Rejected when they do not fit: nothing is cut.
    """
    if not 1 <= count <= 100 or not 1 <= width <= 10_000:
        raise Rejected(f"{count} lines of {width} characters make no form.", reason="bad_argument")
    given = [_tidy(text) for text in texts if text.strip()]
    apart = [line for text in given for line in _wrapped(text, width)]
    together = apart if len(apart) <= count else _wrapped(" ".join(given), width)
    if len(together) > count or any(len(line) > width for line in together):
        raise Rejected(
            f"{' '.join(given)[:120]!r} does not fit into {count} lines of {width} characters.",
            reason="too_long",
            next_step="Give it more lines, or say where the rest goes.",
        )
    return together + [""] * (count - len(together))


def _part(given: Any, name: str) -> str:
    value = peek(given, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Rejected(f"The {name} of an address has to be text.", reason="bad_type")
    if len(value) > _LENGTH_MAX:
        raise Rejected(
            f"A part of an address has at most {_LENGTH_MAX:,} characters.",
            reason="text_too_long",
        )
    return value


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _unknown(taker: NoteTaker, what: str, text: str, country: Country) -> None:
    taker.take(
        "address",
        f"the {what} {text[:60]!r} is none of {country.name}; it stays as it is",
        part=what.replace(" ", "_"),
        value=text,
        country=country.code,
    )


def _country_last(pieces: list[str], given: str) -> tuple[Country, list[str]]:
    """The country, and the pieces without it when it stands last."""
    last = pieces[-1] if pieces else ""
    if given:
        country = country_of(given)
        named = last.upper() in (country.code, country.name)
        return country, pieces[:-1] if named and len(pieces) > 1 else pieces
    if len(pieces) < 2:
        raise Rejected(
            f"{last[:60]!r} does not say its country.",
            reason="bad_address",
            next_step="Give it: address_from(text, 'US').",
        )
    return country_of(last), pieces[:-1]


def _code_last(country: Country, pieces: list[str]) -> tuple[str, list[str]]:
    """The postal code of one of the last two pieces, and the pieces without it."""
    if country.postal_code is None:
        return "", pieces
    pattern = re.compile(rf"(?<!\w)(?:{country.postal_code.pattern})(?!\w)", re.IGNORECASE)
    for at in range(len(pieces) - 1, max(len(pieces) - 3, 0), -1):
        for found in reversed(list(pattern.finditer(pieces[at]))):
            left = _tidy(f"{pieces[at][: found.start()]} {pieces[at][found.end() :]}")
            return found[0], [*pieces[:at], *([left] if left else []), *pieces[at + 1 :]]
    return "", pieces


def _region_last(country: Country, pieces: list[str]) -> tuple[str, list[str]]:
    """The region at the end of the last piece, and the pieces without it."""
    if len(pieces) < 2:
        return "", pieces
    words = pieces[-1].split(" ")
    for start in range(len(words)):
        text = " ".join(words[start:])
        alone = start == 0 and len(pieces) > 2
        if (alone or start) and country.region(text) is not None:
            left = " ".join(words[:start])
            return text, [*pieces[:-1], left] if left else pieces[:-1]
    return "", pieces


def _written(form: str, values: Mapping[str, str]) -> list[str]:
    """One line of a form, without the punctuation around what is empty; none when all is."""
    if not any(values[name] for name in _PLACE.findall(form)):
        return []
    pieces = re.split(r"(\{\w+\})", form)
    line = ""
    for at in range(1, len(pieces), 2):
        value = values[pieces[at][1:-1]]
        if value:
            # some forms write regions and cities in one word; in Latin letters they are two
            between = pieces[at - 1] or (" " if line[-1:].isascii() else "")
            line += (between if line else pieces[0] if at == 1 else "") + value
    return [*(line + pieces[-1]).split("\n")]


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
