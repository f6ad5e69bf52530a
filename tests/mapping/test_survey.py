import pytest

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.survey import survey

SHAPE = DocumentShape(
    "d",
    "D",
    (
        Field("short", "text", length_max=5),
        Field("code", "choice", options=("authorized", "captured")),
        Field("plain", "decimal", digits_max=2),
        Field("loose", "decimal", inexact=True),
        Field("pieces", "decimal", unit="quantity"),
        Field("currency", "text", unit="currency"),
        Field("cents", "integer"),
        Field("due", "money"),
        Field("paid", "money"),
        Field("price", "unit_amount"),
        Field("needed", "money", required=True),
    ),
)


def flaws(fields: str, *, needed: str = "needed: order.total") -> list[str]:
    text = f"mapping: m\ntarget: a/b\nfields:\n  {fields}\n  {needed}\n"
    found = survey(prepare_mapping(read_mapping(text, "m.yaml"), SHAPE, {}).origin)
    return [f"{flaw.severity}: {flaw.message}" for flaw in found]


@pytest.mark.parametrize(
    "fields",
    [
        "short: {from: order.billing.city, truncate: true}",
        "short: {from: order.billing.city, truncate: false}",
        "short: {from: order.billing.city, when: size(order.billing.city) <= 5}",
        "short: {from: order.billing.city, when: size(order.billing.city) < 6}",
        'short: "size(order.billing.city) > 5 ? left(order.billing.city, 5) : order.billing.city"',
        "short: {from: order.billing.city, when: '!(size(order.billing.city) > 5)'}",
        "short: order.customer.id",
        "short: order.billing.country + '-' + order.shipping.country",
        "code: \"payment.state == 'captured' ? 'captured' : 'authorized'\"",
        "plain: round(order.lines[0].quantity, 2, 'half_up')",
        "pieces: order.lines[0].quantity * 2",
        "due: order.total - order.tax",
        "due: {from: fulfilment.amount, default: order.total}",
        "due: {from: \"money('5', 'USD')\", when: order.currency == 'USD'}",
        "due: {constant: 5.00 USD, when: order.currency == 'USD'}",
        "price: unit_amount(divide(order.total.amount, 3, 4, 'half_up'), order.currency)",
        "due: allocate(order.total, [1, 2], 'last')[0]",
        "due: sum([order.total, order.tax, sum(order.lines.tax, order.freight)])",
        "plain: sum(order.lines.quantity)",
        "short: \"date_from(date_format(date(order.placed_at, 'UTC'), '%d%m%y'), '%d%m%y') =="
        " date_from('2026-02-28') ? 'a' : 'b'\"",
        "due: \"order.currency == 'USD' && order.total > money('100', 'USD')"
        ' ? order.total : order.tax"',
    ],
)
def test_what_is_meant_is_not_named(fields: str) -> None:
    assert flaws(fields) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            "short: \"'abcdefg'\"",
            "error: short takes 5 characters; the text 'abcdefg' has at least 7.",
        ),
        (
            "short: order.number",
            "warning: short takes 5 characters; order.number may have 50.",
        ),
        (
            "short: {from: order.custom.a, default: \"'too long'\"}",
            "error: short takes 5 characters; the text 'too long' has at least 8.",
        ),
        (
            "short: pad_left(order.billing.country, 8, '0')",
            "error: short takes 5 characters; the text has at least 8.",
        ),
        (
            "code: payment.state",
            "warning: code does not take started, unknown, challenge, declined, abandoned,"
            " in_review, partial, reversing, reversed, which payment.state may be.",
        ),
        (
            "plain: order.total.amount",
            "warning: plain is a plain number: the amount in it has no currency.",
        ),
        (
            "loose: order.total.amount * 1",
            "error: loose is a column of binary floating point: an amount in it would not be"
            " exact.",
        ),
        (
            "plain: round(order.lines[0].quantity, 3, 'half_up')",
            "warning: plain takes 2 digits after the point; this may have 3.",
        ),
        (
            "pieces: order.lines[0].quantity + order.total.amount",
            "error: order.lines[].quantity is a quantity and order.total.amount is an amount meet"
            " at +.",
        ),
        (
            "due: money(order.lines[0].quantity, order.currency)",
            "error: money takes an amount; order.lines[].quantity is a quantity.",
        ),
        (
            "due: money_from_minor(integer(order.total.amount), order.currency)",
            "error: money_from_minor takes cents; this is an amount.",
        ),
        (
            "due: allocate(money('10', 'USD'), [1, 1], 'last')[0]\n  paid: order.total",
            "error: due is in USD; the document's other money is in the order's currency.",
        ),
        (
            "due: {constant: 1.00 EUR}",
            "error: due is in EUR; the document's other money is in the order's currency.",
        ),
        (
            "currency: \"'EUR'\"\n  paid: order.total",
            "error: currency is in EUR; the document's other money is in the order's currency.",
        ),
        (
            "due: sum([order.total, money('1', 'EUR')])",
            "error: The list holds EUR and the order's currency.",
        ),
        (
            "due: sum(order.lines.tax, money('0', 'EUR'))",
            "error: sum meets the order's currency and EUR.",
        ),
        (
            "due: max(order.lines.amount) + money('1', 'USD')",
            "error: + meets the order's currency and USD.",
        ),
        (
            "due: money(sum(order.lines.quantity), order.currency)",
            "error: money takes an amount; this is a quantity.",
        ),
        (
            "short: \"date_from(date_format(date(order.placed_at, 'UTC'), '%m%d%y'), '%d%m%y') =="
            " date_from('2026-02-28') ? 'a' : 'b'\"",
            "error: date_from reads %d%m%y; this text is written as %m%d%y.",
        ),
        (
            "short: \"date_from('2026-02-29') == date_from('2026-02-28') ? 'a' : 'b'\"",
            "error: '2026-02-29' is not a date.",
        ),
        (
            "due: money('1.005', 'USD') * 3",
            "error: 1.005 has more decimals than USD allows (2).",
        ),
        (
            "due: {from: order.total, when: boolean('yes')}",
            "error: 'yes' is neither true nor false.",
        ),
        (
            "due: {from: order.total, when: \"order.total > money('100', 'USD')\"}",
            "error: > meets the order's currency and USD.",
        ),
        (
            "due: round_money(order.total * 0.5, 'half_up')",
            "warning: due is a rounded share of order.total; what is left over goes nowhere.",
        ),
    ],
)
def test_what_cannot_be_meant_is_named(fields: str, told: str) -> None:
    assert told in flaws(fields)


def test_a_share_whose_rest_is_mapped_has_lost_nothing() -> None:
    share = "round_money(order.total * 0.5, 'half_up')"
    assert flaws(f"due: {share}\n  paid: order.total - {share}") == []


def test_a_required_field_that_may_be_empty_is_a_warning() -> None:
    assert flaws("code: \"'captured'\"", needed="needed: fulfilment.amount") == [
        "warning: needed is required, and fulfilment.amount may be empty (null)."
    ]
    ready = "needed: default(fulfilment.amount, order.total)"
    assert flaws("code: \"'captured'\"", needed=ready) == []


def test_flaws_stand_in_the_order_of_the_file() -> None:
    found = flaws("cents: minor_units(order.total)\n  short: order.number")
    assert [told.partition(" ")[2].partition(" ")[0] for told in found] == ["cents", "short"]
