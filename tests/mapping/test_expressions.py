from dataclasses import replace
from decimal import Decimal

import pytest
from tests.mapping.values import LINE, ORDER, WRITTEN, context, order_with, usd

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.money import UnitAmount
from tillbridge.mapping.expression import compile_expression, expression, parse_written
from tillbridge.mapping.program import Written
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ANY, TEXT, Scope, ValueType, dictionary_of, list_of

PLACE = Place("mappings/m.yaml", 7, "fields.name")
STEP = ValueType(
    "record",
    fields={"number": TEXT, "note": ValueType("text", optional=True)},
    keyed=True,
)
SCOPE: Scope = {
    **event_scope(),
    "made": STEP,
    "answer": dictionary_of(TEXT),
    "loose": ANY,
    "words": list_of(TEXT),
}


def value(text: str, **names: object) -> object:
    return expression(text, SCOPE, place=PLACE).evaluate({**context(), **names})


def wrong(text: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        expression(text, SCOPE, place=PLACE)
    assert caught.value.place == PLACE
    return str(caught.value)


def refused(text: str, **names: object) -> str:
    with pytest.raises(Rejected) as caught:
        value(text, **names)
    assert caught.value.place == PLACE
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.number", "1042"),
        ("'Web order ' + order.number", "Web order 1042"),
        ("order.billing.name", "Ada King"),
        ("order.lines[0].quantity * 3", Decimal("6")),
        ("order.total", usd("32.01")),
        ("order.total.amount", Decimal("32.01")),
        ("order.total - order.tax", usd("30.01")),
        ("-order.total", usd("-32.01")),
        ("order.total * 2", usd("64.02")),
        ("2 * order.total", usd("64.02")),
        ("order.total * 0.5", UnitAmount.of("16.005", "USD")),
        ("0.5 * order.total", UnitAmount.of("16.005", "USD")),
        ("order.lines[0].unit_price * order.lines[0].quantity", UnitAmount.of("25.010", "USD")),
        ("order.total > order.tax && order.tax <= order.total", True),
        ("order.total < order.tax || order.tax >= order.total", False),
        ("order.total == money('32.01', 'USD')", True),
        ("order.total != money('32.01', 'USD')", False),
        ("money('32.01', 'USD') in [order.total]", True),
        ("[order.total] == [money('1', 'USD')]", False),
        ("order.placed_at < payment.authorized_at", None),
        ("event.kind == 'payment.authorized'", True),
        ("event.kind in ['payment.authorized', 'payment.in_review']", True),
        ("order.custom.note", "ring twice"),
        ("order.custom.gift", ""),
        ("order.custom['note']", "ring twice"),
        ("order.custom['gift']", ""),
        ("'note' in order.custom", True),
        ("'gift' in order.custom", False),
        ("order.customer.email == '' ? 'none' : order.customer.email", "none"),
        ("payment.authorized_at == null", True),
        ("fulfilment == null ? 'not shipped' : fulfilment.id", "not shipped"),
        ("[1, 2.5]", [1, Decimal("2.5")]),
        ("1 == 1.0", True),
        ("-(-2.50)", Decimal("2.50")),
        ("!(1 < 2)", False),
        ("1 in []", False),
        ("words[1]", "b"),
        ("made.number", "7"),
        ("made.note", None),
        ("answer.id", "G-1"),
        ("answer['id']", "G-1"),
        ("loose.a.b[0] + 1", 3),
        ("loose.a.b[0] in [2, 3]", True),
        ("loose.a.b[0] < 3 && loose.a.b[0] != 5", True),
        ("loose.a['b'][0]", 2),
        ("!loose.yes", False),
        ("loose.yes ? 1 : 2", 1),
        ("concat(loose.text, 'c')", "abc"),
        ("join(loose.texts, '-')", "x-y"),
        ("written.references.sales_order", "G-1"),
    ],
)
def test_an_expression_gives(text: str, expected: object) -> None:
    names = {
        "words": ["a", "b"],
        "made": {"number": "7"},
        "answer": {"id": "G-1"},
        "loose": {"a": {"b": [2]}, "yes": True, "text": "ab", "texts": ["x", "y"]},
        "written": WRITTEN,
    }
    if expected is None and "placed_at" in text:
        assert "The right side of < is empty" in refused(text, **names)
        return
    found = value(text, **names)
    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ordr.number", "There is no name 'ordr'. Did you mean 'order'?"),
        ("order.numbr", "There is no field 'numbr'. Did you mean 'number'?"),
        ("order.billing.citi", "There is no field 'citi'. Did you mean 'city'?"),
        ("order.__class__", "There is no field '__class__'."),
        ("order.check", "There is no field 'check'."),
        ("order.number.x", "order.number is text: it has no fields."),
        ("order.number[0]", "order.number is text: it has no items."),
        ("order.lines['a']", "An item of a list is read by integer, not text."),
        ("order.custom[0]", "An item of a dictionary is read by text, not integer."),
        ("uper(order.number)", "There is no function 'uper'. Did you mean 'upper'?"),
        ("order.number.startsWith('1')", "Did you mean 'starts_with'?"),
        ("upper()", "upper takes 1 arguments, not 0: upper(text)."),
        ("left('a')", "left takes 2 arguments, not 1: left(text, count)."),
        ("left('a', 1, 2)", "left takes 2 arguments, not 3"),
        ("concat()", "concat takes 1 arguments, not 0: concat(text, ...)."),
        ("upper(order.total)", "upper takes text: text, not money."),
        ("join([1], '')", "join takes parts: list of text, not list of integer."),
        ("order.number == 1042", "== does not take text and integer. Convert one: text(...)"),
        ("order.number + 1", "+ does not take text and integer. Convert one"),
        ("order.number + order.total", "Make text of it first: text(...) or amount_text(...)."),
        ("order.total > 5", "Make money of the number, money(number, currency)"),
        ("order.total + order.lines[0].unit_price", "Round the price per unit first"),
        ("order.total * order.total", "* does not take money and money."),
        ("true < false", "< does not take boolean and boolean."),
        ("order == payment", "== does not take record and record."),
        ("1 in ['a']", "in does not take integer and list of text."),
        ("1 in 'a'", "in does not take integer and text."),
        ("1 in order.custom", "in does not take integer and dictionary."),
        ("-order.number", "- does not take text."),
        ("!order.number", "A condition is true or false, not text."),
        ("order.number && true", "A condition is true or false, not text."),
        ("order.number ? 1 : 2", "A condition is true or false, not text."),
        ("true ? 1 : 'a'", "One side of ? : is integer, the other text."),
        ("[1, 'a']", "The items of a list have to be of one type."),
        ("default(order.number, 1)", "default gives text or integer. Make both of one type."),
        ("has(1)", "has looks at a field"),
        ("has(order.numbr)", "Did you mean 'number'?"),
        ("has(ordr)", "Did you mean 'order'?"),
        ("payment.state == 'authorised'", "There is no value 'authorised'. Did you mean"),
        ("'authorised' != payment.state", "Did you mean 'authorized'?"),
        ("event.kind in ['payment.capturd']", "Did you mean 'payment.captured'?"),
        ("money('1', 'USX')", "'USX' is not an ISO 4217 currency code."),
        ("date(event.occurred_at, 'Mars')", "'Mars' is not a time zone."),
        ("date_format(date_from('2026-01-01'), '%Q')", "%Q is not read in a format."),
        ("'a'.matches('(')", "a parenthesis is not closed"),
        ("round(1.5, 0, 'up')", "'up' is not a rounding rule."),
    ],
)
def test_a_slip_of_the_pen_is_found_when_it_is_read(text: str, message: str) -> None:
    assert message in wrong(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fulfilment.id", "fulfilment is empty (null), so it has no id."),
        ("fulfilment.amount + order.total", "fulfilment is empty (null)"),
        ("order.lines[1].product", "There is no item 1: the list has 1, counted from 0."),
        ("order.lines[-1].product", "There is no item -1"),
        ("answer.ref", "answer has no ref."),
        ("answer['ref']", "There is no 'ref' here."),
        ("made.number", "There is no made here: the step of that name did not run."),
        ("made.note + 'x'", "did not run"),
        (
            "order.total > money('1', 'EUR')",
            "are different currencies and cannot be added or compared",
        ),
        ("order.total == money('1', 'EUR')", "are different currencies and cannot be compared"),
        ("order.total + money('1', 'EUR')", "are different currencies and cannot be added"),
        ("order.lines[0].unit_price < unit_amount('1', 'EUR')", "are different currencies"),
        ("money('1.005', 'USD')", "has more decimals than USD allows"),
        ("money('1', order.custom.note)", "is not an ISO 4217 currency code"),
        ("integer('abc')", "'abc' is not a plain decimal number."),
        ("integer(2.5)", "2.5 is not a whole number."),
        ("upper(loose.none)", "upper needs its text, which is empty (null)."),
        ("upper(loose.number)", "upper takes text: text, not integer."),
        ("join(loose.mixed, '')", "join takes parts: list of text."),
        ("loose.number + 'a'", "+ does not take integer and text."),
        ("loose.none + 1", "The left side of + is empty (null)."),
        ("loose.number < 'a'", "< does not take integer and text."),
        ("loose.number == 'a'", "== does not take integer and text."),
        ("loose.number in loose.number", "in does not take integer and integer."),
        ("!loose.number", "A condition is true or false, not integer."),
        ("!loose.none", "A condition is true or false, not nothing (null)."),
        ("-loose.text", "- does not take text."),
        ("loose.text.x", "There is no 'x' here."),
        ("loose.none.x", "What should have 'x' is empty (null)."),
        ("loose.text[0]", "text[integer] reads nothing: a list takes a number."),
        ("1 + made.note.size()", "did not run"),
    ],
)
def test_what_the_data_does_not_allow_is_refused_at_its_place(text: str, message: str) -> None:
    loose = {"none": None, "number": 5, "text": "t", "mixed": ["a", 1]}
    assert message in refused(text, answer={"id": "G-1"}, loose=loose)


