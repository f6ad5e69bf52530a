"""`tillbridge format`: flows, mappings and tests in one layout; what they mean is untouched."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from tillbridge.canonical.errors import Misconfigured, Place, TillbridgeError
from tillbridge.cli.failures import FAILED, report
from tillbridge.cli.printing import next_step, say
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connections.configuration import FILE
from tillbridge.mapping.layout import laid_out

ROOMS = ("flows", "mappings", "tests")
"""The folders of a user's folder whose files are laid out, beside its tillbridge.yaml."""


@click.command("format")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a file would change.")
@click.pass_context
@pass_surroundings
def format_files(
    surroundings: Surroundings, ctx: click.Context, files: tuple[Path, ...], check: bool
) -> None:
    """Lay out YAML files: indentation, line ends, blanks at the ends of lines. Comments, order and
    quotes stay. Without FILES: all of your folder."""
    found = list(_found(files or (surroundings.site.folder,)))
    if not found:
        raise click.UsageError("There is no YAML file to lay out: name files, or your folder.")
    changed, failed = 0, 0
    for path in found:
        try:
            differs = _lay_out(path, write=not check)
        except TillbridgeError as error:
            report(error)
            failed += 1
            continue
        if differs:
            changed += 1
            say(f"{'Would change' if check else 'Changed'} {path}")
    say(f"{len(found)} files, {changed} {'to change' if check else 'changed'}.")
    if check and changed:
        next_step("Lay them out: tillbridge format")
    if failed or (check and changed):
        ctx.exit(FAILED)


def _found(given: tuple[Path, ...]) -> Iterator[Path]:
    """Files as they are given; of a folder, its YAML files."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        whole = path / FILE
        inside = [whole] if whole.is_file() else path.glob("*.yaml")
        yield from sorted(inside)
        for room in ROOMS:
            yield from sorted((path / room).glob("*.yaml"))


def _lay_out(path: Path, *, write: bool) -> bool:
    """Whether the file differs from its layout; if so it is written. Raises Misconfigured."""
    given = path.read_bytes()
    try:
        text = given.decode()
    except UnicodeDecodeError as error:
        raise Misconfigured(
            f"The file is not UTF-8: {error.reason} at byte {error.start}.",
            reason="not_utf8",
            place=Place(str(path)),
            next_step="Save it as UTF-8.",
        ) from error
    wanted = laid_out(text, str(path)).encode()
    if wanted != given and write:
        _replace(path, wanted)
    return wanted != given


def _replace(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; where a link points, and with its rights."""
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(content)
    shutil.copymode(target, fresh)
    fresh.replace(target)
