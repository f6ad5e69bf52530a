"""Documents as mappings make them."""

from decimal import Decimal

from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields, Value


def line_of(product: str, quantity: str, price: str, tax: str, currency: str = "USD") -> Fields:
    return {
        "productnumber": product,
        "quantity": Decimal(quantity),
        "priceperunit": UnitAmount.of(price, currency),
        "tax": Money.of(tax, currency),
    }


def sales_order(number: str = "1042", **changed: Value) -> dict[str, Value]:
    """2 x 9.99 + 1 x 39.00, tax 4.13, freight 5.00, discount 3.00 = 65.11 dollars."""
    order: dict[str, Value] = {
        "ordernumber": number,
        "name": f"Web order {number}",
        "transactioncurrencyid": "USD",
        "totalamount": Money.of("65.11", "USD"),
        "totaltax": Money.of("4.13", "USD"),
        "freightamount": Money.of("5.00", "USD"),
        "discountamount": Money.of("3.00", "USD"),
        "customer": {"id": "C-77", "name": "Ada Byron", "emailaddress1": "ada@example.org"},
        "shipto_city": "London",
        "payment_id": "7049811234567890123456",
        "external_order": f"shop-{number}",
        "lines": [
            line_of("MUG-BLUE", "2", "9.99", "1.40"),
            line_of("TRAY-OAK", "1", "39.00", "2.73"),
        ],
    }
    return order | changed


def small_order(number: str, currency: str, price: str) -> dict[str, Value]:
    """One kettle, no tax, no freight."""
    return {
        "ordernumber": number,
        "transactioncurrencyid": currency,
        "totalamount": Money.of(price, currency),
        "customer": {"id": "C-77", "name": "Ada Byron"},
        "lines": [line_of("KETTLE-1L", "1", price, "0", currency)],
    }


def payment(request_id: str = "7049811234567890123456", **changed: Value) -> dict[str, Value]:
    fields: dict[str, Value] = {
        "requestid": request_id,
        "type": "authorization",
        "status": "approved",
        "amount": Money.of("65.11", "USD"),
        "merchantreference": "1042",
    }
    return fields | changed
