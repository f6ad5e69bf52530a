"""What an order comes to in Sage Pro is what was paid, whatever the discounts and roundings."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sagepro.documents import line_of, sales_order, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import Secret
from tillbridge_sagepro.amounts import compute, extended
from tillbridge_sagepro.settings import SageProSettings

SETTINGS = SageProSettings("h", "u", Secret("p"), "PRO05", "05", "WEB")
HEADER = SageProSettings("h", "u", Secret("p"), "PRO05", "05", "WEB", tax_style="header")
cents = st.integers(0, 100_000).map(lambda units: Money.from_minor(units, "USD"))


@st.composite
def documents(draw: st.DrawFn) -> Fields:
    """Documents whose amounts add up, as the shop's own equation has it."""
    lines: list[Fields] = []
    total = Money.zero("USD")
    for _ in range(draw(st.integers(1, 5))):
        quantity = Decimal(draw(st.integers(1, 9_999))).scaleb(-draw(st.integers(0, 3)))
        price = UnitAmount(Decimal(draw(st.integers(1, 9_999_999))).scaleb(-4), "USD")
        gross = price.times(quantity)
        discount = Money.from_minor(draw(st.integers(0, max(gross.minor, 0))), "USD")
        total += gross - discount
        lines.append({"item": "MUG", "qtyord": quantity, "price": price, "discount": discount})
    tax, freight, discount = draw(cents), draw(cents), draw(cents)
    rounding = Money.from_minor(draw(st.integers(-5, 5)), "USD")
    return {
        "lines": lines, "tax": tax, "freight": freight, "discount": discount,
        "rounding": rounding, "total": total + tax + freight - discount + rounding,
    }  # fmt: skip


@given(documents(), st.sampled_from([SETTINGS, HEADER]))
@settings(max_examples=150)
def test_lines_and_tax_come_to_the_total_to_the_cent(fields: Fields, site: SageProSettings) -> None:
    amounts = compute(fields, site)
    found = sum((line.extprice for line in amounts.lines), amounts.header_tax)
    assert Money(found, "USD") == fields["total"]
    for line in amounts.lines:
        assert line.extprice == extended(line.quantity, line.price, line.disc, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (line_of("MUG", "0", "1.00"), "qtyord is 0; it must be above zero"),
        (line_of("MUG", "1.0001", "1.00"), "qtyord is 1.0001; Sage Pro keeps 3 decimals"),
        (line_of("MUG", "1", "0.00125"), "price is 0.00125; Sage Pro keeps 4 decimals"),
        (line_of(" ", "1", "1.00"), r"lines\[0\].item is not given"),
        (line_of("MUG", "1", "1.00", "EUR"), "the document is in USD"),
        (line_of("MUG", "1", "1.00", disc=Decimal(5), discount=usd("1.00")), "both disc and"),
    ],
)
@pytest.mark.complaint("I23")
def test_what_sage_pro_cannot_keep_is_refused_at_its_place(line: Fields, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        compute(sales_order(lines=[line]), SETTINGS)
