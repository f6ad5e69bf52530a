"""What text Sage Pro can hold: printable ASCII, or Windows code page 1252."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from tillbridge.canonical.errors import Place, Rejected

_SPELLED = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l",
        "Ł": "L", "đ": "d", "Đ": "D", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "\u0131": "i",
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2013": "-", "\u2014": "-", "\u2010": "-", "\u2011": "-", "\u2026": "...",
        "\u00a0": " ", "€": "EUR", "£": "GBP", "«": '"', "»": '"', "\t": " ", "\r": "", "\n": " ",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Characters:
    """The policy of one connection."""

    allowed: Literal["ascii", "cp1252"]
    transliterate: bool

    def fit(self, text: str, field: str) -> str:
        """The text, spelled with the characters allowed. Raises Rejected, naming the field."""
        if self._fits(text):
            return text
        spelled = self._spelled(text) if self.transliterate else text
        if self._fits(spelled):
            return spelled
        alien = "".join(sorted({sign for sign in spelled if not self._fits(sign)}))
        raise Rejected(
            f"{field} is {text!r}; Sage Pro cannot hold {alien!r}.",
            reason="not_representable",
            place=Place(field=field),
            next_step="Correct the text"
            + ("." if self.transliterate else ", or set transliterate on the connection."),
        )

    def _fits(self, text: str) -> bool:
        if text.isascii():
            return text.isprintable()
        if self.allowed == "ascii":
            return False
        try:
            text.encode("cp1252")
        except UnicodeEncodeError:
            return False
        return all(sign.isprintable() or sign == "\u00a0" for sign in text)

    def _spelled(self, text: str) -> str:
        return "".join(sign if self._fits(sign) else _plain(sign) for sign in text)


def _plain(sign: str) -> str:
    spelled = sign.translate(_SPELLED)
    if spelled != sign:
        return spelled
    parts = unicodedata.normalize("NFKD", sign)
    return "".join(part for part in parts if not unicodedata.combining(part))
