import pytest

from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.examples import ExampleResult, run_examples
from tillbridge.mapping.read import read_mapping

FILE = "mappings/m.yaml"
SHAPE = DocumentShape(
    "order",
    "Order",
    (
        Field("number", "text", required=True),
        Field("total", "money"),
        Field("count", "integer"),
        Field("custom", "group", custom=True),
        Field("box", "group", of=(Field("size", "decimal"),)),
        Field("lines", "list", of=(Field("product", "text"),)),
    ),
)
HEAD = """
mapping: m
target: erp/order
fields:
  number: order.number
  total: order.total
  custom: order.custom
  lines: {each: order.lines, as: line, fields: {product: line.product}}
  count: {from: 'size(order.lines)', when: "event.kind == 'payment.authorized'"}
  box: {fields: {size: decimal(made.size)}, when: has(made.size)}
examples:
  - name: one line in dollars
"""
ORDER = """\
    given:
      event: {kind: payment.authorized}
      made: {size: "1.5"}
      order: &order
        number: 1042
        currency: USD
        placed_at: 2026-01-02T12:30:00Z
        total: 12.50 USD
        tax: {amount: 0, currency: USD}
        freight: 0 USD
        discount: 0 USD
        rounding: 0 USD
        customer: {id: 7}
        billing: {city: Hull}
        shipping: {}
        custom: {gift: yes}
        lines:
          - number: 1
            product: MUG
            description: A mug
            quantity: 1
            unit_price: 12.50 USD
            discount: 0 USD
            tax: 0 USD
            amount: 12.50 USD
"""
EXPECT = """\
    expect:
      number: 1042
      total: 12.50 USD
      custom: {gift: yes}
      count: 1
      box: {size: 1.5}
      lines: [{product: MUG}]
"""


def results(text: str) -> list[ExampleResult]:
    return run_examples(read_mapping(HEAD + text, FILE), SHAPE, {})


def differences(text: str) -> tuple[str, ...]:
    [result] = results(text)
    return result.differences


def test_an_example_that_is_right_passes() -> None:
    [result] = results(ORDER + EXPECT)
    assert result == ExampleResult("m", "one line in dollars", result.place)
    assert result.passed
    assert str(result.place) == f"{FILE}:12 examples[0]"


def test_an_amount_may_be_written_in_two_parts() -> None:
    expect = EXPECT.replace("12.50 USD", "{amount: 12.50, currency: USD}")
    assert differences(ORDER + expect) == ()


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        (
            "number: 1042\n      total",
            "number: 1043\n      total",
            "number: expected '1043', and it is '1042'.",
        ),
        (
            "total: 12.50 USD\n      custom",
            "total: 12.51 USD\n      custom",
            "total: expected 12.51 USD, and it is 12.50 USD.",
        ),
        ("      count: 1\n", "", "count: not expected, and it is 1."),
        (
            "{product: MUG}]",
            "{product: CUP}]",
            "lines[0].product: expected 'CUP', and it is 'MUG'.",
        ),
        ("[{product: MUG}]", "[]", "lines: expected 0 items, and there are 1."),
        ("[{product: MUG}]", "[{}]", "lines[0].product: not expected, and it is 'MUG'."),
        (
            "{gift: yes}\n      count",
            "{gift: no}\n      count",
            "custom.gift: expected 'no', and it is 'yes'.",
        ),
        ('size: "1.5"', "site: x", "box: expected {'size': Decimal('1.5')}, and it is left out."),
        (
            "kind: payment.authorized",
            "kind: order.cancelled",
            "count: expected 1, and it is left out.",
        ),
    ],
)
def test_a_difference_names_the_field_and_both_values(old: str, new: str, difference: str) -> None:
    text = (ORDER + EXPECT).replace(old, new)
    assert text != ORDER + EXPECT
    assert differences(text) == (difference,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "placed_at: 2026",
            "placed: 2026",
            ":19 examples[0].given.order.placed: There is no field",
        ),
        (
            "number: 1\n",
            "number: x\n",
            "given.order.lines[0].number: Here stands 'x'; it has to be integer.",
        ),
        (
            "total: 12.50 USD\n        tax",
            "total: 12.505 USD\n        tax",
            "12.505 has more decimals than USD allows",
        ),
        ("        currency: USD\n", "", "missing required field `currency`"),
        ("customer: {id: 7}", "customer: x", "Here stands the text 'x'; it has to be fields"),
        (
            "number: 1042\n        c",
            "number: [1]\n        c",
            "Here stands a list or fields; it has to be text.",
        ),
        ("kind: payment.authorized", "kind: payment.x", "Invalid enum value 'payment.x'"),
        ("      count: 1\n", "      count: x\n", "'x' is not a plain decimal number."),
        (
            "      count: 1\n",
            "      coumt: 1\n",
            "There is no field 'coumt'. Did you mean 'count'?",
        ),
        ("      count: 1\n", "      count: [1]\n", "count takes one value."),
        (
            "number: 1042\n      total",
            "number: ''\n      total",
            "number is required and has no value",
        ),
    ],
)
def test_an_example_that_cannot_be_read_fails_with_its_place(
    old: str, new: str, message: str
) -> None:
    text = (ORDER + EXPECT).replace(old, new)
    assert text != ORDER + EXPECT
    [difference] = differences(text)
    assert message in difference
    assert FILE in difference


def test_an_example_may_expect_to_be_refused() -> None:
    given = ORDER.replace("number: 1042", "number: ''")
    assert differences(given + "    refused: number is required\n") == ()
    [other] = differences(given + "    refused: something else\n")
    assert other.startswith(f"It is refused, but with: {FILE}:5 number: number is required")
    assert differences(ORDER + "    refused: anything\n") == (
        "It is not refused; expected was: anything",
    )


def test_an_example_that_is_refused_unexpectedly_fails() -> None:
    [difference] = differences("    given: {made: {}}\n    expect: {number: 1}\n")
    assert "order is empty (null), so it has no number." in difference


def test_the_other_parts_of_an_event_can_be_given() -> None:
    made = read_mapping(
        """
mapping: m
target: erp/order
fields:
  number: "text(fulfilment.complete) + text(fulfilment.shipped_at) + text(has(fulfilment.amount))"
  lines: {each: made.parts, as: part, fields: {product: part.name}}
examples:
  - name: shipped
    given:
      fulfilment:
        order_number: 1042
        id: S1
        lines: [{number: 1, quantity: 2}]
        amount: null
        complete: true
        shipped_at: 2026-01-02T00:00:00Z
      made: {parts: [{name: a}]}
    expect: {number: "true2026-01-02T00:00:00Zfalse", lines: [{product: a}]}
  - name: a truth is true or false
    given:
      fulfilment: {complete: yes}
    refused: x
""",
        FILE,
    )
    first, second = run_examples(made, SHAPE, {})
    assert first.passed, first.differences
    assert "Here stands 'yes'; it has to be boolean." in second.differences[0]


def test_what_an_awaited_event_said_has_its_types() -> None:
    order = "{total: 14.00 USD, tax: 1.50 USD, lines: [{quantity: 2}]}"
    head = HEAD.replace("order.total", "paid.data.order.total - paid.data.order.tax").replace(
        "decimal(made.size)", "first(paid.data.order.lines).quantity - 0.5"
    )
    given = ORDER.replace("      order:", f"      paid: {{data: {{order: {order}}}}}\n      order:")
    [result] = run_examples(read_mapping(head + given + EXPECT, FILE), SHAPE, {})
    assert result.differences == ()