def test_an_optional_field_of_a_step_is_null_when_it_was_left_out() -> None:
    assert "The left side of + is empty" in refused("made.note + 'x'", made={"number": "1"})
    assert "size needs its value" in refused("made.note.size()", made={"number": "1"})


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("has(order.custom.note)", True),
        ("has(order.custom.gift)", False),
        ("has(order.custom['note'])", True),
        ("has(order.custom['gift'])", False),
        ("has(order.customer.email)", False),
        ("has(order.total)", True),
        ("has(order.discount)", True),
        ("has(fulfilment.amount.currency)", False),
        ("has(order.lines[0])", True),
        ("has(order.lines[3].tax)", False),
        ("has(made.note)", False),
        ("has(made)", False),
        ("has(loose.a.b.c)", False),
        ("has(loose.a[0])", False),
    ],
)
def test_has_looks_without_stumbling(text: str, given: bool) -> None:
    assert value(text, loose={"a": 1}) is given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default(order.custom.gift, 'no')", "no"),
        ("default(order.custom.note, 'no')", "ring twice"),
        ("default(fulfilment.carrier, 'post')", "post"),
        ("default(fulfilment.lines[0].quantity, 1)", 1),
        ("default(order.lines[5].product, default(order.custom.x, 'none'))", "none"),
        ("default(order.number, order.lines[9].product)", "1042"),
        ("default(upper(order.number), '')", "1042"),
        ("default(made.number, 'x')", "x"),
        ("order.custom.a.default('b') + order.custom.c.default('d')", "bd"),
    ],
)
def test_default_stands_in_for_what_is_not_given(text: str, expected: object) -> None:
    assert value(text) == expected


