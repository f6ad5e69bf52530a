"""What the organization is seeded with: currencies, price lists, units and products."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.rows import Row
from tillbridge_simulators.dynamics365.tables import Column


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the demo's catalogue; the price is in dollars."""

    number: str
    name: str
    price: Decimal


PRODUCTS = (
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
"""The articles the simulated shop sells. List prices only matter where a line does not override
them."""

CURRENCIES = {
    # code: name, symbol, decimals, units for one dollar (a fixed rate: only the shape matters)
    "USD": ("US Dollar", "$", 2, Decimal(1)),
    "EUR": ("Euro", "€", 2, Decimal("0.9")),
    "GBP": ("Pound Sterling", "£", 2, Decimal("0.8")),
    "CAD": ("Canadian Dollar", "CA$", 2, Decimal("1.4")),
    "JPY": ("Yen", "¥", 0, Decimal(150)),
    "KWD": ("Kuwaiti Dinar", "KD", 3, Decimal("0.3")),
}

GUEST_ACCOUNT = "Web guests"


def seed(
    organization: Organization, products: Sequence[str] = (), columns: Sequence[str] = ()
) -> None:
    """Fills an empty organization; nothing of it is an effect.

    `products` are sold beside those of the catalogue; `columns` are text columns that the
    organization has added to its sales orders.
    """
    orders = organization.table("salesorder")
    for name in columns:
        orders.columns.setdefault(name, Column(name, name, "String", length_max=4000, custom=True))
    known = {product.number for product in PRODUCTS}
    added = [Product(number, number, Decimal(1)) for number in products if number not in known]
    with organization.rows.transaction():
        currencies = _seed_currencies(organization)
        unit, schedule = _seed_unit(organization)
        price_lists = {
            code: organization.insert(
                organization.table("pricelevel"),
                {
                    "name": f"Web {code}",
                    "_transactioncurrencyid_value": currency["transactioncurrencyid"],
                },
            )
            for code, currency in currencies.items()
        }
        for product in (*PRODUCTS, *added):
            row = organization.insert(
                organization.table("product"),
                {
                    "name": product.name,
                    "productnumber": product.number,
                    "quantitydecimal": 2,
                    "_defaultuomid_value": unit["uomid"],
                    "_defaultuomscheduleid_value": schedule["uomscheduleid"],
                },
            )
            for price_list in price_lists.values():
                _seed_price(organization, product, row, price_list)
        organization.insert(organization.table("account"), {"name": GUEST_ACCOUNT})


def _seed_currencies(organization: Organization) -> dict[str, Row]:
    rows = {}
    for code, (name, symbol, precision, rate) in CURRENCIES.items():
        currency_id = str(uuid4())
        organization.base_currency_id = organization.base_currency_id or currency_id
        rows[code] = organization.insert(
            organization.table("transactioncurrency"),
            {
                "transactioncurrencyid": currency_id,
                "currencyname": name,
                "currencysymbol": symbol,
                "isocurrencycode": code,
                "currencyprecision": precision,
                "exchangerate": rate,
            },
        )
    return rows


def _seed_unit(organization: Organization) -> tuple[Row, Row]:
    schedule = organization.insert(organization.table("uomschedule"), {"name": "Default Unit"})
    unit = organization.insert(
        organization.table("uom"),
        {
            "name": "Primary Unit",
            "quantity": Decimal(1),
            "_uomscheduleid_value": schedule["uomscheduleid"],
        },
    )
    return unit, schedule


def _seed_price(organization: Organization, product: Product, row: Row, price_list: Row) -> None:
    currency = organization.currency_of(price_list)
    organization.insert(
        organization.table("productpricelevel"),
        {
            "productnumber": product.number,
            "amount": product.price * Decimal(currency["exchangerate"] or 1),
            "_pricelevelid_value": price_list["pricelevelid"],
            "_productid_value": row["productid"],
            "_uomid_value": row["_defaultuomid_value"],
            "_transactioncurrencyid_value": currency["transactioncurrencyid"],
        },
    )
