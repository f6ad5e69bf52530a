"""Mappings and rules from text. Only what can be known without the two ends is checked here."""

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.expression import Parsed, parse_expression
from tillbridge.mapping.form import NAME, VARIABLE, fill
from tillbridge.mapping.forms import EXAMPLE, MAPPING, RULE_FORMS
from tillbridge.mapping.glob import Glob, glob
from tillbridge.mapping.mapping import (
    ConstantRule,
    ConvertRule,
    DocumentMapping,
    EachRule,
    Example,
    GroupRule,
    LookupRule,
    PartsRule,
    PassRule,
    PickRule,
    RateRule,
    RollUpRule,
    Rule,
    Rules,
    Share,
    ValueRule,
)
from tillbridge.mapping.parser import RESERVED
from tillbridge.mapping.read_amounts import read_exchange, read_share
from tillbridge.mapping.source import EVENT_NAMES
from tillbridge.mapping.text import (
    Entries,
    Items,
    Node,
    Scalar,
    any_entries,
    items_of,
    read_text,
    scalar_of,
    shown,
    unknown,
)

NAME_MAX_CHARACTERS = 60
FIELDS = "fields"
"""The key that stands alone in a group of fields, and beside others in lists."""


def read_mapping(text: str, file: str) -> DocumentMapping:
    """A mapping from the text of its file. Raises Misconfigured at the file, line and field."""
    root = fill(read_text(text, file), MAPPING).entries
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
    if not NAME.fullmatch(scalar.text) or len(scalar.text) > NAME_MAX_CHARACTERS:
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
    if not VARIABLE.fullmatch(name) or len(name) > NAME_MAX_CHARACTERS:
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
    if isinstance(node, Items):
        return PartsRule(tuple(_part(item) for item in items_of(node)), node.place)
    keys = any_entries(node).nodes
    kind = next((kind for kind in RULE_FORMS if kind in keys), FIELDS)
    if kind == FIELDS:
        return _group(node)
    rule = fill(node, RULE_FORMS[kind]).entries
    when, default = _maybe(rule, "when"), _maybe(rule, "default")
    match kind:
        case "first" | "last":
            return _pick(rule, kind)
        case "pass":
            return _pass(rule, when)
        case "from":
            value = parse_expression(rule.nodes["from"])
            return ValueRule(value, rule.place, when, default, _switch(rule, "truncate"))
        case "constant":
            return ConstantRule(_constant(rule.nodes["constant"]), rule.place, when)
        case "lookup":
            return _lookup(rule)
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
                values=_values(rule),
                fields=read_rules(rule.nodes["fields"]),
                place=rule.place,
                where=_maybe(rule, "where"),
                when=when,
                number=_name_of(rule, "number"),
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
                number=_name_of(rule, "number"),
            )


def _lookup(rule: Entries) -> LookupRule:
    return LookupRule(
        lookup=read_name(rule.nodes["lookup"]),
        keys=_keys(rule.nodes["key"]),
        place=rule.place,
        column=scalar_of(rule.nodes["column"]).text if "column" in rule.nodes else "",
        on=_maybe(rule, "on"),
        when=_maybe(rule, "when"),
        default=_maybe(rule, "default"),
    )


def _part(node: Node) -> EachRule | RollUpRule | GroupRule:
    """A part of a list. Raises Misconfigured."""
    rule = _rule(node)
    if not isinstance(rule, EachRule | RollUpRule | GroupRule):
        raise Misconfigured(
            "This is not a part of a list.",
            reason="bad_rule",
            place=node.place,
            next_step="A part has each: or group:, or is one group of fields:.",
        )
    return rule


def _pick(rule: Entries, kind: str) -> PickRule:
    if "fields" in rule.nodes and "default" in rule.nodes:
        raise Misconfigured(
            "A group has no default.",
            reason="bad_rule",
            place=rule.nodes["default"].place,
            next_step="Remove default:, or pick a value with from:.",
        )
    return PickRule(
        items=parse_expression(rule.nodes[kind]),
        variable=read_variable(rule.nodes["as"]),
        last=kind == "last",
        place=rule.place,
        value=_maybe(rule, "from"),
        fields=read_rules(rule.nodes["fields"]) if "fields" in rule.nodes else None,
        where=_maybe(rule, "where"),
        default=_maybe(rule, "default"),
    )


def _pass(rule: Entries, when: Parsed | None) -> PassRule:
    names, to = (
        _pattern(rule.nodes[key]) if key in rule.nodes else None for key in ("names", "to")
    )
    return PassRule(
        start=parse_expression(rule.nodes["pass"]),
        names=names or glob("*"),
        to=to,
        place=rule.place,
        fields=read_rules(rule.nodes["fields"]) if "fields" in rule.nodes else {},
        when=when,
    )


def _pattern(node: Node) -> Glob:
    """A pattern of names with one star. Raises Misconfigured."""
    scalar = scalar_of(node)
    pattern = glob(scalar.text)
    if len(pattern.parts) != 2:
        raise Misconfigured(
            f"{shown(scalar.text)} has to have one * in it.",
            reason="bad_pattern",
            place=scalar.place,
            next_step="Write gift_* for all names that begin so, or * for all.",
        )
    return pattern


def _name_of(entries: Entries, name: str) -> str:
    """A name for expressions that a key gives; "" where it is not written."""
    node = entries.nodes.get(name)
    return "" if node is None else read_variable(node)


def _values(rule: Entries) -> dict[str, Parsed]:
    if "values" not in rule.nodes:
        return {}
    values = any_entries(rule.nodes["values"]).nodes
    return {_checked_name(name, node): parse_expression(node) for name, node in values.items()}


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
            known = {part.name for form in RULE_FORMS.values() for part in form.keys}
            raise unknown("field", key, known - {key}, value.place)
    if "fields" not in keys:
        raise Misconfigured(
            "This is not a rule.",
            reason="bad_rule",
            place=node.place,
            next_step=f"A rule is an expression, or has {': or '.join(RULE_FORMS)}:.",
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
    example = fill(node, EXAMPLE).entries
    refused = scalar_of(example.nodes["refused"]).text if "refused" in example.nodes else ""
    notes = example.nodes.get("notes")
    return Example(
        name=scalar_of(example.nodes["name"]).text,
        given=any_entries(example.nodes["given"]).nodes,
        expect=example.nodes.get("expect"),
        refused=refused,
        place=example.place,
        notes=tuple(scalar_of(note).text for note in items_of(notes)) if notes else None,
    )
