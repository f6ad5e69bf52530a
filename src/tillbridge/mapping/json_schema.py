"""JSON Schemas for editors, drawn from forms. Source: JSON Schema, draft 2020-12.

An editor reads `true`, `12` and `null` as YAML does, the readers here as the texts that are
written; so a schema takes both, wherever the reader takes what the text says.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from tillbridge.mapping.form import DURATION, NAME, TIME, VARIABLE, Form, Key, Language, Value

Schema: TypeAlias = "dict[str, object]"

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCALARS: Final = ["string", "number", "boolean"]
_TRUTHS: Final = [True, False, "true", "false"]
_NOT_EMPTY: Final = r"\S"


def schema_of(language: Language) -> Schema:
    """The schema of one kind of file."""
    forms = {_id(form.name): _form(form) for form in language.forms.values()}
    families = {_id(name): _family(names) for name, names in language.families.items()}
    return {
        "$schema": DRAFT,
        "title": language.title,
        "$ref": f"#/$defs/{_id(language.root)}",
        "$defs": {**forms, **families},
    }


def _form(form: Form) -> Schema:
    schema: Schema = {
        "description": form.about,
        "type": "object",
        "properties": {key.name: _key(key) for key in form.keys},
        "required": [key.name for key in form.keys if key.required],
        "additionalProperties": False,
    }
    if form.one_of:
        schema["allOf"] = [
            {"oneOf": [{"required": [name]} for name in names]} for names in form.one_of
        ]
    return schema


def _key(key: Key) -> Schema:
    schema = dict(_value(key.value))
    schema["description"] = key.about
    if key.default:
        schema["default"] = key.default == "true" if key.value.sort == "truth" else key.default
    return schema


def _family(names: tuple[str, ...]) -> Schema:
    return {"anyOf": [{"$ref": f"#/$defs/{_id(name)}"} for name in names]}


def _value(value: Value) -> Schema:
    match value.sort:
        case "word":
            truths = [word == "true" for word in value.words if word in ("true", "false")]
            return {"enum": [*value.words, *truths]}
        case "whole":
            bounds = {"type": "integer", "minimum": value.least, "maximum": value.most}
            return {"anyOf": [bounds, {"type": "string", "pattern": "^[0-9]{1,11}$"}]}
        case "list" if value.of is not None:
            return {"type": "array", "items": _value(value.of), "minItems": 1}
        case "named" if value.of is not None:
            return {"type": "object", "additionalProperties": _value(value.of)}
        case "group" | "family":
            return {"$ref": f"#/$defs/{_id(value.form)}"}
        case "either":
            return {"anyOf": [_value(each) for each in value.either]}
        case _:
            return dict(_SIMPLE[value.sort])


def _text(pattern: re.Pattern[str], *kinds: str) -> Schema:
    return {"type": ["string", *kinds], "pattern": f"^(?:{pattern.pattern})$"}


def _id(name: str) -> str:
    return name.replace(" ", "_")


_SIMPLE: Final[Mapping[str, Schema]] = {
    "text": {"type": _SCALARS, "pattern": _NOT_EMPTY},
    "name": _text(NAME, "integer"),
    "variable": _text(VARIABLE),
    "expression": {"type": [*_SCALARS, "null"]},
    "duration": _text(DURATION),
    "time": _text(TIME),
    "truth": {"enum": _TRUTHS},
    "anything": {},
}
