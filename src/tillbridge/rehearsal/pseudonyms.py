"""Pseudonyms: personal values replaced by others of the same build, always the same for the same.

A word becomes a word of the same length, capitals and letters with accents included; digits become
digits; a sign stays. So what is too long stays too long, what a system cannot write it still cannot
write, and a name that stands in three places is one name in three places. Whoever does not have the
key cannot find out by trying.
"""

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

KEY_FILE = "pseudonyms.key"
KEY_BYTES = 32
EMAIL: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
PHONE: Final = re.compile(r"(?<![\w.])\+?[0-9][0-9 ()/.-]{6,20}[0-9](?![\w.])")
_RUN: Final = re.compile(r"[^\W_]+")
_DIGITS: Final = re.compile(r"[0-9]")
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnpqrstvwxyz"
_TEST_DOMAIN = ".test"
"""Reserved for ever: no mail ever arrives there (RFC 2606)."""
_BLOCK = 16
_PREFIX_DIGITS = 2
"""Of a phone number that begins with +: the country's."""


class Pseudonyms:
    """Replaces personal values. The same key gives the same pseudonyms."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._words: set[str] = set()

    def text(self, text: str) -> str:
        """A name, a company, a line of an address, a postal code, an id: word by word."""
        if EMAIL.fullmatch(text):
            return self.email(text)
        self._words |= {word.casefold() for word in _RUN.findall(text) if len(word) > 1}
        return _RUN.sub(lambda run: self._run(run[0]), text)

    def email(self, text: str) -> str:
        """An e-mail address under .test, as long as it was where that is possible."""
        local, _, domain = text.rpartition("@")
        label = (_RUN.sub("", domain) and domain.replace(".", "")) or "x"
        width = max(len(domain) - len(_TEST_DOMAIN), 1)
        host = (label * (width // len(label) + 1))[:width]
        return f"{self.text(local)}@{self._run(host).lower()}{_TEST_DOMAIN}"

    def phone(self, text: str) -> str:
        """A phone number with the same signs between its digits, in the same country."""
        digits = "".join(_DIGITS.findall(text))
        kept = _PREFIX_DIGITS if text.lstrip().startswith("+") else 0
        stream = iter(digits[:kept] + self._run(digits[kept:]))
        return _DIGITS.sub(lambda _: next(stream), text)

    def free_text(self, text: str) -> str:
        """A text of which nobody knows what it holds: e-mail addresses, phone numbers and words
        that were personal elsewhere are replaced; of a text of several words, every word is. A
        single word or code stays."""
        if EMAIL.fullmatch(text):
            return self.email(text)
        if PHONE.fullmatch(text):
            return self.phone(text)
        words = _RUN.findall(text)
        if len(words) > 1 and " " in text.strip():
            return self.text(text)
        known = self._words
        return _RUN.sub(
            lambda run: self._run(run[0]) if run[0].casefold() in known else run[0], text
        )

    def _run(self, run: str) -> str:
        """One run of letters and digits; capitals follow the original."""
        folded = run.casefold()
        digest = hmac.new(self._key, folded.encode(), hashlib.sha256).digest()
        stream = digest
        while len(stream) < len(run):
            stream += hmac.new(self._key, stream[-32:], hashlib.sha256).digest()
        return "".join(_like(char, stream[at]) for at, char in enumerate(run))


def open_pseudonyms(folder: Path) -> Pseudonyms:
    """The pseudonyms of an installation; its key is made when it is missing."""
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    return Pseudonyms(path.read_bytes())


def _like(char: str, drawn: int) -> str:
    """Another character of the same kind: what can be written where the first could."""
    if char in "0123456789":
        return str(drawn % 10)
    small = char.lower()
    for pool in (_VOWELS, _CONSONANTS):
        if small in pool and char.isascii():
            found = pool[drawn % len(pool)]
            return found.upper() if char.isupper() else found
    start = ord(char) // _BLOCK * _BLOCK
    neighbours = [other for other in map(chr, range(start, start + _BLOCK)) if _alike(char, other)]
    return neighbours[drawn % len(neighbours)]


def _alike(char: str, other: str) -> bool:
    return unicodedata.category(char) == unicodedata.category(other) and all(
        _writes(char, code) == _writes(other, code) for code in ("ascii", "cp1252", "latin-1")
    )


def _writes(char: str, code: str) -> bool:
    try:
        char.encode(code)
    except UnicodeEncodeError:
        return False
    return True


def any_personal(texts: Iterable[str]) -> bool:
    """Whether a text looks like an e-mail address or a phone number."""
    return any(EMAIL.search(text) or PHONE.search(text) for text in texts)
