"""`tillbridge init`: a folder of your own, from a template."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from tillbridge.assembly import OWN_FOLDER
from tillbridge.canonical.errors import Rejected
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE
from tillbridge.mapping.text import entries_of, read_text, scalar_of

IGNORED = ".gitignore"


@click.command()
@click.argument(
    "folder", required=False, type=click.Path(file_okay=False, path_type=Path), default=None
)
@click.option("--template", default="", help="Which one; without it they are listed.")
@pass_surroundings
def init(surroundings: Surroundings, folder: Path | None, template: str) -> None:
    """Make a folder of text files: connections, flows, mappings, look-up tables."""
    found = templates()
    if not template:
        table(("template", "what it does"), [(name, _title(at)) for name, at in found.items()])
        next_step("Choose one: tillbridge init FOLDER --template NAME")
        return
    if template not in found:
        raise Rejected(
            f"There is no template {template!r}.",
            reason="unknown_template",
            next_step=f"There are: {', '.join(found)}.",
        )
    target = folder if folder is not None else surroundings.site.folder
    written = copy(found[template], target)
    say(f"Made {target} with {len(written)} files from {template}.")
    next_step(
        f"Fill in {target / FILE}, set its secrets (tillbridge secrets list shows which),"
        f" then: tillbridge --folder {target} check"
    )


def templates() -> dict[str, Traversable]:
    """The folders that come with the program, by name."""
    root = files("tillbridge").joinpath("templates")
    if not root.is_dir():
        return {}
    return {at.name: at for at in sorted(root.iterdir(), key=_name) if at.joinpath(FILE).is_file()}


def copy(template: Traversable, target: Path) -> list[Path]:
    """Copies a template; answers what was written.

    Raises:
        Rejected: a file is there already; then nothing is written.
    """
    contents = dict(_contents(template, Path()))
    contents.setdefault(Path(IGNORED), f"{OWN_FOLDER}/\n".encode())
    there = sorted(str(path) for path in contents if (target / path).exists())
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise Rejected(
            f"{target} has {', '.join(there[:3])}{more} already; nothing was written.",
            reason="not_empty",
            next_step="Choose another folder.",
        )
    for path, content in contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return sorted(contents)


def _contents(at: Traversable, path: Path) -> Iterator[tuple[Path, bytes]]:
    for inner in at.iterdir():
        if inner.is_dir():
            yield from _contents(inner, path / inner.name)
        elif not inner.name.endswith(".pyc"):
            yield path / inner.name, inner.read_bytes()


def _title(template: Traversable) -> str:
    entries = entries_of(
        read_text(template.joinpath(FILE).read_text(encoding="utf-8"), FILE),
        required=("connections",),
        optional=("environment", "title"),
    )
    return scalar_of(entries.nodes["title"]).text if "title" in entries.nodes else ""


def _name(at: Traversable) -> str:
    return at.name
