"""`tillbridge schema`: JSON Schemas for editors, drawn from what the readers read by."""

import json
from collections.abc import Mapping
from typing import Final

import click

from tillbridge.connections.forms import CONFIGURATION_LANGUAGE
from tillbridge.flows.forms import FLOW_LANGUAGE
from tillbridge.mapping.form import Language
from tillbridge.mapping.forms import MAPPING_LANGUAGE
from tillbridge.mapping.json_schema import schema_of

LANGUAGES: Final[Mapping[str, Language]] = {
    language.name: language
    for language in (FLOW_LANGUAGE, MAPPING_LANGUAGE, CONFIGURATION_LANGUAGE)
}


@click.command()
@click.argument("language", type=click.Choice(list(LANGUAGES)))
def schema(language: str) -> None:
    """Write the JSON Schema (draft 2020-12) of a kind of file, for your editor.

    \b
    tillbridge schema flow > .schemas/flow.json
    and on top of a flow:  # yaml-language-server: $schema=../.schemas/flow.json
    """
    click.echo(schema_text(LANGUAGES[language]))


def schema_text(language: Language) -> str:
    """A language's schema as a file holds it."""
    return json.dumps(schema_of(language), indent=2, ensure_ascii=False)
