"""The rules about amounts from text: exchanges, and what is split over a list."""

import re
from datetime import timedelta
from typing import Final

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.amount_functions import REMAINDERS
from tillbridge.mapping.exchange import Terms
from tillbridge.mapping.expression import parse_expression
from tillbridge.mapping.mapping import Exchange, Share
from tillbridge.mapping.number_functions import PLACES_MAX, ROUNDINGS, rounding_rule
from tillbridge.mapping.text import Entries, Node, entries_of, scalar_of, shown, word_of

AGE_MAX: Final = timedelta(days=7)
"""How old a rate may be where the rule does not say: over the longest run of bank holidays."""
AGE_LONGEST_DAYS: Final = 400

EXCHANGE_KEYS: Final = ("to", "rates", "on", "age_max", "rounding", "digits")
SHARE_KEYS: Final = ("amount", "by", "remainder")

_DAYS = re.compile(r"([0-9]{1,3})d", re.ASCII)


def read_exchange(rule: Entries, *, digits_needed: bool) -> Exchange:
    """The exchange of a rule. Raises Misconfigured at the line of what is wrong."""
    nodes = rule.nodes
    digits = _digits(nodes["digits"]) if "digits" in nodes else None
    if digits is None and digits_needed:
        raise Misconfigured(
            "A rate has no digits of its own when it is turned round or crossed.",
            reason="missing_digits",
            place=rule.place,
            next_step="Say how many it is written with: digits: 6.",
        )
    rates = scalar_of(nodes["rates"])
    terms = Terms(
        rates=rates.text,
        age_max=_age(nodes["age_max"]) if "age_max" in nodes else AGE_MAX,
        rounding=rounding_rule(word_of(nodes["rounding"], ROUNDINGS, "rounding rule")),
        digits=digits,
    )
    on = parse_expression(nodes["on"]) if "on" in nodes else None
    return Exchange(parse_expression(nodes["to"]), terms, rates.place, on)


def read_share(name: str, node: Node) -> Share:
    """What is split over the items of a list. Raises Misconfigured."""
    entries = entries_of(node, required=("amount", "by"), optional=("remainder",))
    if "remainder" not in entries.nodes:
        raise Misconfigured(
            f"What is left over when {name} is split needs a home: parts are whole minor units.",
            reason="lost_remainder",
            place=entries.place,
            next_step="Say remainder: largest_remainder (to those that lost most by rounding),"
            " first or last.",
        )
    remainder = word_of(entries.nodes["remainder"], REMAINDERS, "home for a remainder")
    return Share(
        amount=parse_expression(entries.nodes["amount"]),
        weight=parse_expression(entries.nodes["by"]),
        remainder=next(each for each in REMAINDERS if each == remainder),
        place=entries.place,
    )


def _age(node: Node) -> timedelta:
    scalar = scalar_of(node)
    match = _DAYS.fullmatch(scalar.text)
    if match is None or int(match[1]) > AGE_LONGEST_DAYS:
        raise Misconfigured(
            f"{shown(scalar.text)} is not the greatest age of a rate.",
            reason="bad_duration",
            place=scalar.place,
            next_step=f"Write days, such as 7d; at most {AGE_LONGEST_DAYS}d.",
        )
    return timedelta(days=int(match[1]))


def _digits(node: Node) -> int:
    scalar = scalar_of(node)
    if not (scalar.text.isascii() and scalar.text.isdigit()) or len(scalar.text) > 2:
        digits = -1
    else:
        digits = int(scalar.text)
    if not 0 <= digits <= PLACES_MAX:
        raise Misconfigured(
            f"{shown(scalar.text)} is not a number of digits after the point (0 to {PLACES_MAX}).",
            reason="bad_digits",
            place=scalar.place,
        )
    return digits
