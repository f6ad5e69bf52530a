"""`tillbridge template`: a folder of your own saved as a template, for the next one."""

from pathlib import Path

import click

from tillbridge.canonical.errors import Rejected
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.templates import (
    asking,
    check_name,
    contents,
    own_templates,
    templates,
    title_of,
)
from tillbridge.connections.configuration import FILE


@click.group("template", cls=Commands, default="list")
def template() -> None:
    """Templates of your own: list them, save one. Use one: tillbridge init --template NAME."""


@template.command("list")
def list_templates() -> None:
    """List every template, and where it is."""
    rows = [(name, title_of(at), str(at)) for name, at in templates().items()]
    table(("template", "what it does", "where"), rows)
    next_step("Save one of your own: tillbridge template save FOLDER NAME")


@template.command("save")
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Keep it in this folder; your own templates' if not given.",
)
def save(folder: Path, name: str, into: Path | None) -> None:
    """Save FOLDER as the template NAME.

    Flows, mappings, look-up tables, tests and pages are copied; addresses and identities in
    tillbridge.yaml become questions. Secrets are in no file and stay where they are.
    """
    if not (folder / FILE).is_file():
        raise Rejected(
            f"There is no {FILE} in {folder}.",
            reason="no_folder",
            next_step="Give a folder that tillbridge init has made.",
        )
    target = (into or own_templates()) / check_name(name)
    if target.exists():
        raise Rejected(
            f"{target} is there already.",
            reason="not_empty",
            next_step="Choose another name, or remove it first.",
        )
    text, asked = asking((folder / FILE).read_text(encoding="utf-8"))
    saved = dict(contents(folder))
    saved[Path(FILE)] = text.encode()
    for path, content in saved.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    say(f"Saved {len(saved)} files as the template {name} in {target}.")
    for one in asked:
        say(f"  asks for {one.name}: {one.words}")
    next_step(f"Look-up tables and tests are saved as they are: read them. Then use it:"
              f" tillbridge init FOLDER --template {name}")  # fmt: skip
