"""An order's equation holds before any money moves; what is wrong is named."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount, total_of
from tillbridge.canonical.orders import Order, OrderLine, check_order
from tillbridge.canonical.parties import Address, Customer


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def line(number: int = 1, quantity: str = "2", price: str = "12.50") -> OrderLine:
    each = UnitAmount.of(price, "USD")
    amount = each.times(Decimal(quantity))
    return OrderLine(
        number, "TEA", "Tea", Decimal(quantity), each, usd("0"), usd("0"), amount
    )  # fmt: skip


def order(*lines: OrderLine, **changes: Money) -> Order:
    parts = {"tax": usd("2.00"), "freight": usd("5.00"), "discount": usd("1.00")} | changes
    rounding = changes.get("rounding", usd("0.01"))
    bought = lines or (line(),)
    goods = total_of((each.amount for each in bought), "USD")
    total = goods + parts["tax"] + parts["freight"] - parts["discount"] + rounding
    return Order(
        number="1042",
        currency="USD",
        lines=bought,
        total=changes.get("total", total),
        tax=parts["tax"],
        freight=parts["freight"],
        discount=parts["discount"],
        rounding=rounding,
        placed_at=datetime(2026, 1, 2, tzinfo=UTC),
        customer=Customer(),
        billing=Address(),
        shipping=Address(),
    )


def refused(wrong: Order) -> tuple[str, str]:
    """Where and why."""
    with pytest.raises(Rejected) as caught:
        check_order(wrong)
    assert caught.value.place is not None
    assert caught.value.next_step
    return str(caught.value.place), caught.value.reason


def test_an_order_whose_equation_holds_passes() -> None:
    check_order(order())
    check_order(order(line(1), line(2, "0.333", "0.00125")))


@given(
    st.lists(st.tuples(st.integers(1, 99), st.decimals(0, 999, places=4)), min_size=1, max_size=6),
    st.integers(-5, 5).filter(bool),
)
def test_a_total_that_is_off_by_cents_is_refused(
    bought: list[tuple[int, Decimal]], cents: int
) -> None:
    lines = [
        line(at, str(quantity), f"{price:f}") for at, (quantity, price) in enumerate(bought, 1)
    ]
    good = order(*lines)
    check_order(good)
    off = replace(good, total=good.total + Money.from_minor(cents, "USD"))
    assert refused(off) == ("order.total", "amount_equation")


@pytest.mark.parametrize("number", ["", "x" * 51])
def test_the_number_has_1_to_50_characters(number: str) -> None:
    assert refused(replace(order(), number=number)) == ("order.number", "bad_number")


def test_an_order_has_lines_and_a_total_above_zero() -> None:
    assert refused(replace(order(), lines=())) == ("order.lines", "no_lines")
    assert refused(order(total=usd("0"))) == ("order.total", "bad_total")
    assert refused(order(total=usd("-1"))) == ("order.total", "bad_total")


@pytest.mark.parametrize("name", ["tax", "freight", "discount", "rounding", "total"])
def test_an_amount_in_another_currency_is_named(name: str) -> None:
    wrong = replace(order(), **{name: Money.of("1.00", "EUR")})  # type: ignore[arg-type]  # money each
    assert refused(wrong) == (f"order.{name}", "currencies_differ")


def test_a_line_in_another_currency_is_named() -> None:
    euros = replace(line(2), tax=Money.of("1.00", "EUR"))
    wrong = replace(order(), lines=(line(), euros))
    assert refused(wrong) == ("order.lines[1].tax", "currencies_differ")


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "-Infinity"])
def test_a_quantity_is_a_number_above_zero(quantity: str) -> None:
    wrong = replace(line(), quantity=Decimal(quantity))
    assert refused(replace(order(), lines=(wrong,))) == ("order.lines[0].quantity", "bad_quantity")


@pytest.mark.parametrize("name", ["discount", "tax"])
def test_a_lines_discount_and_tax_are_not_below_zero(name: str) -> None:
    wrong = replace(line(), **{name: usd("-0.01")})  # type: ignore[arg-type]  # money each
    assert refused(replace(order(), lines=(wrong,))) == ("order.lines[0]", "bad_line")


def test_a_lines_amount_is_quantity_times_price_minus_discount() -> None:
    discounted = replace(line(), discount=usd("5.00"), amount=usd("20.00"))
    check_order(order(discounted))
    wrong = replace(discounted, amount=usd("20.01"))
    assert refused(order(wrong)) == ("order.lines[0].amount", "line_equation")


def test_a_line_that_is_no_money_is_refused() -> None:
    huge = replace(line(), quantity=Decimal("1E+30"))
    with pytest.raises(Rejected):
        check_order(replace(order(), lines=(huge,)))
