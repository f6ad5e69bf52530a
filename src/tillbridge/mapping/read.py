"""Mappings and rules from text. Only what can be known without the two ends is checked here."""

import re

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.expression import Parsed, parse_expression
from tillbridge.mapping.mapping import (
    ConstantRule,
    ConvertRule,
    DocumentMapping,
    EachRule,
    Example,
    GroupRule,
    LookupRule,
    RateRule,
    RollUpRule,
    Rule,
    Rules,
    Share,
    ValueRule,
)
from tillbridge.mapping.parser import RESERVED
from tillbridge.mapping.read_amounts import EXCHANGE_KEYS, read_exchange, read_share
from tillbridge.mapping.source import EVENT_NAMES
from tillbridge.mapping.text import (
    Entries,
    Node,
    Scalar,
    any_entries,
    entries_of,
    items_of,
    read_text,
    scalar_of,
    shown,
    unknown,
)

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
NAME_MAX_CHARACTERS = 60

_RULES = {
    "from": ("when", "default", "truncate"),
    "constant": ("when",),
    "lookup": ("key", "column", "on", "when", "default"),
    "convert": (*EXCHANGE_KEYS, "when", "default"),
    "rate": (*EXCHANGE_KEYS, "when", "default"),
    "each": ("as", "where", "when", "split", "fields"),
    "group": ("as", "by", "where", "when", "fields"),
}
"""The field that tells a rule's kind, and what else may stand there; `fields` alone is a group."""

_REQUIRED = {
    "lookup": ("key",),
    "convert": ("to", "rates", "rounding"),
    "rate": ("to", "rates", "rounding"),
    "each": ("as", "fields"),
    "group": ("as", "by", "fields"),
}


def read_mapping(text: str, file: str) -> DocumentMapping:
    """A mapping from the text of its file. Raises Misconfigured at the file, line and field."""
    root = entries_of(
        read_text(text, file),
        required=("mapping", "target", "fields"),
        optional=("title", "examples"),
    )
    name = read_name(root.nodes["mapping"])
    connector, document = _target(root.nodes["target"])
    title = scalar_of(root.nodes["title"]).text if "title" in root.nodes else name
    examples = items_of(root.nodes["examples"]) if "examples" in root.nodes else ()
    return DocumentMapping(
        name=name,
        title=title,
        connector=connector,
        document=document,
        fields=read_rules(root.nodes["fields"]),
        examples=tuple(_example(node) for node in examples),
        place=root.place,
    )


def read_rules(node: Node) -> Rules:
    """Rules by target field. Raises Misconfigured."""
    return {name: _rule(rule) for name, rule in any_entries(node).nodes.items()}


def read_name(node: Node) -> str:
    """The name of a mapping or flow: small letters, digits and hyphens. Raises Misconfigured."""
    scalar = scalar_of(node)
    if not _NAME.fullmatch(scalar.text) or len(scalar.text) > NAME_MAX_CHARACTERS:
        raise Misconfigured(
            f"{shown(scalar.text)} is not fit for a name.",
            reason="bad_name",
            place=scalar.place,
            next_step="Use small letters, digits and hyphens, such as dynamics-sales-order.",
        )
    return scalar.text


def read_variable(node: Node) -> str:
    """A name that expressions can use: a step's or a list item's. Raises Misconfigured."""
    scalar = scalar_of(node)
    name = scalar.text
    if not _VARIABLE.fullmatch(name) or len(name) > NAME_MAX_CHARACTERS:
        why = "is not fit for a name in expressions"
    elif name in RESERVED:
        why = "is a reserved word"
    elif name in (*EVENT_NAMES, "candidate"):
        why = "already names a part of the event"
    else:
        return name
    raise Misconfigured(
        f"{shown(name)} {why}.",
        reason="bad_name",
        place=scalar.place,
        next_step="Use another: small letters, digits and _, such as sales_order.",
    )


def _target(node: Node) -> tuple[str, str]:
    scalar = scalar_of(node)
    connector, slash, document = scalar.text.partition("/")
    if not (connector and slash and document) or "/" in document:
        raise Misconfigured(
            f"{shown(scalar.text)} is not a target.",
            reason="bad_target",
            place=scalar.place,
            next_step="Write connector/document, such as dynamics365/sales_order.",
        )
    return connector, document


