"""What the functions about people's names and telephones do. `person_library` declares them."""

import re
from collections import Counter
from typing import Final

import nameparser
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from tillbridge.canonical.errors import Rejected

NAME_PARTS: Final = ("title", "first", "middle", "last", "suffix", "nickname", "maiden")
_THEIRS: Final = ("title", "given", "middle", "family", "suffix", "nickname", "maiden")
NAME_MAX_CHARACTERS: Final = 300
STYLES: Final = {
    "e164": PhoneNumberFormat.E164,
    "international": PhoneNumberFormat.INTERNATIONAL,
    "national": PhoneNumberFormat.NATIONAL,
}
_WORD: Final = re.compile(r"[^\s,]+")
_MARKS: Final = ",.()'\"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"


def name_parts(text: str) -> dict[str, str]:
    """A person's name in its parts; every word is in one of them.

    Where the parser would leave a word out ("née"), or finds no name at all, the last word is the
    last name and all others the first. Raises Rejected for more than 300 characters.
    """
    if len(text) > NAME_MAX_CHARACTERS:
        raise Rejected(
            f"A name has at most {NAME_MAX_CHARACTERS} characters, not {len(text):,}.",
            reason="text_too_long",
        )
    parsed = nameparser.parse(text)
    found = {
        ours: getattr(parsed, theirs) for ours, theirs in zip(NAME_PARTS, _THEIRS, strict=True)
    }
    if _words(" ".join(found.values())) == _words(text):
        return found
    *first, last = text.split() or [""]
    plain = {"first": " ".join(first), "last": last} if first else {"first": last}
    return {**dict.fromkeys(NAME_PARTS, ""), **plain}


def phone(text: str, country: str) -> str:
    """A telephone number as +442079460958 (ITU-T E.164).

    Raises Rejected when it is none, or has an extension, which that form has no place for.
    """
    number = _phone(text, country)
    if number.extension:
        raise Rejected(
            f"{text[:60]!r} has an extension, which +{number.country_code}... has no place for.",
            reason="bad_phone",
            next_step="Use phone_format(text, country, 'international').",
        )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def phone_format(text: str, country: str, style: str) -> str:
    """A telephone number in a style, its extension behind it. Raises Rejected when it is none."""
    check_style(style)
    return phonenumbers.format_number(_phone(text, country), STYLES[style])


def is_phone(text: str, country: str) -> bool:
    """Whether it is a telephone number that can be had there."""
    try:
        _phone(text, country)
    except Rejected as error:
        if error.reason != "bad_phone":
            raise
        return False
    return True


def check_style(style: str) -> None:
    """Raises Rejected unless it is a style telephone numbers are written in."""
    if style not in STYLES or style == "e164":
        raise Rejected(
            f"{style[:40]!r} is not a style of telephone numbers.",
            reason="bad_argument",
            next_step="Use international or national.",
        )


def _phone(text: str, country: str) -> PhoneNumber:
    if country and country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise Rejected(
            f"{country[:40]!r} is not a country with telephones.",
            reason="unknown_country",
            next_step="Use its two letters of ISO 3166-1, such as US.",
        )
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        where = f" in {country.upper()}" if country else " with its country's code, such as +44"
        raise Rejected(
            f"{text[:60]!r} is not a telephone number{where}.",
            reason="bad_phone",
            next_step="Correct it, or test it first: is_phone(...).",
        )
    return number


def _words(text: str) -> Counter[str]:
    return Counter(word for word in (each.strip(_MARKS) for each in _WORD.findall(text)) if word)
