"""Card numbers to plant, and the hostile forms they come in. The house reads nothing of this."""

import base64
import html
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from tillbridge_simulators.cybersource.cards import check_digit

Form: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Fields of a document that hold the number."""

_BRANDS: Final = (
    *(("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15)),
    *(("6011", 16), ("3528", 16), ("36", 14), ("62", 19), ("6759", 18), ("4", 19), ("65", 16)),
)
"""Prefix and length; the issuers' own pages."""
_ZEROS: Final = ("\uff10", "\u0660", "\u0966", "\U0001d7ce")
_GAPS: Final = (" ", "-", " - ", "\u00a0", "\u2013", "\u200b", "\t", "  ")


def card_number(draw: random.Random) -> str:
    """A number that passes for a card; no card was issued with it that we know of."""
    prefix, length = draw.choice(_BRANDS)
    stem = prefix + "".join(draw.choices("0123456789", k=length - len(prefix) - 1))
    return stem + check_digit(stem)


def printed(number: str) -> list[str]:
    """Its groups as printed on the card."""
    if len(number) == 15:
        return [number[:4], number[4:10], number[10:]]
    if len(number) == 14:
        return [number[:4], number[4:10], number[10:]]
    return [number[at : at + 4] for at in range(0, len(number), 4)]


def forms(draw: random.Random) -> dict[str, Form]:
    """Every hostile form by name."""
    gap, zero = draw.choice(_GAPS), ord(draw.choice(_ZEROS))
    sign = draw.choice("./_|*+:;,")
    cut = draw.randrange(5, 10)
    texts: dict[str, Callable[[str], str]] = {
        "plain": str,
        "spaced": lambda number: gap.join(printed(number)),
        "spaced singly": lambda number: draw.choice(" -").join(number),
        "other digits": lambda number: "".join(chr(zero + int(digit)) for digit in number),
        "percent": lambda number: "".join(f"%{ord(digit):02X}" for digit in number),
        "percent twice": lambda number: "".join(f"%25{ord(digit):02x}" for digit in number),
        "percent of other digits": lambda number: quote(
            "".join(chr(0xFF10 + int(digit)) for digit in number)
        ),
        "percent gaps": lambda number: "%20".join(printed(number)),
        "entities": lambda number: "".join(f"&#{ord(digit)};" for digit in number),
        "entities in hexadecimal": lambda number: "".join(f"&#x{ord(d):x};" for d in number),
        "entity gaps": lambda number: "&nbsp;".join(printed(number)),
        "escapes": lambda number: "".join(f"\\u{ord(digit):04x}" for digit in number),
        "byte escapes": lambda number: "".join(f"\\x{ord(digit):02x}" for digit in number),
        "quoted printable": lambda number: "".join(f"={ord(digit):02X}" for digit in number),
        "base64": lambda number: base64.b64encode(number.encode()).decode(),
        "base64 of a sentence": lambda number: base64.b64encode(
            f"{'x' * draw.randrange(3)} card {number} ok".encode()
        ).decode(),
        "base64 for addresses": lambda number: (
            base64.urlsafe_b64encode(json.dumps({"pan": number}).encode()).decode().rstrip("=")
        ),
        "codes": lambda number: number.encode().hex(),
        "signs between": lambda number: sign.join(printed(number)),
        "lines": lambda number: "\n".join(printed(number)),
        "document in a text": lambda number: json.dumps({"order": {"pan": number}}),
        "split document in a text": lambda number: json.dumps(
            {f"part{at}": group for at, group in enumerate(printed(number))}
        ),
        "markup": lambda number: f"<card pan='{number}'/>{html.escape('<b>')}",
    }
    fields: dict[str, Form] = {
        "in a name": lambda number: {f"x{number}": "1"},
        "a number": lambda number: {"extra": int(number)},
        "a list": lambda number: {"parts": printed(number)},
        "split over fields": lambda number: {
            f"part_{chr(97 + at)}": group for at, group in enumerate(printed(number))
        },
        "split over notes": lambda number: {
            "note1": f"my card is {number[:cut]}",
            "note2": f"{number[cut:]} thanks",
        },
        "deep": lambda number: {"a": [{"b": [{"c": f"pay {number} now"}]}]},
        "e-mail": lambda number: {"email": f"{number}@example.com"},
    }
    return fields | {name: _noted(spell) for name, spell in texts.items()}


def _noted(spell: Callable[[str], str]) -> Form:
    return lambda number: {"note": f"Please use {spell(number)} thanks"}
