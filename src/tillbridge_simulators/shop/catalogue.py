"""What the shop sells."""

from dataclasses import dataclass
from decimal import Decimal

TAX_RATE = Decimal("0.0825")
FREE_FREIGHT_FROM = Decimal(75)
FREIGHT = Decimal("5.95")

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
"""Decimals of currencies that do not have two (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Product:
    """One article; the price is without tax, in whole currency units."""

    sku: str
    description: str
    price: Decimal


CATALOGUE: tuple[Product, ...] = (
    Product("TEA-EARL-100", "Earl Grey tea, 100 g", Decimal("12.50")),
    Product("TEA-MINT-50", "Mint tea, 50 g", Decimal("7.25")),
    Product("MUG-BLUE", "Mug, blue", Decimal("9.90")),
    Product("MUG-WHITE", "Mug, white", Decimal("8.90")),
    Product("KETTLE-1L", "Kettle, 1 litre", Decimal("64.00")),
    Product("SCONE-MIX", "Scone baking mix, 500 g", Decimal("4.35")),
    Product("JAM-STRAW", "Strawberry jam, 340 g", Decimal("5.15")),
    Product("HONEY-500", "Heather honey, 500 g", Decimal("11.80")),
    Product("TOWEL-LINEN", "Tea towel, linen", Decimal("14.00")),
    Product("SPOON-SILVER", "Teaspoon, silver-plated", Decimal("18.75")),
    Product("TRAY-OAK", "Serving tray, oak", Decimal("39.50")),
    Product("GIFT-CARD-BOX", "Gift box with card", Decimal("3.99")),
)


def quantum(currency: str) -> Decimal:
    """The smallest amount of the currency: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-DECIMALS.get(currency, 2))


def price_in(product: Product, currency: str) -> Decimal:
    """The price in a currency; currencies without decimals cost a hundred times the figure."""
    return product.price * 100 if DECIMALS.get(currency, 2) == 0 else product.price
