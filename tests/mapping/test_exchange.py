"""Rules that convert: into which currency, by which rates, of which day, rounded how."""

from decimal import Decimal

import pytest
from tests.mapping.test_rate_table import FILE, TABLE
from tests.mapping.values import context, order_with, usd

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import DocumentShape, Field, Value
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.exchange import RATES
from tillbridge.mapping.note import Note
from tillbridge.mapping.read import read_mapping

SHAPE = DocumentShape(
    "invoice",
    "Invoice",
    (
        Field("total", "money"),
        Field("price", "unit_amount"),
        Field("rate", "decimal", digits_max=6),
        Field("needed", "money", required=True),
        Field("name", "text"),
    ),
)
ON = "on: \"date_from('2026-11-22')\""
NEEDED = "  needed: order.total\n"


def filler(fields: str) -> Filler:
    text = f"mapping: m\ntarget: erp/invoice\nfields:\n{NEEDED}  {fields}\n"
    mapping = read_mapping(text, "mappings/m.yaml")
    return prepare_mapping(mapping, SHAPE, {}, rates={"bank": TABLE, "live": None})


def filled(fields: str, names: dict[str, object] | None = None) -> dict[str, Value]:
    found = filler(fields).fill(names or context())
    del found["needed"]
    return found


def refused(fields: str) -> str:
    with pytest.raises(Misconfigured) as error:
        filler(fields)
    return str(error.value)


def convert(rest: str, start: str = "order.total", to: str = "'EUR'") -> str:
    return f'{{ convert: "{start}", to: "{to}", {ON}, rates: bank, {rest} }}'


@pytest.mark.parametrize(
    ("rule", "field", "expected"),
    [
        (convert("rounding: half_up"), "total", Money.of("29.49", "EUR")),
        (convert("rounding: down"), "total", Money.of("29.48", "EUR")),
        (convert("rounding: half_up", to="'JPY'"), "total", Money.of("4836", "JPY")),
        (convert("rounding: half_up", to="order.currency"), "total", usd("32.01")),
        (
            convert("rounding: half_up, digits: 5", start="order.lines[0].unit_price"),
            "price",
            UnitAmount.of("11.52004", "EUR"),
        ),
        (
            convert("rounding: half_up", start="order.lines[0].unit_price * 2.5"),
            "total",
            Money.of("28.80", "EUR"),
        ),
        (
            f"{{ rate: order.currency, to: \"'EUR'\", {ON}, rates: bank, digits: 6,"
            " rounding: half_up }",
            "rate",
            Decimal("0.921234"),
        ),
    ],
)
def test_an_amount_is_converted_and_rounded_once(rule: str, field: str, expected: object) -> None:
    assert filled(f"{field}: {rule}") == {field: expected}


def test_the_day_is_that_of_the_event_unless_the_rule_says_it() -> None:
    rule = "total: { convert: order.total, to: \"'EUR'\", rates: bank, rounding: half_up }"
    with pytest.raises(Rejected, match="on 2026-01-31 or in the 7 days"):
        filled(rule)


def test_the_age_of_a_rate_is_bounded() -> None:
    with pytest.raises(Rejected, match="older than 1 days") as error:
        filled(f"total: {convert('rounding: half_up, age_max: 1d')}")
    assert error.value.place is not None
    assert (error.value.place.line, error.value.place.field) == (5, "total")


def test_conditions_and_defaults_stand_in() -> None:
    rule = convert("rounding: half_up, when: order.currency == 'EUR', default: order.freight")
    assert filled(f"total: {rule}") == {"total": usd("5.00")}
    without = convert("rounding: half_up, default: order.freight", start="payment.authorized")
    assert filled(f"total: {without}", context(payment=None)) == {"total": usd("5.00")}
    assert filled(f"total: {without}") == {"total": Money.of("29.49", "EUR")}


def notes(rule: str) -> tuple[Note, ...]:
    return filler(f"total: {rule}").fill_noting(context())[1]


def test_the_rate_its_source_and_its_day_are_noted() -> None:
    (note,) = notes(convert("rounding: half_up", to="'JPY'"))
    assert (note.kind, note.field, note.place.line) == ("rate", "total", 5)
    assert note.values == {
        "rate": "151.064025794565",
        "base": "USD",
        "currency": "JPY",
        "rated_on": "2026-11-20",
        "source": f"{FILE} line 3 and {FILE} line 5",
        "rates": "bank",
        "rounding": "half_up",
    }
    assert note.told.startswith("32.01 USD is 4,836 JPY: 1 USD = 151.064025")
    assert "1 EUR = 163.98 JPY" in note.told


def test_nothing_is_noted_where_nothing_is_exchanged() -> None:
    assert notes(convert("rounding: half_up", to="'USD'")) == ()


def test_the_rates_of_a_connection_are_given_with_the_run() -> None:
    rule = f"total: {convert('rounding: half_up').replace('bank', 'live')}"
    made = filler(rule)
    assert made.live == {"live"}
    found = made.fill({**context(), RATES: {"live": TABLE}})
    assert found["total"] == Money.of("29.49", "EUR")
    with pytest.raises(Rejected, match="No rates of live were given"):
        made.fill(context())


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (f"total: {convert('rounding: up')}", "half_up"),
        (f"total: {convert('digits: 2')}", "rounding"),
        (f"total: {convert('rounding: down').replace('bank', 'bnak')}", "Did you mean 'bank'?"),
        (f"total: {convert('rounding: down', start='order.total.amount')}", "takes an amount"),
        (f"total: {convert('rounding: down', start='order.number')}", "takes an amount, not text"),
        (f"total: {convert('rounding: down', to='order.total')}", "currency has to be text"),
        (f"total: {convert('rounding: down', to='EURO'.join(chr(39) * 2))}", "no currency 'EURO'"),
        (f"total: {convert('rounding: down, digits: 4')}", "Round it by a named rule"),
        (f"total: {convert('rounding: down, digits: 40')}", "0 to 30"),
        (f"total: {convert('rounding: down, age_max: 1w')}", "greatest age of a rate"),
        (f"total: {convert('rounding: down, age_max: 999d')}", "at most 400d"),
        (f"name: {convert('rounding: down')}", "takes text, not money"),
        (f"total: {convert('rounding: down').replace(ON, 'on: order.number')}", "has to be date"),
        (f"total: {convert('rounding: down, rnding: x')}", "rnding"),
        (
            "rate: { rate: order.currency, to: order.currency, rates: bank, rounding: down }",
            "digits",
        ),
        (
            "rate: { rate: order.total, to: order.number, rates: bank, rounding: down, digits: 2 }",
            "has to be text",
        ),
    ],
)
def test_what_is_wrong_is_found_when_the_file_is_read(rule: str, message: str) -> None:
    assert message in refused(rule)


def test_no_currency_is_an_error_of_the_data() -> None:
    rule = f"total: {convert('rounding: down', to='order.custom.currency')}"
    with pytest.raises(Rejected, match="not an ISO 4217"):
        filled(rule, order_with(custom={"currency": "XXX"}))
