"""Orders with lines, and the equation that must hold before any money moves."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount, total_of
from tillbridge.canonical.parties import Address, Customer


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order.

    Attributes:
        number: 1, 2, 3 ... within the order.
        product: the shop's own product code (SKU).
        quantity: pieces; more than zero, fractions allowed.
        unit_price: before discount and tax.
        discount: taken off this line, zero or more.
        tax: on this line, zero or more; informative, already contained in the order's `tax`.
        amount: quantity x unit price - discount, rounded once (half up) to the currency.
    """

    number: int
    product: str
    description: str
    quantity: Decimal
    unit_price: UnitAmount
    discount: Money
    tax: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Order:
    """What a shopper bought. All money is in `currency`.

    `lines + tax + freight - discount + rounding = total`, where `tax` is the whole order's tax
    and `rounding` (any sign) is what a shop's own rounding left over.
    """

    number: str
    currency: str
    lines: tuple[OrderLine, ...]
    total: Money
    tax: Money
    freight: Money
    discount: Money
    rounding: Money
    placed_at: datetime
    customer: Customer
    billing: Address
    shipping: Address
    custom: dict[str, str] = field(default_factory=dict)


def check_order(order: Order) -> None:
    """Raises Rejected, naming the field, unless the order is complete and its equation holds."""
    if not order.number or len(order.number) > 50:
        raise _wrong(
            "order.number", f"{order.number!r} must have 1 to 50 characters.", "bad_number"
        )
    if not order.lines:
        raise _wrong("order.lines", "The order has no lines.", "no_lines")
    if order.total.amount <= 0:
        raise _wrong("order.total", f"The total {order.total} is not above zero.", "bad_total")
    _check_currency(order)
    for at, line in enumerate(order.lines):
        _check_line(f"order.lines[{at}]", line)
    _check_equation(order)


def _check_currency(order: Order) -> None:
    amounts: list[tuple[str, Money | UnitAmount]] = [
        ("total", order.total),
        ("tax", order.tax),
        ("freight", order.freight),
        ("discount", order.discount),
        ("rounding", order.rounding),
    ]
    for at, line in enumerate(order.lines):
        amounts += [
            (f"lines[{at}].unit_price", line.unit_price),
            (f"lines[{at}].discount", line.discount),
            (f"lines[{at}].tax", line.tax),
            (f"lines[{at}].amount", line.amount),
        ]
    for name, amount in amounts:
        if amount.currency != order.currency:
            raise _wrong(
                f"order.{name}",
                f"{amount} is not in the order's currency {order.currency}.",
                "currencies_differ",
            )


def _check_line(field_name: str, line: OrderLine) -> None:
    if not line.quantity.is_finite() or line.quantity <= 0:
        raise _wrong(
            f"{field_name}.quantity", f"{line.quantity} is not above zero.", "bad_quantity"
        )
    if line.discount.amount < 0 or line.tax.amount < 0:
        raise _wrong(field_name, "A discount or tax below zero is not a line.", "bad_line")
    expected = line.unit_price.times(line.quantity) - line.discount
    if line.amount != expected:
        raise _wrong(
            f"{field_name}.amount",
            f"{line.amount} is not quantity x unit price - discount = {expected}.",
            "line_equation",
        )


def _check_equation(order: Order) -> None:
    lines = total_of((line.amount for line in order.lines), order.currency)
    expected = lines + order.tax + order.freight - order.discount + order.rounding
    if expected != order.total:
        raise _wrong(
            "order.total",
            f"lines {lines.text} + tax {order.tax.text} + freight {order.freight.text}"
            f" - discount {order.discount.text} + rounding {order.rounding.text}"
            f" = {expected}, but the total says {order.total}.",
            "amount_equation",
        )


def _wrong(field_name: str, message: str, reason: str) -> Rejected:
    return Rejected(
        message,
        reason=reason,
        place=Place(field=field_name),
        next_step="Correct the order in the shop and send it again.",
    )
