from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

from tests.mapping.values import ORDER

from tillbridge.canonical.payments import Token
from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.connector.documents import SAID_BY_CHECKOUT, Fields
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.library import ConnectionShapes, read_library
from tillbridge.journeys.authorization import authorization_fields
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.read import read_mapping
from tillbridge_cybersource.shapes import AUTHORIZATION

NOW = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
FOLDER = files("tillbridge").joinpath("templates/order-to-cash-dynamics")
TEMPLATE = FOLDER / "mappings/cybersource-authorization.yaml"
COMMODITIES = FOLDER / "lookups/commodities.csv"
AUTHORIZATION_AS_MAPPED = replace(
    AUTHORIZATION,
    fields=tuple(
        replace(field, required=field.required and field.name not in SAID_BY_CHECKOUT)
        for field in AUTHORIZATION.fields
    ),
)


def test_a_shops_merchant_defined_fields_are_handed_on_by_their_numbers() -> None:
    custom = {
        "merchant_defined_1": "web",
        "merchant_defined_100": "vip",
        "merchant_defined_101": "no such number",
        "merchant_defined_2": "",
        "gift_note": "x",
    }
    request = CheckoutRequest("k-1", replace(ORDER, custom=custom), Token("tms", "T1"))
    assert authorization_fields(request, "wire", None, shop="webshop", at=NOW)[
        "merchant_defined"
    ] == [
        {"key": "1", "value": "web"},
        {"key": "100", "value": "vip"},
    ]


def template_filler() -> Filler:
    """The authorization's mapping of the templates, over Cybersource's own document."""
    text = TEMPLATE.read_text()
    mapping = read_mapping(text, TEMPLATE.name)
    shapes = {"cybersource": ConnectionShapes("cybersource", {"authorization": AUTHORIZATION})}
    table = TextFile(COMMODITIES.name, COMMODITIES.read_text())
    library, problems = read_library(shapes, [TextFile(TEMPLATE.name, text)], [table])
    assert not problems
    return prepare_mapping(mapping, library.target(mapping), library.lookups)


def test_the_templates_mapping_says_what_the_built_in_one_says() -> None:
    order = replace(ORDER, custom={"merchant_defined_7": "web", "gift_note": "x"})
    request = CheckoutRequest("k-1", order, Token("tms", "T1"))
    mapped = authorization_fields(request, "wire", template_filler(), shop="webshop", at=NOW)
    built_in = authorization_fields(request, "wire", None, shop="webshop", at=NOW)
    assert _given(mapped) == _given(_as_declared(built_in))


def test_a_mapping_cannot_change_what_the_checkout_says_itself() -> None:
    text = (
        "mapping: mine\ntitle: Mine\ntarget: cybersource/authorization\nfields:\n"
        '  amount: { constant: 1.00 USD }\n  token: { constant: "other" }\n'
        "  customer_id: order.customer.id\n"
    )
    mapping = read_mapping(text, "mappings/mine.yaml")
    filler = prepare_mapping(mapping, AUTHORIZATION_AS_MAPPED, {})
    request = CheckoutRequest("k-1", ORDER, Token("tms", "T1"))
    fields = authorization_fields(request, "wire", filler, shop="webshop", at=NOW)
    assert (fields["amount"], fields["token"]) == (ORDER.total, "T1")
    assert (fields["order_number"], fields["attempt_key"]) == (ORDER.number, "wire")
    assert fields["customer_id"] == ORDER.customer.id


def _as_declared(fields: Fields) -> Fields:
    """Without what Cybersource's document has no field for."""
    lines = fields["lines"]
    assert isinstance(lines, list)
    left_out = {"number", "tax"}
    kept: list[Fields] = [
        {name: line[name] for name in line if name not in left_out} for line in lines
    ]
    return {**fields, "lines": kept}


def _given(value: object) -> object:
    """Without what is not given: an empty text and a field that is left out are the same."""
    if isinstance(value, Mapping):
        return {name: _given(item) for name, item in value.items() if item not in ("", None)}
    return [_given(item) for item in value] if isinstance(value, list) else value