def _rule(node: Node) -> Rule:
    if isinstance(node, Scalar):
        return ValueRule(parse_expression(node), node.place)
    keys = any_entries(node).nodes
    kind = next((kind for kind in _RULES if kind in keys), "")
    if not kind:
        return _group(node)
    optional = _RULES[kind]
    required = (kind, *_REQUIRED.get(kind, ()))
    rule = entries_of(node, required=required, optional=optional)
    when, default = _maybe(rule, "when"), _maybe(rule, "default")
    match kind:
        case "from":
            value = parse_expression(rule.nodes["from"])
            return ValueRule(value, rule.place, when, default, _switch(rule, "truncate"))
        case "constant":
            return ConstantRule(_constant(rule.nodes["constant"]), rule.place, when)
        case "lookup":
            return LookupRule(
                lookup=read_name(rule.nodes["lookup"]),
                keys=_keys(rule.nodes["key"]),
                place=rule.place,
                column=scalar_of(rule.nodes["column"]).text if "column" in rule.nodes else "",
                on=_maybe(rule, "on"),
                when=when,
                default=default,
            )
        case "convert":
            start = parse_expression(rule.nodes["convert"])
            exchange = read_exchange(rule, digits_needed=False)
            return ConvertRule(start, exchange, rule.place, when, default)
        case "rate":
            start = parse_expression(rule.nodes["rate"])
            exchange = read_exchange(rule, digits_needed=True)
            return RateRule(start, exchange, rule.place, when, default)
        case "group":
            return RollUpRule(
                items=parse_expression(rule.nodes["group"]),
                variable=read_variable(rule.nodes["as"]),
                by=_keys(rule.nodes["by"]),
                fields=read_rules(rule.nodes["fields"]),
                place=rule.place,
                where=_maybe(rule, "where"),
                when=when,
            )
        case _:
            return EachRule(
                each=parse_expression(rule.nodes["each"]),
                variable=read_variable(rule.nodes["as"]),
                fields=read_rules(rule.nodes["fields"]),
                place=rule.place,
                where=_maybe(rule, "where"),
                when=when,
                shares=_shares(rule),
            )


def _shares(rule: Entries) -> dict[str, Share]:
    if "split" not in rule.nodes:
        return {}
    shares = any_entries(rule.nodes["split"]).nodes
    return {_checked_name(name, node): read_share(name, node) for name, node in shares.items()}


def _checked_name(name: str, node: Node) -> str:
    """A name that stands as a key, fit for expressions. Raises Misconfigured."""
    return read_variable(Scalar(name, node.place))


def _keys(node: Node) -> dict[str, Parsed]:
    """One expression, or one for each key column by its name."""
    if isinstance(node, Scalar):
        return {"": parse_expression(node)}
    return {name: parse_expression(each) for name, each in any_entries(node).nodes.items()}


def _group(node: Node) -> GroupRule:
    keys = any_entries(node).nodes
    for key, value in keys.items():
        if key not in ("fields", "when"):
            known = {"fields", *_RULES, *(name for names in _RULES.values() for name in names)}
            raise unknown("field", key, known - {key}, value.place)
    if "fields" not in keys:
        raise Misconfigured(
            "This is not a rule.",
            reason="bad_rule",
            place=node.place,
            next_step=f"A rule is an expression, or has {':, '.join(_RULES)}: or fields:.",
        )
    when = _maybe(any_entries(node), "when")
    return GroupRule(read_rules(keys["fields"]), node.place, when)


def _constant(node: Node) -> str:
    """A constant's text; a quoted empty text is one."""
    if isinstance(node, Scalar) and not node.plain:
        return node.text
    return scalar_of(node).text


def _switch(entries: Entries, name: str) -> bool | None:
    """Whether a switch of a rule is on; None where it is not written."""
    node = entries.nodes.get(name)
    if node is None:
        return None
    scalar = scalar_of(node)
    if scalar.text not in ("true", "false"):
        raise Misconfigured(
            f"{name} is true or false, not {shown(scalar.text)}.",
            reason="bad_rule",
            place=scalar.place,
        )
    return scalar.text == "true"


def _maybe(entries: Entries, name: str) -> Parsed | None:
    node = entries.nodes.get(name)
    return None if node is None else parse_expression(node)


def _example(node: Node) -> Example:
    example = entries_of(node, required=("name", "given"), optional=("expect", "refused"))
    expect = example.nodes.get("expect")
    refused = scalar_of(example.nodes["refused"]).text if "refused" in example.nodes else ""
    if (expect is None) == (not refused):
        raise Misconfigured(
            "An example says either what it expects or how it is refused.",
            reason="bad_example",
            place=example.place,
            next_step="Give one of expect: and refused:.",
        )
    return Example(
        name=scalar_of(example.nodes["name"]).text,
        given=any_entries(example.nodes["given"]).nodes,
        expect=expect,
        refused=refused,
        place=example.place,
    )
