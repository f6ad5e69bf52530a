"""The card mask: a text that comes in pieces, and goes on without a card number in it.

For files that a person keeps: nothing of them is read here, and what stands in them is not ours.
"""

import codecs
from dataclasses import dataclass, field
from typing import Final

from tillbridge.canonical.card_data import find_card_data, mask, may_hold

_BLOCK: Final = 1 << 16
_KEPT: Final = 1 << 12
"""Characters that wait for the next piece: longer than any spelling of a number."""
_UNREADABLE: Final = "surrogateescape"
"""Bytes that are no text go on as they are."""


@dataclass(slots=True)
class CardMask:
    """Takes bytes piece by piece, and gives those that are settled.

    Attributes:
        masked: how many numbers were found so far.
    """

    masked: int = 0
    _text: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(_UNREADABLE)
    )

    def feed(self, piece: bytes) -> bytes:
        """What certainly goes on; numbers that run over from one piece to the next are found."""
        self._text += self._decoder.decode(piece)
        if len(self._text) < _BLOCK:
            return b""
        text = self._masked(self._text)
        last = len(text) - _KEPT
        cut = text.rfind("\n", len(text) // 2, last) + 1 or last
        self._text = text[cut:]
        return text[:cut].encode(errors=_UNREADABLE)

    def end(self) -> bytes:
        """The rest."""
        text, self._text = self._masked(self._text + self._decoder.decode(b"", final=True)), ""
        return text.encode(errors=_UNREADABLE)

    def _masked(self, text: str) -> str:
        if not may_hold(text.encode(errors=_UNREADABLE)):
            return text
        self.masked += len(find_card_data(text))
        return mask(text)
