"""Seeded shoppers: shopper 7 of seed 1 always buys the same, pays the same and waits the same."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.shop.catalogue import (
    CATALOGUE,
    FREE_FREIGHT_FROM,
    FREIGHT,
    TAX_RATE,
    Product,
    price_in,
    quantum,
)

Ending: TypeAlias = Literal["ship", "ship_in_two", "cancel"]
Document: TypeAlias = dict[str, Any]

CARDS_MAX = 3
FIRST_CARD = {
    "authorized": 84,
    "insufficient_fund": 7,
    "expired_card": 3,
    "review": 4,
    "risk_declined": 2,
}
"""Of a hundred shoppers, how the first card ends; later cards mostly work."""
LATER_CARD = {"authorized": 85, "processor_declined": 15}
ENDINGS: Mapping[Ending, int] = {"ship": 70, "ship_in_two": 20, "cancel": 10}

_PEOPLE = (
    ("Ada", "Lovelace", "US", "CA", "San Francisco", "94105"),
    ("Grace", "Hopper", "US", "NY", "New York", "10001"),
    ("Emmy", "Noether", "DE", "BY", "Erlangen", "91054"),
    ("José", "García", "ES", "M", "Madrid", "28001"),
    ("Zoë", "O'Neill", "IE", "D", "Dublin", "D02 X285"),
    ("Mary", "Smith-Jones", "GB", "", "Leeds", "LS1 4AP"),
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What one shopper does: the order as posted, the cards tried one after another, the ending."""

    document: Document
    cards: Sequence[str]
    ending: Ending


def purchase(
    seed: int,
    shopper: int,
    currencies: Sequence[str],
    prefix: str,
    first_cards: Mapping[str, int] = FIRST_CARD,
) -> Purchase:
    """What this shopper does; order numbers are the prefix and the shopper's number.

    `first_cards` are the weights of how the first card ends.
    """
    draw = random.Random(f"{seed}/{shopper}")  # noqa: S311 (a simulation, not a secret)
    currency = draw.choice(list(currencies))
    document = _order(draw, f"{prefix}{shopper}", currency)
    cards = [_drawn(draw, first_cards)]
    cards += [_drawn(draw, LATER_CARD) for _ in range(CARDS_MAX - 1)]
    return Purchase(document, cards, _drawn(draw, ENDINGS))


def shipments(purchase_: Purchase) -> list[Document]:
    """The shipments of an order, in the order the goods leave; amounts sum to the total."""
    document = purchase_.document
    lines = document["lines"]
    if purchase_.ending == "ship" or len(lines) < 2:
        return [_shipment("1", lines, None, complete=True)]
    currency = document["currency"]
    early, late = lines[:1], lines[1:]
    first = Decimal(early[0]["amount"]) + Decimal(early[0]["tax"])
    rest = Decimal(document["total"]) - first
    if first <= 0 or rest <= 0:
        return [_shipment("1", lines, None, complete=True)]
    return [
        _shipment("1", early, {"amount": str(first), "currency": currency}, complete=False),
        _shipment("2", late, {"amount": str(rest), "currency": currency}, complete=True),
    ]


def _shipment(
    number: str, lines: Sequence[Document], amount: Document | None, *, complete: bool
) -> Document:
    return {
        "id": number,
        "lines": [{"number": line["number"], "quantity": line["quantity"]} for line in lines],
        "amount": amount,
        "complete": complete,
        "carrier": "Parcel Post",
        "tracking_number": f"PP-{number}",
    }


def _order(draw: random.Random, number: str, currency: str) -> Document:
    least = quantum(currency)
    products = draw.sample(CATALOGUE, k=draw.randint(1, 5))
    lines = [_line(draw, at, product, currency) for at, product in enumerate(products, start=1)]
    goods = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    tax = sum((Decimal(line["tax"]) for line in lines), Decimal(0))
    scale = Decimal(100) if least == 1 else Decimal(1)
    freight = Decimal(0) if goods >= FREE_FREIGHT_FROM * scale else FREIGHT * scale
    discount = _rounded(goods / 20, least) if draw.random() < 0.2 else Decimal(0)
    rounding = draw.choice([Decimal(0)] * 8 + [least, -least])
    total = goods + tax + freight - discount + rounding
    buyer = _buyer(draw)
    return {
        "number": number,
        "currency": currency,
        "placed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "lines": lines,
        "tax": _text(tax, least),
        "freight": _text(freight, least),
        "discount": _text(discount, least),
        "rounding": _text(rounding, least),
        "total": _text(total, least),
        **buyer,
        "custom": {"note": draw.choice(["", "Please ring twice", "A gift", "Grüße an Oma"])},
    }


def _line(draw: random.Random, number: int, product: Product, currency: str) -> Document:
    least = quantum(currency)
    price = price_in(product, currency)
    quantity = draw.choices([1, 2, 3, 6], weights=[6, 3, 2, 1])[0]
    gross = price * quantity
    discount = _rounded(gross / 10, least) if draw.random() < 0.15 else Decimal(0)
    amount = gross - discount
    return {
        "number": number,
        "product": product.sku,
        "description": product.description,
        "quantity": str(quantity),
        "unit_price": _text(price, least),
        "discount": _text(discount, least),
        "tax": _text(_rounded(amount * TAX_RATE, least), least),
        "amount": _text(amount, least),
    }


def _buyer(draw: random.Random) -> Document:
    at = draw.randrange(len(_PEOPLE))
    first, last, country, region, city, postal_code = _PEOPLE[at]
    is_guest = draw.random() < 0.25
    email = f"shopper{at}@example.com"
    address = {
        "first_name": first,
        "last_name": last,
        "line1": f"{at + 1} High Street",
        "city": city,
        "region": region,
        "postal_code": postal_code,
        "country": country,
        "email": email,
        "phone": "+1 415-555-0100",
    }
    customer = {
        "id": "" if is_guest else f"C{100 + at}",
        "name": f"{first} {last}",
        "email": email,
        "phone": "+1 415-555-0100",
        "custom": {},
    }
    return {"customer": customer, "billing": address, "shipping": dict(address)}


def _drawn(draw: random.Random, weights: Mapping[Any, int]) -> Any:  # the mapping's own key type
    return draw.choices(list(weights), weights=list(weights.values()))[0]


def _rounded(amount: Decimal, least: Decimal) -> Decimal:
    return amount.quantize(least, ROUND_HALF_UP)


def _text(amount: Decimal, least: Decimal) -> str:
    return f"{amount.quantize(least):f}"