def test_the_side_of_a_condition_that_is_not_chosen_is_not_computed() -> None:
    assert value("has(fulfilment) ? fulfilment.id : 'none'") == "none"
    assert value("has(fulfilment) && fulfilment.complete") is False
    assert value("!has(fulfilment) || fulfilment.complete") is True


def test_an_error_in_a_block_names_the_line_below_it() -> None:
    written = Written("'a' +\n  ordr.number", PLACE, block=True)
    with pytest.raises(Misconfigured) as caught:
        compile_expression(parse_written(written), SCOPE)
    assert caught.value.place == Place("mappings/m.yaml", 9, "fields.name")


def test_an_expression_may_be_wanted_of_a_type() -> None:
    parsed = parse_written(Written("order.number", PLACE))
    assert compile_expression(parsed, SCOPE, wanted=("text",)).kind == TEXT
    with pytest.raises(Misconfigured, match="gives text; here it has to give boolean"):
        compile_expression(parsed, SCOPE, wanted=("boolean",))


def test_an_expression_remembers_its_text_and_place() -> None:
    made = expression("order.number", SCOPE, place=PLACE)
    assert (made.text, made.place, str(made.kind)) == ("order.number", PLACE, "text")
    assert str(expression("[null, 'a']", SCOPE).kind) == "list of text or null"


def test_a_defect_of_ours_is_not_dressed_up_as_bad_data() -> None:
    with pytest.raises(AttributeError):
        expression("order.number", SCOPE).evaluate({**context(), "order": object()})


def test_a_quantity_that_is_no_number_is_refused() -> None:
    broken = order_with(lines=(replace(LINE, quantity=Decimal("NaN")),))
    assert "is not a number" in refused("order.lines[0].quantity * 2", **broken)
    assert "not a number" in refused("order.lines[0].quantity > 2", **broken)


def test_a_number_that_grows_without_end_is_refused() -> None:
    long = {"order": replace(ORDER, custom={"n": "9" * 300})}
    assert "more than 400 digits" in refused(
        "integer(order.custom.n) * integer(order.custom.n)", **long
    )
    assert "more than 400 digits" in refused(
        "decimal(order.custom.n) * decimal(order.custom.n)", **long
    )
