"""What an order's lines and its other amounts come to, exactly as Sage Pro computes them.

extprice = round(qtyord * price * (1 - disc / 100)), rounded half up to the currency's decimals.
Freight, order discount and (in the style "lines") tax are lines on items of their own; what per
cents cannot express goes to the discount line, as importers of this system do it.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.documents import Fields
from tillbridge_sagepro.settings import SageProSettings

_PRICE_DECIMALS = 4
_QUANTITY_DECIMALS = 3
_PERCENT = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as it will stand in sotran. `pseudo`: freight, discount or tax."""

    item: str
    descrip: str
    quantity: Decimal
    price: Decimal
    disc: Decimal
    extprice: Decimal
    pseudo: bool = False


@dataclass(frozen=True, slots=True)
class Amounts:
    """The lines, what stands in the header, and what all must come to."""

    lines: tuple[OrderLine, ...]
    header_tax: Decimal
    total: Money

    @property
    def items(self) -> tuple[str, ...]:
        """Every item once."""
        return tuple(dict.fromkeys(line.item for line in self.lines))


def compute(fields: Fields, settings: SageProSettings) -> Amounts:
    """The amounts of a sales order document.

    Raises Rejected when they do not add up to its total, or have more decimals than Sage Pro
    keeps.
    """
    total = values.required_money(fields, "total")
    places = exponent_of(total.currency)
    if places > settings.amount_decimals:
        raise Rejected(
            f"{total.currency} has {places} decimals; this company keeps"
            f" {settings.amount_decimals}.",
            reason="too_many_decimals",
            place=Place(field="total"),
            next_step="Send such orders elsewhere, or correct amount_decimals.",
        )
    given = values.groups(fields, "lines")
    if not given:
        raise values.missing("lines")
    lines: list[OrderLine] = []
    residue = Decimal(0)
    for at, line in enumerate(given):
        made, left_over = _line(line, f"lines[{at}]", total.currency, places)
        lines.append(made)
        residue += left_over
    freight, tax, discount, rounding = (
        values.money(fields, name, total.currency).amount
        for name in ("freight", "tax", "discount", "rounding")
    )
    lines += _pseudo_lines(settings, freight, tax, rounding - discount - residue)
    header_tax = tax if settings.tax_style == "header" else Decimal(0)
    amounts = Amounts(tuple(lines), header_tax, total)
    _check_sum(amounts)
    return amounts


def _line(line: Fields, place: str, currency: str, places: int) -> tuple[OrderLine, Decimal]:
    """A line, and by how much its extension exceeds what it must come to."""
    item = values.text(line, "item").strip().upper()
    if not item:
        raise values.missing(f"{place}.item")
    quantity = _number(line, "qtyord", place)
    if quantity <= 0:
        raise Rejected(
            f"{place}.qtyord is {quantity}; it must be above zero.",
            reason="bad_quantity",
            place=Place(field=f"{place}.qtyord"),
        )
    price = _limited(
        values.price(line, "price", currency, place=f"{place}.price").amount,
        _PRICE_DECIMALS,
        f"{place}.price",
    )
    percent = _number(line, "disc", place)
    discount = values.money(line, "discount", currency).amount
    wanted = extended(quantity, price, percent, places) - discount
    if discount and percent:
        raise Rejected(
            f"{place} has both disc and discount.",
            reason="two_discounts",
            place=Place(field=f"{place}.disc"),
            next_step="Map one of them.",
        )
    if discount and quantity * price:
        percent = (discount * 100 / (quantity * price)).quantize(_PERCENT, ROUND_HALF_UP)
    extprice = extended(quantity, price, percent, places)
    made = OrderLine(item, values.text(line, "descrip"), quantity, price, percent, extprice)
    return made, extprice - wanted


def extended(quantity: Decimal, price: Decimal, percent: Decimal, places: int) -> Decimal:
    """Sage Pro's extension of a line."""
    exact = quantity * price * (1 - percent / 100)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _pseudo_lines(
    settings: SageProSettings, freight: Decimal, tax: Decimal, discount: Decimal
) -> list[OrderLine]:
    wanted = [
        (settings.freight_item, "Freight", freight),
        (settings.discount_item, "Discount", discount),
    ]
    if settings.tax_style == "lines":
        wanted.append((settings.tax_item, "Sales tax", tax))
    return [
        OrderLine(item.upper(), title, Decimal(1), amount, Decimal(0), amount, pseudo=True)
        for item, title, amount in wanted
        if amount
    ]


def _check_sum(amounts: Amounts) -> None:
    found = sum((line.extprice for line in amounts.lines), amounts.header_tax)
    if found != amounts.total.amount:
        raise Rejected(
            f"Lines, freight, tax, discount and rounding come to {found},"
            f" but the total is {amounts.total}.",
            reason="amount_equation",
            place=Place(field="total"),
            next_step="Correct the mapping, or the order in the shop.",
        )


def _number(line: Fields, name: str, place: str) -> Decimal:
    """A quantity or a per cent; zero when it is not given."""
    place = f"{place}.{name}"
    return _limited(values.decimal(line, name, Decimal(0), place=place), _QUANTITY_DECIMALS, place)


def _limited(value: Decimal, decimals: int, place: str) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if rounded != value:
        raise Rejected(
            f"{place} is {value}; Sage Pro keeps {decimals} decimals.",
            reason="too_many_decimals",
            place=Place(field=place),
            next_step="Round it in the mapping, by a named rule.",
        )
    return value
