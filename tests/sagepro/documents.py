"""Documents as mappings make them."""

from datetime import date
from decimal import Decimal

from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields, Value

PAYMENT_ID = "7049811234567890123456"


def line_of(item: str, quantity: str, price: str, currency: str = "USD", **more: Value) -> Fields:
    return {
        "item": item,
        "qtyord": Decimal(quantity),
        "price": UnitAmount.of(price, currency),
        **more,
    }


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def sales_order(number: str = "1042", **changed: Value) -> dict[str, Value]:
    """2 x 12.50 + 1 x 49.00, tax 5.92, freight 5.00, discount 3.00 = 81.92 dollars, a guest."""
    order: dict[str, Value] = {
        "ponum": number,
        "websono": number,
        "custno": {"id": "", "company": "Ada Byron"},
        "shipto": {"company": "Ada Byron", "address1": "12 St James's Sq", "city": "London"},
        "ordate": date(2026, 3, 4),
        "lines": [line_of("tea-earl-100", "2", "12.50"), line_of("KETTLE-1L", "1", "49.00")],
        "tax": usd("5.92"),
        "freight": usd("5.00"),
        "discount": usd("3.00"),
        "rounding": usd("0.00"),
        "total": usd("81.92"),
        "payment_id": PAYMENT_ID,
    }
    return order | changed


def customer(shop_number: str, name: str = "Ada Byron") -> Fields:
    return {"id": shop_number, "company": name, "email": "ada@example.org", "city": "London"}


def payment(sono: str, operation: str = "capture", **changed: Value) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "sono": sono,
        "operation": operation,
        "transaction_id": PAYMENT_ID,
        "amount": usd("81.92"),
    }
    return fields | changed
