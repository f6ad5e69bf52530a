"""What may stand in a mapping's file: the reader and the JSON Schema both ask here."""

from collections.abc import Mapping
from typing import Final

from tillbridge.mapping.amount_functions import REMAINDERS
from tillbridge.mapping.form import (
    ANYTHING,
    EXPRESSION_VALUE,
    NAME_VALUE,
    TEXT_VALUE,
    TRUTH_VALUE,
    VARIABLE_VALUE,
    Form,
    Key,
    Value,
    either,
    family,
    group,
    language,
    list_of,
    named,
    whole,
    words,
)
from tillbridge.mapping.number_functions import PLACES_MAX, ROUNDINGS

RULE: Final = "rule"
RULES: Final[Value] = named(either(EXPRESSION_VALUE, family(RULE), list_of(family(RULE))))
"""Rules by target field; a list of them is a list put together from its parts."""

_WHEN = Key("when", EXPRESSION_VALUE, "only where this is true")
_DEFAULT = Key("default", EXPRESSION_VALUE, "stands in where there is no value")
_WHERE = Key("where", EXPRESSION_VALUE, "only items for which it is true")
_AS = Key("as", VARIABLE_VALUE, "the name of an item", required=True)
_NUMBER = Key("number", VARIABLE_VALUE, "the name of a group's number in the list, from 1")
_FIELDS = Key("fields", RULES, "the rules of the fields", required=True)
_KEYS = either(EXPRESSION_VALUE, named(EXPRESSION_VALUE))
_EXCHANGE: Final = (
    Key("to", EXPRESSION_VALUE, "the currency", required=True),
    Key("rates", NAME_VALUE, "the table of rates", required=True),
    Key("on", EXPRESSION_VALUE, "the day"),
    Key("age_max", TEXT_VALUE, "how old a rate may be, in days: `7d`"),
    Key("rounding", words(*ROUNDINGS), "the rule", required=True),
    Key("digits", whole(0, PLACES_MAX), "after the point"),
    _WHEN,
    _DEFAULT,
)

_PICKED: Final = (
    _AS,
    _WHERE,
    Key("from", EXPRESSION_VALUE, "the item's value"),
    Key("fields", RULES, "or the rules of a group filled from it"),
    Key("default", EXPRESSION_VALUE, "stands in where no item is found"),
)

_RULE_FORMS: Final = (
    Form(
        "first rule",
        "The first item of a list that is such.",
        (Key("first", EXPRESSION_VALUE, "the list", required=True), *_PICKED),
        one_of=(("from", "fields"),),
    ),
    Form(
        "last rule",
        "The last item of a list that is such.",
        (Key("last", EXPRESSION_VALUE, "the list", required=True), *_PICKED),
        one_of=(("from", "fields"),),
    ),
    Form(
        "pass rule",
        "Custom fields handed on by their names.",
        (
            Key("pass", EXPRESSION_VALUE, "the texts by name", required=True),
            Key("names", TEXT_VALUE, "which of them, such as `gift_*`", default="*"),
            Key("to", TEXT_VALUE, "their new names, such as `new_*`"),
            _WHEN,
            Key("fields", RULES, "the rules of more fields"),
        ),
    ),
    Form(
        "value rule",
        "An expression, on a condition or with a default.",
        (
            Key("from", EXPRESSION_VALUE, "the value", required=True),
            _WHEN,
            _DEFAULT,
            Key("truncate", TRUTH_VALUE, "whether a text that is too long is cut"),
        ),
    ),
    Form(
        "constant rule",
        "A text made into the field's type.",
        (Key("constant", ANYTHING, "the text", required=True), _WHEN),
    ),
    Form(
        "lookup rule",
        "A row of a look-up table.",
        (
            Key("lookup", NAME_VALUE, "the table", required=True),
            Key("key", _KEYS, "the row, by its one key column or by name", required=True),
            Key("column", TEXT_VALUE, "which value, where there are several"),
            Key("on", EXPRESSION_VALUE, "the day, where rows have dates"),
            _WHEN,
            _DEFAULT,
        ),
    ),
    Form(
        "convert rule",
        "An amount in another currency.",
        (Key("convert", EXPRESSION_VALUE, "the amount", required=True), *_EXCHANGE),
    ),
    Form(
        "rate rule",
        "The rate between two currencies.",
        (Key("rate", EXPRESSION_VALUE, "the currency it is from", required=True), *_EXCHANGE),
    ),
    Form(
        "each rule",
        "A list: one group of fields for each item.",
        (
            Key("each", EXPRESSION_VALUE, "the list", required=True),
            _AS,
            _WHERE,
            _WHEN,
            Key("split", named(group("share")), "amounts divided over the items"),
            _NUMBER,
            _FIELDS,
        ),
    ),
    Form(
        "group rule",
        "A list: one group of fields for each group of items.",
        (
            Key("group", EXPRESSION_VALUE, "the list", required=True),
            _AS,
            Key("by", _KEYS, "what makes a group", required=True),
            Key("values", named(EXPRESSION_VALUE), "what is computed of each item"),
            _WHERE,
            _WHEN,
            _NUMBER,
            _FIELDS,
        ),
    ),
    Form("fields rule", "A group of fields.", (_FIELDS, _WHEN)),
)
SHARE: Final = Form(
    "share",
    "An amount divided over the items of a list.",
    (
        Key("amount", EXPRESSION_VALUE, "what is divided", required=True),
        Key("by", EXPRESSION_VALUE, "an item's weight", required=True),
        Key("remainder", words(*REMAINDERS), "who takes what is left over"),
    ),
)

RULE_FORMS: Final[Mapping[str, Form]] = {form.keys[0].name: form for form in _RULE_FORMS}
"""The forms of rules by the key that tells them apart, in the order in which it is looked for."""

EXAMPLE: Final = Form(
    "example",
    "A test the mapping carries.",
    (
        Key("name", TEXT_VALUE, "what it shows", required=True),
        Key("given", named(ANYTHING), "values by the names a mapping reads", required=True),
        Key("expect", named(ANYTHING), "the whole document that comes out"),
        Key("refused", TEXT_VALUE, "a part of the message with which it is refused"),
        Key("notes", list_of(TEXT_VALUE), "all that has to be noted, in words"),
    ),
    one_of=(("expect", "refused"),),
)
MAPPING: Final = Form(
    "mapping",
    "How the fields of one document are filled.",
    (
        Key("mapping", NAME_VALUE, "its name: small letters, digits, hyphens", required=True),
        Key("title", TEXT_VALUE, "for people"),
        Key("target", TEXT_VALUE, "connector/document", required=True),
        _FIELDS,
        Key("examples", list_of(group("example")), "its tests"),
    ),
)

PARTS: Final = (*_RULE_FORMS, SHARE)
FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {RULE: tuple(form.name for form in _RULE_FORMS)}
MAPPING_LANGUAGE: Final = language(
    "mapping", "A Tillbridge mapping", "mapping", (MAPPING, EXAMPLE, *PARTS), FAMILIES
)
